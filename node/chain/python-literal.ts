import { ConfigError } from "../codec/errors.ts";
import type { JsonValue } from "./config-json.ts";

const MOST_DEPTH = 100;
const BLANK = /[ \t\n\r\f]*/y;
const NUMBER =
  /[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:(?:[0-9](?:_?[0-9])*)?\.[0-9](?:_?[0-9])*|[0-9](?:_?[0-9])*\.?)(?:[eE][+-]?[0-9](?:_?[0-9])*)?)(?![\w.])/y;
const TEXT = /(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")/sy;
const WORD = /[A-Za-z_]\w*/y;
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/gs;
const WORDS: ReadonlyMap<string, JsonValue> = new Map<string, JsonValue>([
  ["True", true],
  ["False", false],
  ["None", null],
]);
const ESCAPED: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["\\", "\\"],
  ["'", "'"],
  ['"', '"'],
  ["\n", ""],
]);

/**
 * The value of a Python literal: numbers, texts, True, False, None, lists, tuples (as lists) and dicts with texts as
 * keys. Throws ConfigError that begins with `what`.
 */
export function parsePythonLiteral(text: string, what: string): JsonValue {
  return new LiteralParser(text, what).whole();
}

class LiteralParser {
  readonly #text: string;
  readonly #what: string;
  #offset = 0;
  #depth = 0;

  constructor(text: string, what: string) {
    this.#text = text;
    this.#what = what;
  }

  whole(): JsonValue {
    const value = this.#value();
    this.#match(BLANK);
    if (this.#offset !== this.#text.length) throw this.#error("nothing more");
    return value;
  }

  #value(): JsonValue {
    this.#match(BLANK);
    switch (this.#text[this.#offset]) {
      case "{":
        return this.#nested(() => this.#dict());
      case "[":
        return this.#nested(() => this.#items("]").items);
      case "(":
        return this.#nested(() => this.#tuple());
    }
    const number = this.#match(NUMBER);
    if (number !== undefined) return this.#number(number);
    const text = this.#match(TEXT);
    if (text !== undefined) return this.#unescaped(text.slice(1, -1));
    return this.#word();
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MOST_DEPTH) throw this.#error(`at most ${MOST_DEPTH} nested levels`);
    this.#offset++;
    const value = read();
    this.#depth--;
    return value;
  }

  #dict(): JsonValue {
    const entries = new Map<string, JsonValue>();
    while (!this.#skips("}")) {
      const key = this.#value();
      if (typeof key !== "string") throw this.#error("a text as key");
      if (!this.#skips(":")) throw this.#error("':'");
      entries.set(key, this.#value());
      if (!this.#skips(",") && !this.#isNext("}")) throw this.#error("',' or '}'");
    }
    return entries;
  }

  /** One value in parentheses is that value; with a comma behind it, a tuple of one. */
  #tuple(): JsonValue {
    const { items, endsInComma } = this.#items(")");
    return items.length === 1 && !endsInComma ? items[0] : items;
  }

  #items(end: string): { readonly items: readonly JsonValue[]; readonly endsInComma: boolean } {
    const items: JsonValue[] = [];
    let endsInComma = false;
    while (!this.#skips(end)) {
      items.push(this.#value());
      endsInComma = this.#skips(",");
      if (!endsInComma && !this.#isNext(end)) throw this.#error(`',' or '${end}'`);
    }
    return { items, endsInComma };
  }

  #number(text: string): bigint | number {
    const digits = text.replaceAll("_", "");
    const isNegative = digits.startsWith("-");
    const unsigned = digits.replace(/^[+-]/, "");
    if (/^0[xob]/i.test(unsigned)) return isNegative ? -BigInt(unsigned) : BigInt(unsigned);
    if (/[.e]/i.test(unsigned)) return Number(digits);
    if (/^0+[1-9]/.test(unsigned)) throw this.#error("no zero in front of a number");
    return isNegative ? -BigInt(unsigned) : BigInt(unsigned);
  }

  #unescaped(text: string): string {
    return text.replace(ESCAPE, (whole, byte?: string, short?: string, long?: string, other?: string) => {
      if (other === undefined) return this.#character(Number.parseInt(byte ?? short ?? long ?? "", 16));
      // Python keeps the backslash of an escape that it does not know.
      return ESCAPED.get(other) ?? whole;
    });
  }

  #character(codePoint: number): string {
    if (codePoint > 0x10ffff) throw this.#error("characters up to \\U0010ffff");
    return String.fromCodePoint(codePoint);
  }

  #word(): JsonValue {
    const value = WORDS.get(this.#match(WORD) ?? "");
    if (value === undefined) throw this.#error("a literal such as 10, 'text', True, None or ['a', 'b']");
    return value;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#offset += found.length;
    return found;
  }

  #skips(character: string): boolean {
    if (!this.#isNext(character)) return false;
    this.#offset++;
    return true;
  }

  #isNext(character: string): boolean {
    this.#match(BLANK);
    return this.#text[this.#offset] === character;
  }

  #error(expected: string): ConfigError {
    return new ConfigError(`${this.#what} is no Python literal: expected ${expected} at character ${this.#offset + 1}`);
  }
}
