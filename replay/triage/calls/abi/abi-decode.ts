import { bytesToBigInt, toHex } from "../../../../node/codec/bytes.ts";
import { CodecError } from "../../../../node/codec/errors.ts";
import { shown } from "../../../../node/codec/shown.ts";
import type { AbiField, AbiType } from "./abi-types.ts";

const WORD = 32;
/** Offsets may lead to the same place again and again: a few bytes could be read as more values than there is memory. */
const MOST_VALUES = 1000;

/**
 * The values of fields that stand one behind the other, as people read them. Throws CodecError for data that is none of
 * theirs. What follows the last one is not looked at, as in Solidity.
 */
export function decodeValues(fields: readonly AbiField[], data: Uint8Array): string[] {
  return new Decoder(data).fields(fields, 0);
}

/** As decodeValues, undefined for data of another shape: anybody may begin with the same selector. */
export function decodedValues(fields: readonly AbiField[], data: Uint8Array): string[] | undefined {
  try {
    return decodeValues(fields, data);
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}

class Decoder {
  readonly #data: Uint8Array;
  #count = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  /** Values whose heads begin at `start`, from where their offsets count too. */
  fields(fields: readonly AbiField[], start: number): string[] {
    let at = start;
    return fields.map(({ type }) => {
      const text = this.#value(type, at, start);
      at += headSize(type);
      return text;
    });
  }

  #value(type: AbiType, at: number, start: number): string {
    if (++this.#count > MOST_VALUES) throw new CodecError(`more than ${MOST_VALUES} values`);
    return isDynamic(type) ? this.#tail(type, start + this.#length(at)) : this.#inPlace(type, at);
  }

  #inPlace(type: AbiType, at: number): string {
    if (type.kind === "tuple") return `(${this.fields(type.fields, at).join(", ")})`;
    if (type.kind === "array") return this.#items(type.of, type.length ?? 0, at);
    return wordText(type, this.#word(at));
  }

  #tail(type: AbiType, at: number): string {
    switch (type.kind) {
      case "tuple":
        return `(${this.fields(type.fields, at).join(", ")})`;
      case "array":
        if (type.length !== undefined) return this.#items(type.of, type.length, at);
        return this.#items(type.of, this.#length(at), at + WORD);
      case "string":
        return JSON.stringify(shown(new TextDecoder().decode(this.#bytes(at + WORD, this.#length(at)))));
      default:
        return `0x${toHex(this.#bytes(at + WORD, this.#length(at)))}`;
    }
  }

  #items(of: AbiType, length: number, at: number): string {
    if (length > MOST_VALUES) throw new CodecError(`more than ${MOST_VALUES} values`);
    const fields = new Array<AbiField>(length).fill({ name: "", type: of });
    return `[${this.fields(fields, at).join(", ")}]`;
  }

  /** A length or an offset, which lies within the data. */
  #length(at: number): number {
    const value = bytesToBigInt(this.#word(at));
    if (value > BigInt(this.#data.length)) throw new CodecError(`${value} leads out of ${this.#data.length} bytes`);
    return Number(value);
  }

  #word(at: number): Uint8Array {
    return this.#bytes(at, WORD);
  }

  #bytes(at: number, length: number): Uint8Array {
    if (at + length > this.#data.length)
      throw new CodecError(`${at + length} bytes are needed, ${this.#data.length} are there`);
    return this.#data.subarray(at, at + length);
  }
}

/** A word of a type that has one; its padding is part of the value, so that nothing is hidden. */
function wordText(type: AbiType, word: Uint8Array): string {
  const value = bytesToBigInt(word);
  switch (type.kind) {
    case "uint":
      return `${value}`;
    case "int":
      return `${BigInt.asIntN(256, value)}`;
    case "bool":
      return value === 0n ? "false" : value === 1n ? "true" : `${value}`;
    case "address":
      return value >> 160n === 0n ? `0x${toHex(word.subarray(12))}` : `0x${toHex(word)}`;
    case "fixedBytes":
      return `0x${toHex(word.subarray(type.size).some((byte) => byte !== 0) ? word : word.subarray(0, type.size))}`;
    default:
      throw new CodecError(`a ${type.kind} is not one word`);
  }
}

function isDynamic(type: AbiType): boolean {
  if (type.kind === "array") return type.length === undefined || isDynamic(type.of);
  if (type.kind === "tuple") return type.fields.some((field) => isDynamic(field.type));
  return type.kind === "bytes" || type.kind === "string";
}

function headSize(type: AbiType): number {
  if (isDynamic(type)) return WORD;
  if (type.kind === "array") return (type.length ?? 0) * headSize(type.of);
  if (type.kind === "tuple") return type.fields.reduce((size, field) => size + headSize(field.type), 0);
  return WORD;
}
