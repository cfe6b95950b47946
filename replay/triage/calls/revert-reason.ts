import { toHex } from "../../../node/codec/bytes.ts";
import { cutHex } from "../../text/values.ts";
import { decodedValues } from "./abi/abi-decode.ts";
import { type AbiEntry, entryFromText, SELECTOR_BYTES } from "./abi/abi-types.ts";
import type { ContractNames } from "./abi/contract-names.ts";

const SHOWN_BYTES = 64;
/** Error(string), what require and revert with a text make. */
const ERROR = "08c379a0";
/** Panic(uint256), what the compiler itself checks. */
const PANIC = "4e487b71";
const ERROR_INPUTS = entryFromText("Error(string reason)").inputs;
const PANIC_INPUTS = entryFromText("Panic(uint256 code)").inputs;

/** Solidity's documentation, "Panic via assert and Error via require". */
const PANICS: ReadonlyMap<string, string> = new Map([
  ["0", "the compiler's own"],
  ["1", "an assertion is false"],
  ["17", "an operation overflows"],
  ["18", "a division by zero"],
  ["33", "no such value of an enumeration"],
  ["34", "storage bytes are encoded wrongly"],
  ["49", "pop of an empty array"],
  ["50", "an index is out of bounds"],
  ["65", "too much memory is taken"],
  ["81", "a function that was never set is called"],
]);

/** What revert data say; undefined where there are none. */
export function revertReason(data: Uint8Array, names: ContractNames): string | undefined {
  if (data.length === 0) return undefined;
  const selector = toHex(data.subarray(0, SELECTOR_BYTES));
  const values = data.subarray(SELECTOR_BYTES);
  const known = knownReason(selector, values, names.errorOf(selector));
  return known ?? cutHex(data, SHOWN_BYTES);
}

function knownReason(selector: string, data: Uint8Array, error: AbiEntry | undefined): string | undefined {
  const fields = selector === ERROR ? ERROR_INPUTS : selector === PANIC ? PANIC_INPUTS : error?.inputs;
  const values = fields && decodedValues(fields, data);
  if (values === undefined) return undefined;
  if (selector === ERROR) return `Error(${values[0]})`;
  if (selector === PANIC) return panicText(values[0]);
  return error && `${error.name}(${values.join(", ")})`;
}

function panicText(code: string): string {
  const meaning = PANICS.get(code);
  return `Panic(0x${BigInt(code).toString(16).padStart(2, "0")})${meaning === undefined ? "" : `: ${meaning}`}`;
}
