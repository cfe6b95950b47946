import type { UnsignedTransaction } from "../../../node/chain/sign-transaction.ts";
import { addressFromHex, fromHex } from "../../../node/codec/bytes.ts";
import { tokenIdEncode } from "../../../node/codec/token-id.ts";

const COUNTER = addressFromHex("44".repeat(20));
const QKC = tokenIdEncode("QKC");
const ODD = tokenIdEncode("B");
const EVEN = tokenIdEncode("A");
const UNKNOWN = tokenIdEncode("ZZ");
/** Returns 32 zero bytes as code. */
const CREATION = fromHex("60206000f3");
/** Stores until there is no gas. */
const ENDLESS_CREATION = fromHex("5b60015a55600056");

/** Numbers from a seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to 1 exclusively (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  whole(lowest: number, highest: number): number {
    return lowest + Math.floor(this.next() * (highest - lowest + 1));
  }

  oneOf<T>(values: readonly T[]): T {
    return values[this.whole(0, values.length - 1)];
  }
}

export interface RandomTransactionOptions {
  readonly random: Random;
  /** Key of the shard that it is sent on, and of another one. */
  readonly from: number;
  readonly elsewhere: number;
  /** Next of the sender, as far as blocks tell. */
  readonly nonce: bigint;
  readonly networkId: bigint;
  readonly ethChainId: bigint;
}

/** Most can be in a block; some cannot, or only together with, or only without, others. */
export function randomTransaction(options: RandomTransactionOptions): UnsignedTransaction {
  const { random, from, elsewhere, networkId, ethChainId } = options;
  const goesElsewhere = random.next() < 0.3;
  const kind = random.next();
  const version = random.oneOf([0n, 0n, 0n, 1n, goesElsewhere ? 0n : 2n]);
  const plain: UnsignedTransaction = {
    nonce: options.nonce + BigInt(random.next() < 0.9 ? 0 : random.oneOf([1, 1, 2, 3, -1, 64, 65])),
    gasPrice: BigInt(random.next() < 0.85 ? random.whole(3, 9) : random.oneOf([0, 1, 2, 1000])),
    startGas: BigInt(
      random.next() < 0.9 ? random.oneOf([30000, 40000, 60000]) : random.oneOf([20999, 21000, 350001, 700001]),
    ),
    to: addressFromHex(random.whole(1, 30).toString(16).padStart(40, "0")),
    value:
      random.next() < 0.8
        ? random.oneOf([0n, 1n, 10n ** 15n])
        : random.oneOf([3n * 10n ** 19n, 9n * 10n ** 19n, 2n * 10n ** 20n]),
    data: new Uint8Array(random.next() < 0.2 ? random.whole(1, 200) : 0).fill(random.whole(0, 1)),
    networkId: version === 2n ? ethChainId : networkId,
    fromFullShardKey: from,
    toFullShardKey: goesElsewhere ? elsewhere : from,
    gasTokenId: random.next() < 0.8 ? QKC : random.oneOf([ODD, ODD, EVEN, UNKNOWN]),
    transferTokenId: random.oneOf([QKC, QKC, QKC, ODD, EVEN]),
    version,
  };
  if (version === 2n) {
    const keys = { fromFullShardKey: from & 0xffff0000, toFullShardKey: from & 0xffff0000 };
    return { ...plain, ...keys, gasTokenId: QKC, transferTokenId: QKC };
  }
  if (kind < 0.25) return { ...plain, to: COUNTER, value: BigInt(random.whole(0, 1)), startGas: 100000n };
  if (kind < 0.35) {
    return { ...plain, to: undefined, value: 0n, startGas: 120000n, data: random.oneOf([CREATION, ENDLESS_CREATION]) };
  }
  return plain;
}
