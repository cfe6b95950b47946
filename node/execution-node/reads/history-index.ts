import {
  type Address,
  bigIntToBytes,
  bytesToBigInt,
  compareBytes,
  concatBytes,
  uint32ToBytes,
  utf8,
} from "../../codec/bytes.ts";

/**
 * Keys of the transaction history index (pyquarkchain cluster/shard_db_operator.py TransactionHistoryMixin). Rows have
 * no value. A deposit sorts below the transactions of its block.
 */
const BY_ADDRESS = utf8("index_addr_");
const ALL = utf8("index_alltx_");
const PLACE_BYTES = 9;

/** What a row points at. */
export interface HistoryPlace {
  readonly height: number;
  readonly kind: "deposit" | "transaction";
  /** In the block's list of its kind. */
  readonly index: number;
}

/** What of a canonical block the index names. */
export interface IndexedBlock {
  readonly height: number;
  readonly transactions: readonly {
    readonly sender: Address;
    /** Undefined for a creation. */
    readonly to: Address | undefined;
    readonly isToThisShard: boolean;
  }[];
  /** In the order in which the block consumed them. */
  readonly deposits: readonly {
    readonly to: Address;
    readonly value: bigint;
    readonly isFromRootChain: boolean;
  }[];
}

/** Where rows of one list begin: they are the keys behind it, up to it plus one. */
export function historyPrefix(address?: Address): Uint8Array {
  return address === undefined ? ALL : concatBytes(BY_ADDRESS, address);
}

/** Keys of all rows that a block has: written as it joins the chain, removed as it leaves. */
export function historyKeys({ height, transactions, deposits }: IndexedBlock): Uint8Array[] {
  const keys: Uint8Array[] = [];
  const push = (address: Address | undefined, place: HistoryPlace) => {
    keys.push(concatBytes(historyPrefix(address), encodePlace(place)));
  };
  for (const [index, { sender, to, isToThisShard }] of transactions.entries()) {
    const place = { height, kind: "transaction", index } as const;
    push(undefined, place);
    push(sender, place);
    if (to !== undefined && isToThisShard) push(to, place);
  }
  for (const [index, { to, value, isFromRootChain }] of deposits.entries()) {
    // A coinbase reward of zero is a placeholder, and rewards are in no list of all transactions.
    if (isFromRootChain && value === 0n) continue;
    const place = { height, kind: "deposit", index } as const;
    push(to, place);
    if (!isFromRootChain) push(undefined, place);
  }
  return keys;
}

/** Undefined for a key that is none of the index's under that prefix. */
export function decodeHistoryKey(key: Uint8Array, prefix: Uint8Array): HistoryPlace | undefined {
  if (key.length !== prefix.length + PLACE_BYTES || compareBytes(key.subarray(0, prefix.length), prefix) !== 0) {
    return undefined;
  }
  const place = key.subarray(prefix.length);
  return {
    height: Number(bytesToBigInt(place.subarray(0, 4))),
    kind: place[4] === 0 ? "deposit" : "transaction",
    index: Number(bytesToBigInt(place.subarray(5))),
  };
}

/** The same number of bytes, as an integer one more or less. Never beyond the ends. */
export function neighbourKey(key: Uint8Array, step: 1n | -1n): Uint8Array {
  return bigIntToBytes(bytesToBigInt(key) + step, key.length);
}

function encodePlace({ height, kind, index }: HistoryPlace): Uint8Array {
  return concatBytes(uint32ToBytes(height), Uint8Array.of(kind === "deposit" ? 0 : 1), uint32ToBytes(index));
}
