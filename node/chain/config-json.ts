import { ConfigError } from "../codec/errors.ts";

export type JsonObject = ReadonlyMap<string, JsonValue>;
/** A JSON value with exact whole numbers: bigint for what Python's json reads as int, number for its float. */
export type JsonValue = null | boolean | string | bigint | number | readonly JsonValue[] | JsonObject;

/** Python refuses to convert longer integers (sys.get_int_max_str_digits). */
const MAX_INTEGER_DIGITS = 4300;
const MAX_DEPTH = 200;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const WHITESPACE = /[ \t\n\r]*/y;

/**
 * Parses JSON without losing digits: amounts and difficulties exceed 2^53 and JSON.parse would round them silently.
 * As in Python's json the last of equal keys wins and objects keep the order of their keys. Throws ConfigError with
 * file, line and column.
 */
export function parseExactJson(text: string, file: string): JsonValue {
  return new ExactJsonParser(text, file).document();
}

class ExactJsonParser {
  readonly #text: string;
  readonly #file: string;
  #offset = 0;
  #depth = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  document(): JsonValue {
    const value = this.#value();
    this.#skipWhitespace();
    if (this.#offset !== this.#text.length) throw this.#error("end of file");
    return value;
  }

  #value(): JsonValue {
    this.#skipWhitespace();
    switch (this.#text[this.#offset]) {
      case "{":
        return this.#nested(() => this.#object());
      case "[":
        return this.#nested(() => this.#array());
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #nested<T>(read: () => T): T {
    if (this.#depth === MAX_DEPTH) throw this.#error(`at most ${MAX_DEPTH} nested levels`);
    this.#depth++;
    this.#offset++;
    const value = read();
    this.#depth--;
    return value;
  }

  #object(): JsonObject {
    const entries = new Map<string, JsonValue>();
    if (this.#skips("}")) return entries;
    do {
      this.#skipWhitespace();
      if (this.#text[this.#offset] !== '"') throw this.#error("a name in double quotes");
      const name = this.#string();
      if (!this.#skips(":")) throw this.#error("':'");
      entries.set(name, this.#value());
    } while (this.#skips(","));
    if (!this.#skips("}")) throw this.#error("',' or '}'");
    return entries;
  }

  #array(): readonly JsonValue[] {
    const items: JsonValue[] = [];
    if (this.#skips("]")) return items;
    do items.push(this.#value());
    while (this.#skips(","));
    if (!this.#skips("]")) throw this.#error("',' or ']'");
    return items;
  }

  #string(): string {
    const start = this.#offset;
    let end = start + 1;
    while (end < this.#text.length && this.#text[end] !== '"') end += this.#text[end] === "\\" ? 2 : 1;
    if (end >= this.#text.length) throw this.#error("a closing double quote");
    try {
      const value: string = JSON.parse(this.#text.slice(start, end + 1));
      this.#offset = end + 1;
      return value;
    } catch {
      throw this.#error("a text without line breaks or unknown escapes");
    }
  }

  #number(): bigint | number {
    NUMBER.lastIndex = this.#offset;
    const match = NUMBER.exec(this.#text);
    if (match === null) throw this.#error("a value");
    const [digits, fraction, exponent] = match;
    if (digits.length > MAX_INTEGER_DIGITS) throw this.#error(`a number of at most ${MAX_INTEGER_DIGITS} digits`);
    this.#offset += digits.length;
    return fraction === undefined && exponent === undefined ? BigInt(digits) : Number(digits);
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#offset)) throw this.#error("a value");
    this.#offset += word.length;
    return value;
  }

  #skips(character: string): boolean {
    this.#skipWhitespace();
    if (this.#text[this.#offset] !== character) return false;
    this.#offset++;
    return true;
  }

  #skipWhitespace(): void {
    WHITESPACE.lastIndex = this.#offset;
    WHITESPACE.exec(this.#text);
    this.#offset = WHITESPACE.lastIndex;
  }

  #error(expected: string): ConfigError {
    const before = this.#text.slice(0, this.#offset);
    const line = before.split("\n").length;
    const column = this.#offset - before.lastIndexOf("\n");
    return new ConfigError(`${this.#file} is not JSON: expected ${expected} at line ${line}, column ${column}`);
  }
}
