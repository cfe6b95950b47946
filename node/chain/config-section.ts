import { ConfigError } from "../codec/errors.ts";
import type { JsonObject, JsonValue } from "./config-json.ts";
import { type Fraction, fractionFromFloat } from "./fraction.ts";

/**
 * One object of a configuration file, read field by field. A field that is absent or null has its default; fields that
 * nobody asks for are ignored. Every refusal is a ConfigError naming file, path, what was found and what is needed.
 */
export class ConfigSection {
  readonly #values: JsonObject;
  /** Where this object stands, "" for the whole file. */
  readonly path: string;
  readonly #file: string;

  constructor(value: JsonValue, path: string, file: string) {
    this.path = path;
    this.#file = file;
    if (!(value instanceof Map)) throw this.#refusal(path, value, "must be an object");
    this.#values = value;
  }

  has(name: string): boolean {
    return (this.#values.get(name) ?? null) !== null;
  }

  names(): readonly string[] {
    return [...this.#values.keys()];
  }

  section(name: string): ConfigSection {
    return new ConfigSection(this.#required(name), this.pathOf(name), this.#file);
  }

  sections(name: string): readonly ConfigSection[] {
    const path = this.pathOf(name);
    return this.#list(name).map((value, i) => new ConfigSection(value, `${path}[${i}]`, this.#file));
  }

  texts(name: string): readonly string[] {
    return this.#list(name).map((value, i) => {
      if (typeof value === "string") return value;
      throw this.#refusal(`${this.pathOf(name)}[${i}]`, value, "must be a text");
    });
  }

  /** Whole numbers from 0 to 2^32 − 1. */
  counts(name: string): readonly number[] {
    return this.#list(name).map((value, i) => {
      if (typeof value === "bigint" && value >= 0n && value <= 0xffffffffn) return Number(value);
      throw this.#refusal(`${this.pathOf(name)}[${i}]`, value, "must be a whole number from 0 to 4294967295");
    });
  }

  text(name: string, fallback: string): string {
    return this.has(name) ? this.requiredText(name) : fallback;
  }

  requiredText(name: string): string {
    const value = this.#required(name);
    if (typeof value === "string") return value;
    throw this.refused(name, "must be a text");
  }

  /** true, false, or a number, of which only 0 is false as in Python. */
  flag(name: string): boolean {
    if (!this.has(name)) return false;
    const value = this.#required(name);
    if (typeof value === "boolean") return value;
    if (typeof value === "bigint" || typeof value === "number") return Number(value) !== 0;
    throw this.refused(name, "must be true or false");
  }

  /** A whole number from 0 to 2^53 − 1, or to `maximum`. */
  count(name: string, fallback: number, maximum = Number.MAX_SAFE_INTEGER): number {
    if (!this.has(name)) return fallback;
    const value = this.integer(name, 0n);
    if (value > BigInt(maximum)) throw this.refused(name, `must be at most ${maximum}`);
    return Number(value);
  }

  /** As count; null where the field is absent or null. */
  optionalCount(name: string): number | null {
    return this.has(name) ? this.count(name, 0) : null;
  }

  positiveCount(name: string, fallback: number): number {
    const value = this.count(name, fallback);
    if (value === 0) throw this.refused(name, "must be greater than 0");
    return value;
  }

  /** A whole number ≥ 0 of any size. */
  integer(name: string, fallback: bigint): bigint {
    if (!this.has(name)) return fallback;
    const value = this.#required(name);
    if (typeof value !== "bigint") throw this.refused(name, "must be a whole number written in digits only");
    if (value < 0n) throw this.refused(name, "must not be negative");
    return value;
  }

  positiveInteger(name: string, fallback: bigint): bigint {
    const value = this.integer(name, fallback);
    if (value === 0n) throw this.refused(name, "must be greater than 0");
    return value;
  }

  /** A number > 0, whole or not. */
  positiveNumber(name: string, fallback: number): number {
    const value = this.#number(name, fallback);
    if (value <= 0) throw this.refused(name, "must be greater than 0");
    return value;
  }

  /** A rate from 0 to 1 in hundredths or coarser (config.py reward_tax_rate asserts denominator <= 100). */
  rate(name: string, fallback: number): Fraction {
    const value = this.#number(name, fallback);
    const fraction = fractionFromFloat(value);
    if (value < 0 || value > 1 || fraction.denominator > 100n) {
      throw this.refused(name, "must be from 0 to 1 with a denominator of at most 100, such as 0.5 or 0.88");
    }
    return fraction;
  }

  /** Bytes of a hex text without 0x, as Python's bytes.fromhex reads it. */
  hex(name: string, fallback: string, length?: number): Uint8Array {
    return this.hexOf(this.text(name, fallback), this.pathOf(name), length);
  }

  hexList(name: string, length: number): readonly Uint8Array[] {
    if (!this.has(name)) return [];
    return this.texts(name).map((text, i) => this.hexOf(text, `${this.pathOf(name)}[${i}]`, length));
  }

  /** bytes.fromhex lets white space stand between bytes and knows no 0x. */
  hexOf(text: string, path: string, length?: number): Uint8Array {
    const digits = text.replace(/\s+/g, "");
    // A digit that white space parts from its fellow, or that has none, is refused.
    if (/[^0-9a-fA-F]/.test(digits) || text.split(/\s+/).some(({ length }) => length % 2 !== 0))
      throw this.#refusal(path, text, "must be pairs of hex digits without 0x");
    const bytes = new Uint8Array(Buffer.from(digits, "hex"));
    if (length !== undefined && bytes.length !== length) {
      throw this.#refusal(path, text, `must be ${length} bytes (${2 * length} hex digits), has ${bytes.length}`);
    }
    return bytes;
  }

  /** The error for a field that cannot be used; `problem` says what it must be. */
  refused(name: string, problem: string): ConfigError {
    return this.#refusal(this.pathOf(name), this.#values.get(name) ?? null, problem);
  }

  pathOf(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }

  #number(name: string, fallback: number): number {
    if (!this.has(name)) return fallback;
    const value = this.#required(name);
    if (typeof value !== "bigint" && typeof value !== "number") throw this.refused(name, "must be a number");
    if (!Number.isFinite(Number(value))) throw this.refused(name, "is too large");
    return Number(value);
  }

  #list(name: string): readonly JsonValue[] {
    const value = this.#required(name);
    if (Array.isArray(value)) return value;
    throw this.refused(name, "must be a list");
  }

  #required(name: string): JsonValue {
    const value = this.#values.get(name) ?? null;
    if (value === null) throw this.#refusal(this.pathOf(name), value, "is missing and has no default: add it");
    return value;
  }

  #refusal(path: string, value: JsonValue, problem: string): ConfigError {
    const place = path === "" ? "the file" : path;
    const found = value === null ? "" : `, found ${describe(value)}`;
    return new ConfigError(`${this.#file}: ${place} ${problem}${found}`);
  }
}

function describe(value: JsonValue): string {
  if (value instanceof Map) return "an object";
  if (Array.isArray(value)) return "a list";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
