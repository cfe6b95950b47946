/** Numbers that would be written otherwise than they were read: beyond 2^53, with a fraction or an exponent, -0. */
const UNUSUAL_ID = /"id"\s*:\s*(?:-0|-?\d{16}|-?\d+[.eE])/;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPENING: ReadonlySet<number> = new Set([0x7b, 0x5b]);
const CLOSING: ReadonlySet<number> = new Set([0x7d, 0x5d]);
const NUMBER = /-?\d[\d.eE+-]*/y;

/**
 * The ids of a request, or of the requests of a batch, that are numbers, as they were written: an answer has to carry the
 * id that was sent, and JavaScript's numbers have 53 bits. Undefined where all would be written as they came.
 * @param body valid JSON
 */
export function numberIdTexts(body: string): ReadonlyMap<number, string> | undefined {
  if (!UNUSUAL_ID.test(body)) return undefined;
  const texts = new Map<number, string>();
  const requestDepth = /^\s*\[/.test(body) ? 2 : 1;
  let depth = 0;
  let index = 0;
  for (let at = 0; at < body.length; ) {
    const code = body.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfText(body, at);
      at = depth === requestDepth && body.slice(at, end) === '"id"' ? noteId(body, end, index, texts) : end;
      continue;
    }
    if (OPENING.has(code)) depth++;
    else if (CLOSING.has(code)) depth--;
    else if (code === COMMA && depth === 1 && requestDepth === 2) index++;
    at++;
  }
  return texts;
}

/** Behind the quote that ends the text which begins at `start`. */
function endOfText(body: string, start: number): number {
  for (let at = start + 1; ; at++) {
    const code = body.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at + 1;
  }
}

/** Behind a member's name: notes the number that it has, the last one where there are several. */
function noteId(body: string, behindName: number, index: number, texts: Map<number, string>): number {
  let at = skipSpace(body, behindName);
  // The text may as well be a value.
  if (body.charCodeAt(at) !== COLON) return at;
  at = skipSpace(body, at + 1);
  NUMBER.lastIndex = at;
  const [text] = NUMBER.exec(body) ?? [];
  if (text === undefined) texts.delete(index);
  else texts.set(index, text);
  return at + (text?.length ?? 0);
}

function skipSpace(body: string, from: number): number {
  let at = from;
  while (body.charCodeAt(at) <= 0x20) at++;
  return at;
}
