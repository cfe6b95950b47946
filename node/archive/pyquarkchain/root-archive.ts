import { MINIMUM_MINOR_HEADER_BYTES, type MinorBlockHeader, readMinorBlockHeader } from "../../chain/minor-block.ts";
import { readTokenBalances, type TokenBalances } from "../../chain/token-balances.ts";
import type { Hash32 } from "../../codec/bytes.ts";
import { WireReader } from "../../codec/wire.ts";
import { type BlockCounts, readBlockCounts } from "../block-counts.ts";
import { RootBlockRows } from "../block-rows.ts";
import type { KeyValueReader } from "../key-value-reader.ts";
import { optionalHash, optionalRow } from "../rows.ts";
import {
  BLOCK_KEYS,
  blockCountKey,
  confirmingRootKey,
  describeKey,
  heightKey,
  PREFIX,
  prefixedKey,
  ROOT_COMMITTING_KEY,
  ROOT_TIP_KEY,
} from "./keys.ts";

/** master.db: the root chain (pyquarkchain root_state.py RootDb). */
export class RootArchive extends RootBlockRows {
  constructor(rows: KeyValueReader, name: string) {
    super(rows, { name, describeKey }, BLOCK_KEYS);
  }

  /** Hash of the best root block; undefined in a database that was never written to. */
  tipHash(): Hash32 | undefined {
    return optionalHash(this.rows, this.database, ROOT_TIP_KEY);
  }

  /** Root block that was being handed to the shards when the client stopped, if any. */
  committingHash(): Hash32 | undefined {
    return optionalHash(this.rows, this.database, ROOT_COMMITTING_KEY);
  }

  /** What the height index says: a hint, to be proved by links. */
  canonicalHashAt(height: number): Hash32 | undefined {
    return optionalHash(this.rows, this.database, heightKey(PREFIX.rootHeightIndex, height));
  }

  /** Newest minor header of every shard at a root block, in pyquarkchain's own words: derived, not proved. */
  lastMinorHeaders(rootHash: Hash32): readonly MinorBlockHeader[] | undefined {
    return optionalRow(this.rows, this.database, prefixedKey(PREFIX.lastMinorHeaders, rootHash), (bytes) =>
      new WireReader(bytes).list32("last header list", MINIMUM_MINOR_HEADER_BYTES, readMinorBlockHeader),
    );
  }

  /** Coinbase that a shard reported for a validated minor block. */
  minorCoinbase(minorHash: Hash32): TokenBalances | undefined {
    return optionalRow(this.rows, this.database, prefixedKey(PREFIX.minorCoinbase, minorHash), (bytes) =>
      readTokenBalances(new WireReader(bytes), "minor coinbase"),
    );
  }

  /** Root block that confirmed a minor block; only with ENABLE_TRANSACTION_HISTORY. */
  confirmingRootHash(minorHash: Hash32, fullShardId: number): Hash32 | undefined {
    return optionalHash(this.rows, this.database, confirmingRootKey(minorHash, fullShardId));
  }

  /** Blocks mined per account up to a root height, key = bytesKey(address); only with ENABLE_TRANSACTION_HISTORY. */
  blockCounts(fullShardId: number, rootHeight: number): BlockCounts | undefined {
    return optionalRow(this.rows, this.database, blockCountKey(fullShardId, rootHeight), (bytes) =>
      readBlockCounts(new WireReader(bytes)),
    );
  }
}
