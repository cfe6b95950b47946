import { decodeEvmTransaction, type EvmTransaction } from "../../chain/evm-transaction.ts";
import { recoverSender } from "../../chain/sender.ts";
import type { TypedTransaction } from "../../chain/typed-transaction.ts";
import type { Address, Hash32 } from "../../codec/bytes.ts";

/** A block's transaction that is executed again and again: it is decoded, and its sender recovered, the first time only. */
export class KeptTransaction implements TypedTransaction {
  readonly rlp: Uint8Array;
  readonly hash: Hash32;
  #decoded: EvmTransaction | undefined;
  #sender: { readonly address: Address | undefined } | undefined;

  constructor({ rlp, hash }: TypedTransaction) {
    this.rlp = rlp;
    this.hash = hash;
  }

  /** Throws CodecError. */
  get decoded(): EvmTransaction {
    this.#decoded ??= decodeEvmTransaction(this.rlp);
    return this.#decoded;
  }

  /** Undefined where nobody can have signed it. */
  get sender(): Address | undefined {
    this.#sender ??= { address: recoverSender(this.decoded) };
    return this.#sender.address;
  }
}
