import { type Address, bytesKey, toHex, utf8 } from "../../../../node/codec/bytes.ts";
import { keccak256 } from "../../../../node/codec/keccak.ts";
import { smallAddress } from "../../../../node/el/evm/precompiles/addresses.ts";
import { type AbiEntry, SELECTOR_BYTES, signatureOf } from "./abi-types.ts";
import { PRECOMPILE_INPUTS, SYSTEM_CONTRACTS } from "./system-abi.ts";

/** A contract's interface, and its name and addresses where they are known. */
export interface ContractAbi {
  readonly name: string | undefined;
  readonly addresses: readonly Address[];
  readonly functions: readonly AbiEntry[];
  readonly errors: readonly AbiEntry[];
}

/** What contracts, functions and errors are called: those of the chain itself and those that a user gives. */
export class ContractNames {
  readonly #byAddress = new Map<string, string>();
  /** Of a contract that is known by its address, then of any. */
  readonly #functions = new Map<string, AbiEntry>();
  readonly #errors = new Map<string, AbiEntry>();

  constructor(given: readonly ContractAbi[] = []) {
    // What a user gives comes first.
    for (const abi of [...given, ...SYSTEM_CONTRACTS]) this.#add(abi);
  }

  nameOf(address: Address): string | undefined {
    return this.#byAddress.get(bytesKey(address)) ?? (this.precompileAt(address) && "precompile");
  }

  /** A precompile takes its input without a selector. */
  precompileAt(address: Address): AbiEntry | undefined {
    const number = smallAddress(address);
    return number === undefined ? undefined : PRECOMPILE_INPUTS.get(number);
  }

  functionOf(address: Address, selector: string): AbiEntry | undefined {
    return this.#functions.get(`${bytesKey(address)}${selector}`) ?? this.#functions.get(selector);
  }

  errorOf(selector: string): AbiEntry | undefined {
    return this.#errors.get(selector);
  }

  #add({ name, addresses, functions, errors }: ContractAbi): void {
    for (const address of addresses) if (name !== undefined) setFirst(this.#byAddress, bytesKey(address), name);
    for (const entry of functions) {
      const selector = selectorOf(entry);
      for (const address of addresses) setFirst(this.#functions, `${bytesKey(address)}${selector}`, entry);
      setFirst(this.#functions, selector, entry);
    }
    for (const entry of errors) setFirst(this.#errors, selectorOf(entry), entry);
  }
}

/** First bytes of the hash of its signature, in hex. */
export function selectorOf(entry: AbiEntry): string {
  return toHex(keccak256(utf8(signatureOf(entry))).subarray(0, SELECTOR_BYTES));
}

function setFirst<T>(map: Map<string, T>, key: string, value: T): void {
  if (!map.has(key)) map.set(key, value);
}
