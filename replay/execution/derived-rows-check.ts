import type { ShardSource } from "../../node/archive/block-source.ts";
import type { KeyValueReader } from "../../node/archive/key-value-reader.ts";
import type { QuarkChainConfig } from "../../node/chain/config.ts";
import type { RootBlock } from "../../node/chain/root-block.ts";
import type { RootChain, RootChainBlock } from "../../node/cl/root-chain.ts";
import { bytesEqual, concatBytes, type Hash32, uint32ToBytes } from "../../node/codec/bytes.ts";
import { CodecError, DatabaseDamagedError } from "../../node/codec/errors.ts";
import { type DerivingBlock, type RowLayout, rootRowsOf, rowLayout } from "../database/derived-rows.ts";
import { keysWith } from "../database/key-prefix.ts";
import type { OpenDatabase } from "../database/open-database.ts";
import { ALWAYS, always, type ExpectedRow } from "./expected-row.ts";
import type { CheckedBlock, Findings } from "./findings.ts";
import { RootRows } from "./root-rows.ts";

/** More of a block's keys than there can be reasons for. */
const MAX_KEYS = 100_000;

/**
 * Judges rows that nothing executes, by what execution and the chain say: height indexes, counts, places of transactions,
 * consumed deposits, histories, marks. A kind of row that is missing at the block before too is not kept there: earlier
 * versions had no such rows, and histories are an option of the client.
 */
export class DerivedRowsCheck {
  readonly #database: OpenDatabase;
  readonly #rootChain: RootChain;
  readonly #tipHeight: number;
  readonly #findings: Findings;
  readonly #layout: RowLayout;
  /** Shards that there are, and the root height at which each is born. */
  readonly #births: ReadonlyMap<number, number>;
  /** Undefined where the root chain's database is not there. */
  readonly #rootRows: { readonly reader: KeyValueReader; readonly rows: RootRows } | undefined;

  /** @param tipHeight of the database's root chain, of which `rootChain` may be a part */
  constructor(database: OpenDatabase, rootChain: RootChain, tipHeight: number, findings: Findings) {
    this.#database = database;
    this.#rootChain = rootChain;
    this.#tipHeight = tipHeight;
    this.#findings = findings;
    this.#layout = rowLayout(database.source);
    const { source, config } = database;
    const birthOf = (fullShardId: number) => config.quarkchain.shards.get(fullShardId)?.genesis.rootHeight ?? 0;
    this.#births = new Map(source.fullShardIds.map((fullShardId) => [fullShardId, birthOf(fullShardId)]));
    const reader = rootRowsOf(source);
    if (reader !== undefined) {
      this.#rootRows = { reader, rows: this.#rootRowsIn(reader, config.quarkchain) };
    }
  }

  /** The root chain knows all shards, also those whose databases are not there. */
  #rootRowsIn(rows: KeyValueReader, { shards }: QuarkChainConfig): RootRows {
    const births = new Map([...shards].map(([fullShardId, { genesis }]) => [fullShardId, genesis.rootHeight]));
    const blockAbove = (root: RootChainBlock) => this.#rootBlockAbove(root);
    const { layout, rootChain, tipHeight } = {
      layout: this.#layout,
      rootChain: this.#rootChain,
      tipHeight: this.#tipHeight,
    };
    return new RootRows({ layout, rows, rootChain, tipHeight, blockAbove, births });
  }

  #rootBlockAbove({ hash, block }: RootChainBlock): RootBlock | undefined {
    const { source } = this.#database;
    const hint = source.rootHashHint(block.header.height + 1);
    try {
      const above = hint && source.rootBlocks().rootBlock(hint);
      return above !== undefined && bytesEqual(above.header.prevBlockHash, hash) ? above : undefined;
    } catch (error) {
      // It is judged at its own height.
      if (error instanceof DatabaseDamagedError) return undefined;
      throw error;
    }
  }

  /** Rows of a shard that belong to one of its blocks. */
  checkMinor(place: CheckedBlock, source: ShardSource, deriving: DerivingBlock): void {
    for (const row of this.#blockRows(place, source, deriving)) this.#judge(place, source.name, source.rows, row);
    const index = this.#indexRows(place, source, deriving);
    if (this.#isLeftOut(place, source, index)) return;
    for (const row of index) this.#judge(place, source.name, source.rows, row);
    this.#judgeExtraHistory(place, source, deriving);
  }

  /**
   * Both clients begin anew below their root tip, and take its blocks out of the index until they have it once more
   * (pyquarkchain shard_state.py init_from_root_block, __rewrite_block_index_to): then no block of it has any row there.
   */
  #isLeftOut(place: CheckedBlock, source: ShardSource, index: readonly ExpectedRow[]): boolean {
    const { fullShardId, root } = place;
    if (root === null || root.height !== this.#tipHeight) return false;
    if (index.some(({ key }) => source.rows.has(key))) return false;
    const { minorHeaders } = this.#rootChain.blockAt(root.height).block;
    const own = minorHeaders.filter(({ branch }) => branch === fullShardId);
    return own.every(({ height }) => !source.rows.has(this.#layout.minorHashAt(height)));
  }

  /** Rows of the index over the canonical chain. */
  #indexRows(place: CheckedBlock, source: ShardSource, deriving: DerivingBlock): ExpectedRow[] {
    return [
      this.#heightRow(place.height, place.hash),
      ...this.#placeRows(source, deriving),
      ...this.#historyRows(source, deriving),
    ];
  }

  /** Only the index names a genesis block: the client does not execute it either. */
  checkGenesis(place: CheckedBlock, source: ShardSource): void {
    this.#judge(place, source.name, source.rows, this.#heightRow(0, place.hash));
  }

  /** Rows of the root chain's database and of every shard that belong to a root block. */
  checkRoot(place: CheckedBlock, root: RootChainBlock): void {
    const { source } = this.#database;
    const { height, prevBlockHash: previous } = root.block.header;
    for (const row of this.#rootRows?.rows.of(root) ?? []) {
      this.#judge(place, source.rootFolderName, this.#rootRows!.reader, row);
    }
    for (const [fullShardId, birth] of this.#births) {
      if (height >= birth) this.#judgeLastConfirmed(place, fullShardId, root.hash, birth, previous);
    }
  }

  #judgeLastConfirmed(place: CheckedBlock, fullShardId: number, hash: Hash32, birth: number, previous: Hash32): void {
    const shard = this.#database.source.shard(fullShardId);
    const last = this.#rootChain.lastConfirmed(fullShardId, place.height, birth)?.hash;
    const expected = this.#layout.lastConfirmedValue(last);
    this.#judge(place, shard.name, shard.rows, {
      key: this.#layout.lastConfirmed(hash),
      what: "the last block of the shard that is confirmed at this root block",
      isRight: (value) => bytesEqual(value, expected),
      isKept: () => place.height === birth || shard.rows.has(this.#layout.lastConfirmed(previous)),
    });
  }

  #blockRows(place: CheckedBlock, source: ShardSource, { hash, block, deposits }: DerivingBlock): ExpectedRow[] {
    const layout = this.#layout;
    const { height, prevMinorBlockHash: parent } = block.header;
    const hashes = deposits.map(({ txHash }) => txHash);
    const keptBefore = (keyOf: (hash: Hash32) => Uint8Array) => () => source.rows.has(keyOf(parent));
    const rows: ExpectedRow[] = [
      {
        key: layout.transactionCount(hash),
        what: "the number of transactions up to this block",
        isRight: (value) => this.#isRightCount(source, block, value),
        isKept: keptBefore(layout.transactionCount),
      },
      {
        key: layout.consumedHashes(hash),
        what: "the hashes of the deposits that this block consumed",
        isRight: (value) => bytesEqual(value, concatBytes(uint32ToBytes(hashes.length), ...hashes)),
        isKept: keptBefore(layout.consumedHashes),
      },
      {
        key: layout.consumed(hash),
        what: "the deposits that this block consumed",
        isRight: (value) => layout.isConsumed(value, deposits),
        isKept: keptBefore(layout.consumed),
      },
    ];
    if (place.root === null) return rows;
    const { committedValue } = layout;
    // pyquarkchain's genesis block is not marked, so the first block is judged by the one above it.
    const beside = height === 1 ? source.canonicalHashAt(2) : parent;
    const isKept = () => beside !== undefined && source.rows.has(layout.committed(beside));
    const isRight = (value: Uint8Array) => bytesEqual(value, committedValue);
    return [...rows, { key: layout.committed(hash), what: "the mark that this block is committed", isRight, isKept }];
  }

  /**
   * A count that continues the parent's, or the grandparent's where the parent's is the wrong one: one wrong row is one
   * finding.
   */
  #isRightCount(source: ShardSource, { header, transactions }: DerivingBlock["block"], value: Uint8Array): boolean {
    const parent = this.#countAfter(source, header.prevMinorBlockHash);
    const isContinued = (from: number) => bytesEqual(value, uint32ToBytes((from + transactions.length) >>> 0));
    if (parent === undefined || isContinued(parent) || header.height < 2) return true;
    const before = source.minorBlock(header.prevMinorBlockHash);
    const grandparent = this.#countAfter(source, before.header.prevMinorBlockHash);
    return grandparent !== undefined && isContinued(grandparent + before.transactions.length);
  }

  #countAfter(source: ShardSource, hash: Hash32): number | undefined {
    const row = source.rows.get(this.#layout.transactionCount(hash));
    return row?.length === 4 ? new DataView(row.buffer, row.byteOffset).getUint32(0) : undefined;
  }

  #placeRows(source: ShardSource, { hash, block, deposits }: DerivingBlock): ExpectedRow[] {
    const layout = this.#layout;
    const { height } = block.header;
    const keepsDeposits = source.rows.has(layout.consumedHashes(hash));
    const hashes = [
      ...block.transactions.map((transaction) => transaction.hash),
      ...(keepsDeposits ? deposits.map(({ txHash }) => txHash) : []),
    ];
    return hashes.map((transactionHash, index) => ({
      key: layout.place(transactionHash),
      what: `the place of ${index < block.transactions.length ? "a transaction" : "a deposit"} of this block`,
      isRight: (value) =>
        bytesEqual(value, layout.placeValue({ hash, height }, index)) ||
        this.#isPlaceOf(source, transactionHash, value),
      isKept: ALWAYS,
    }));
  }

  /** One hash may stand for several deposits: the place of any of them is right. */
  #isPlaceOf(source: ShardSource, transactionHash: Hash32, value: Uint8Array): boolean {
    const { hash, index } = this.#layout.placeOf(value, source);
    if (hash === undefined || !source.hasMinorBlock(hash)) return false;
    const { transactions } = source.minorBlock(hash);
    if (index < transactions.length) return bytesEqual(transactions[index].hash, transactionHash);
    const consumed = source.rows.get(this.#layout.consumedHashes(hash));
    const offset = 4 + (index - transactions.length) * 32;
    return consumed !== undefined && bytesEqual(consumed.subarray(offset, offset + 32), transactionHash);
  }

  #historyRows(source: ShardSource, deriving: DerivingBlock): ExpectedRow[] {
    const { historyValue } = this.#layout;
    if (!this.#keepsHistory(source, deriving)) return [];
    const keys = [...this.#shardHistory(deriving), ...this.#addressHistory(deriving)];
    return keys.map((key) => always(key, "the history of the block's transactions and deposits", historyValue));
  }

  /** Written with the list of what the block consumed. */
  #keepsHistory(source: ShardSource, { hash }: DerivingBlock): boolean {
    return source.rows.has(this.#layout.consumed(hash));
  }

  #shardHistory({ block, deposits }: DerivingBlock): Uint8Array[] {
    const { height } = block.header;
    return [
      ...block.transactions.map((_, i) => this.#layout.shardHistory(height, false, i)),
      ...deposits.flatMap(({ isFromRootChain }, i) =>
        isFromRootChain ? [] : [this.#layout.shardHistory(height, true, i)],
      ),
    ];
  }

  /** A root block's coinbase of nothing appears nowhere (shard_db_operator.py __update_transaction_history_index_from_block). */
  #addressHistory({ block, deposits, parties }: DerivingBlock): Uint8Array[] {
    const { height } = block.header;
    return [
      ...parties.flatMap((addresses, i) =>
        addresses.map((address) => this.#layout.addressHistory(address, height, false, i)),
      ),
      ...deposits.flatMap(({ isFromRootChain, value, to }, i) =>
        isFromRootChain && value === 0n ? [] : [this.#layout.addressHistory(to.recipient, height, true, i)],
      ),
    ];
  }

  /** A key of the shard's history that belongs to nothing in the block ends the client's answer about it. */
  #judgeExtraHistory(place: CheckedBlock, source: ShardSource, deriving: DerivingBlock): void {
    if (!this.#keepsHistory(source, deriving)) return;
    const expected = new Set(this.#shardHistory(deriving).map((key) => Buffer.from(key).toString("latin1")));
    const prefix = this.#layout.shardHistory(deriving.block.header.height, false, 0).subarray(0, -5);
    for (const key of keysWith(source.rows, prefix, MAX_KEYS)) {
      if (expected.has(Buffer.from(key).toString("latin1"))) continue;
      this.#damage(place, "altered", source.name, key, "a history that names nothing of this block");
    }
  }

  #heightRow(height: number, hash: Hash32): ExpectedRow {
    return always(this.#layout.minorHashAt(height), "the height index", hash);
  }

  #judge(place: CheckedBlock, database: string, rows: KeyValueReader, expected: ExpectedRow): void {
    const value = rows.get(expected.key);
    if (value === undefined) {
      if (expected.isKept()) this.#damage(place, "missing", database, expected.key, expected.what);
    } else if (!isRight(expected, value)) this.#damage(place, "altered", database, expected.key, expected.what);
  }

  #damage(place: CheckedBlock, fault: "missing" | "altered", database: string, key: Uint8Array, what: string): void {
    const message = `${fault} row in ${database}: ${what}`;
    this.#findings.addDamage(place, new DatabaseDamagedError(message, { key: this.#layout.describeKey(key) }));
  }
}

/** What does not even decode is not right. */
function isRight({ isRight: judge }: ExpectedRow, value: Uint8Array): boolean {
  try {
    return judge(value);
  } catch (error) {
    if (error instanceof CodecError) return false;
    throw error;
  }
}
