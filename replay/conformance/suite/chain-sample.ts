import {
  type MinorBlock,
  type MinorBlockHeader,
  minorHeaderHash,
  minorMetaHash,
} from "../../../node/chain/minor-block.ts";
import type { Hash32 } from "../../../node/codec/bytes.ts";
import type { QkcPayload } from "../../../node/engine/engine-api.ts";
import { CheckSkipped } from "./check-outcome.ts";

/** The beginning of one shard's chain, every block of it valid. Deposits can be iterated any number of times. */
export interface ChainSample {
  readonly networkId: number;
  readonly fullShardId: number;
  readonly genesisStateRoot: Hash32;
  readonly genesis: QkcPayload;
  /** Heights 1, 2, … */
  readonly blocks: readonly QkcPayload[];
}

/** So many blocks make every check possible: a branch of two beside the newest two, on a block that is not genesis. */
export const LEAST_SAMPLE_BLOCKS = 4;

/** What a block may be changed in: parts of its header and meta. */
export interface BlockChange {
  readonly header?: Partial<MinorBlockHeader>;
  readonly meta?: Partial<MinorBlock["meta"]>;
  readonly transactions?: MinorBlock["transactions"];
}

/** The block with a change and hashes that fit it again. */
export function changedBlock(payload: QkcPayload, change: BlockChange): QkcPayload {
  const meta = { ...payload.block.meta, ...change.meta };
  const transactions = change.transactions ?? payload.block.transactions;
  const header = { ...payload.block.header, metaHash: minorMetaHash(meta), ...change.header };
  return { ...payload, blockHash: minorHeaderHash(header), block: { ...payload.block, header, meta, transactions } };
}

/** A hash that differs in its last bit. */
export function otherHash(hash: Hash32): Hash32 {
  const other = new Uint8Array(hash);
  other[31] ^= 1;
  return other as Hash32;
}

/** A block that has something to be wrong about: deposits, transactions and logs where there is such a one. */
export function richestBlock({ blocks }: ChainSample): QkcPayload {
  return blocks.reduce((best, payload) => (wealthOf(payload) > wealthOf(best) ? payload : best));
}

function wealthOf({ block: { header, meta, transactions } }: QkcPayload): number {
  const hasDeposits = meta.xshardReceiveGasUsed > 0n;
  const hasLogs = header.bloom.some((byte) => byte !== 0);
  return (hasDeposits ? 4 : 0) + (transactions.length > 0 ? 2 : 0) + (hasLogs ? 1 : 0);
}

/** Throws CheckSkipped where there is none. */
export function blockWithTransactions({ blocks }: ChainSample): QkcPayload {
  const found = blocks.find(({ block }) => block.transactions.length > 0);
  if (found === undefined) throw new CheckSkipped("no block of the sample has transactions");
  return found;
}

/** A block that spent gas on deposits. Throws CheckSkipped where there is none. */
export function blockWithDeposits({ blocks }: ChainSample): QkcPayload {
  const found = blocks.find(({ block }) => block.meta.xshardReceiveGasUsed > 0n);
  if (found === undefined) throw new CheckSkipped("no block of the sample spends gas on deposits");
  return found;
}
