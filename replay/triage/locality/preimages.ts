import { type Address, bytesKey, type Hash32 } from "../../../node/codec/bytes.ts";
import { keccak256 } from "../../../node/codec/keccak.ts";
import { numberTrieKey } from "../../../node/el/state/number-trie.ts";
import type { BlockTrial } from "../../execution/trial.ts";
import type { UnitRecords } from "../units/record-units.ts";
import { mentionedAddresses } from "./mentioned-addresses.ts";

/** What keys of the state's tries stand for, as far as the block's executions have met it or the block mentions it. */
export class Preimages {
  readonly #addresses = new Map<string, Address>();
  readonly #numbers = new Map<string, bigint>();

  constructor(trial: BlockTrial, executions: readonly UnitRecords[]) {
    this.#addAddress(trial.payload.coinbase);
    for (const { units } of executions) {
      for (const { address, tokens, slots } of units.flatMap(({ accesses }) => accesses)) {
        this.#addAddress(address);
        for (const number of [...tokens, ...slots]) this.#numbers.set(bytesKey(numberTrieKey(number)), number);
      }
    }
    for (const address of mentionedAddresses(trial, executions)) this.#addAddress(address);
  }

  addressOf(hash: Hash32): Address | undefined {
    return this.#addresses.get(bytesKey(hash));
  }

  /** Token id or slot. */
  numberOf(hash: Hash32): bigint | undefined {
    return this.#numbers.get(bytesKey(hash));
  }

  #addAddress(address: Address): void {
    this.#addresses.set(bytesKey(keccak256(address)), address);
  }
}
