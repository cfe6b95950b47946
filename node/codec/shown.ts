/** What a terminal, a log or a page may act upon: control and bidirectional characters, halves of pairs, line separators. */
const ACTIVE = /[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]/gu;
/** What makes a CI system take the rest of a line as a command. */
const COMMAND = /##(?=\[|vso\[)|^(\s*):(?=:)/g;

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * Text that a file decided, for people: on one line, with everything that could act upon where it is shown in an escaped
 * form, which JSON reads as what it was.
 */
export function shown(text: string): string {
  return text
    .replace(ACTIVE, (character) => SHORT[character] ?? escaped(character))
    .replace(COMMAND, (found) => `${escaped(found.trim()[0])}${found.trim().slice(1)}`);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
