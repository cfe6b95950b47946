import { CodecError } from "../../../../node/codec/errors.ts";

/** A type of Solidity's contract ABI. Numbers with a fixed point, which no compiler makes, are left out. */
export type AbiType =
  | { readonly kind: "uint" | "int"; readonly bits: number }
  | { readonly kind: "address" | "bool" | "bytes" | "string" }
  | { readonly kind: "fixedBytes"; readonly size: number }
  /** Without a length: a dynamic array. */
  | { readonly kind: "array"; readonly of: AbiType; readonly length?: number }
  | { readonly kind: "tuple"; readonly fields: readonly AbiField[] };

export interface AbiField {
  /** Empty where the source gives none. */
  readonly name: string;
  readonly type: AbiType;
}

/** What a function or an error is told by: first bytes of the hash of its signature. */
export const SELECTOR_BYTES = 4;

/** A function or an error. */
export interface AbiEntry {
  readonly name: string;
  readonly inputs: readonly AbiField[];
}

/** Arrays nested deeper are no type that a contract takes. */
const MOST_NESTED = 8;
const MOST_LENGTH = 1 << 20;

/** The type that a name such as "uint256", "bytes4[]" or "tuple" with components stands for. Throws CodecError. */
export function abiType(name: string, components: readonly AbiField[] = [], nested = 0): AbiType {
  const array = /^(.+)\[(\d*)\]$/.exec(name);
  if (array !== null) return arrayType(array[1], array[2], components, nested);
  const sized = /^(uint|int|bytes)(\d+)$/.exec(name);
  if (sized !== null) return sizedType(sized[1] as "uint" | "int" | "bytes", Number(sized[2]));
  switch (name) {
    case "uint":
    case "int":
      return { kind: name, bits: 256 };
    case "address":
    case "bool":
    case "bytes":
    case "string":
      return { kind: name };
    case "tuple":
      return { kind: "tuple", fields: components };
    case "function":
      return { kind: "fixedBytes", size: 24 };
    default:
      throw new CodecError(`"${name}" is no type of a contract's ABI`);
  }
}

function arrayType(of: string, length: string, components: readonly AbiField[], nested: number): AbiType {
  if (nested >= MOST_NESTED) throw new CodecError(`an array is nested more than ${MOST_NESTED} times`);
  const type = abiType(of, components, nested + 1);
  if (length === "") return { kind: "array", of: type };
  if (Number(length) > MOST_LENGTH) throw new CodecError(`an array of ${length} values is no argument`);
  return { kind: "array", of: type, length: Number(length) };
}

function sizedType(kind: "uint" | "int" | "bytes", size: number): AbiType {
  if (kind === "bytes" && size >= 1 && size <= 32) return { kind: "fixedBytes", size };
  if (kind !== "bytes" && size % 8 === 0 && size >= 8 && size <= 256) return { kind, bits: size };
  throw new CodecError(`"${kind}${size}" is no type of a contract's ABI`);
}

/** As the hash of a signature spells it. */
function typeName(type: AbiType): string {
  switch (type.kind) {
    case "uint":
    case "int":
      return `${type.kind}${type.bits}`;
    case "fixedBytes":
      return `bytes${type.size}`;
    case "array":
      return `${typeName(type.of)}[${type.length ?? ""}]`;
    case "tuple":
      return `(${type.fields.map((field) => typeName(field.type)).join(",")})`;
    default:
      return type.kind;
  }
}

/** "transfer(address,uint256)". */
export function signatureOf({ name, inputs }: AbiEntry): string {
  return `${name}(${inputs.map(({ type }) => typeName(type)).join(",")})`;
}

/** An entry written as "transfer(address to, uint256 amount)", without tuples. Throws CodecError. */
export function entryFromText(text: string): AbiEntry {
  const parts = /^(\w+)\((.*)\)$/.exec(text);
  if (parts === null) throw new CodecError(`"${text}" is no signature`);
  const inputs = parts[2].split(",").filter((input) => input.trim() !== "");
  return {
    name: parts[1],
    inputs: inputs.map((input) => {
      const [type, name = ""] = input.trim().split(/\s+/);
      return { name, type: abiType(type) };
    }),
  };
}
