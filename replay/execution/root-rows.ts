import type { BlockCounts } from "../../node/archive/block-counts.ts";
import type { KeyValueReader } from "../../node/archive/key-value-reader.ts";
import type { MinorBlockHeader } from "../../node/chain/minor-block.ts";
import { MINIMUM_MINOR_HEADER_BYTES, minorHeaderHash, readMinorBlockHeader } from "../../node/chain/minor-block.ts";
import type { RootBlock } from "../../node/chain/root-block.ts";
import { readTokenBalances, type TokenBalances } from "../../node/chain/token-balances.ts";
import type { RootChain, RootChainBlock } from "../../node/cl/root-chain.ts";
import { bytesEqual, bytesKey, concatBytes, type Hash32, toHex, uint32ToBytes } from "../../node/codec/bytes.ts";
import { CodecError } from "../../node/codec/errors.ts";
import { WireReader } from "../../node/codec/wire.ts";
import type { RowLayout } from "../database/derived-rows.ts";
import { ALWAYS, always, type ExpectedRow } from "./expected-row.ts";

interface RootRowsOptions {
  readonly layout: RowLayout;
  readonly rows: KeyValueReader;
  /** Up to the last root block that is checked here, which need not be the tip. */
  readonly rootChain: RootChain;
  /** Of the database's root chain. */
  readonly tipHeight: number;
  /** The root block that follows on the database's root chain; undefined where there is none, or none can be read. */
  readonly blockAbove: (root: RootChainBlock) => RootBlock | undefined;
  /** Shards, and the root height at which each is born. */
  readonly births: ReadonlyMap<number, number>;
}

/** What the root chain's database has to say of each root block beside the block itself. */
export class RootRows {
  readonly #layout: RowLayout;
  readonly #rows: KeyValueReader;
  readonly #rootChain: RootChain;
  readonly #tipHeight: number;
  readonly #blockAbove: RootRowsOptions["blockAbove"];
  readonly #births: ReadonlyMap<number, number>;

  constructor({ layout, rows, rootChain, tipHeight, blockAbove, births }: RootRowsOptions) {
    this.#layout = layout;
    this.#rows = rows;
    this.#rootChain = rootChain;
    this.#tipHeight = tipHeight;
    this.#blockAbove = blockAbove;
    this.#births = births;
  }

  of(root: RootChainBlock): ExpectedRow[] {
    const { height, prevBlockHash } = root.block.header;
    const { rootHashAt } = this.#layout;
    // Nothing is judged with the genesis block itself.
    const genesis = height === 1 ? [always(rootHashAt(0), "the height index", prevBlockHash)] : [];
    return [
      ...genesis,
      always(rootHashAt(height), "the height index", root.hash),
      this.#lastHeaders(root),
      ...root.block.minorHeaders.flatMap((header, i) => this.#rowsOfMinor(root, header, i)),
      ...[...this.#births.keys()].map((fullShardId) => this.#blockCounts(root, fullShardId)),
    ];
  }

  #lastHeaders({ hash, block }: RootChainBlock): ExpectedRow {
    const { height } = block.header;
    const last = [...this.#births].flatMap(([fullShardId, birth]) => {
      const confirmed = this.#rootChain.lastConfirmed(fullShardId, height, birth);
      return confirmed === undefined ? [] : [toHex(confirmed.hash)];
    });
    return {
      key: this.#layout.lastHeaders(hash),
      what: "the last headers of all shards that are confirmed at this root block",
      // In the order in which a client's map has them.
      isRight: (value) => sorted(hashesOf(value)) === sorted(last),
      isKept: ALWAYS,
    };
  }

  #rowsOfMinor(root: RootChainBlock, header: MinorBlockHeader, i: number): ExpectedRow[] {
    const { layout, hash } = { layout: this.#layout, hash: root.minorHashes[i] };
    const of = `minor block ${header.branch}/${header.height}`;
    const confirming = (minor: Hash32, of: MinorBlockHeader) => layout.confirming(minor, of.branch);
    const { rootPlace } = layout;
    return [
      {
        key: layout.minorCoinbase(hash),
        what: `the coinbase of ${of}`,
        isRight: (value) => isSame(decodeCoinbase(value), header.coinbaseAmounts),
        isKept: () => this.#isKeptBeside(root, i, layout.minorCoinbase),
      },
      {
        key: confirming(hash, header),
        what: `the root block that confirms ${of}`,
        isRight: (value) => bytesEqual(value, root.hash),
        isKept: () => this.#isKeptBeside(root, i, confirming),
      },
      ...(rootPlace === undefined
        ? []
        : [always(rootPlace(hash), `the place of ${of} among root blocks`, concatBytes(root.hash, uint32ToBytes(i)))]),
    ];
  }

  /** Whether another minor block that this root block or the one before confirms has its row. */
  #isKeptBeside(root: RootChainBlock, i: number, keyOf: (hash: Hash32, header: MinorBlockHeader) => Uint8Array) {
    const { height } = root.block.header;
    const before = height > 0 ? [this.#rootChain.blockAt(height - 1)] : [];
    return [root, ...before].some(({ block, minorHashes }) =>
      minorHashes.some(
        (hash, at) => !bytesEqual(hash, root.minorHashes[i]) && this.#rows.has(keyOf(hash, block.minorHeaders[at])),
      ),
    );
  }

  /**
   * Both clients go on counting from the row before. After a reorganisation they rewrite the rows from the tip down, each upon
   * the former chain's (root_state.py __rewrite_block_index_to), and that stays in all rows to come: so a row that does not
   * continue the one before is wrong only where the next one says so too.
   */
  #blockCounts(root: RootChainBlock, fullShardId: number): ExpectedRow {
    const { height } = root.block.header;
    const mined = minersOf(root.block.minorHeaders, fullShardId);
    const before = this.#countsAt(fullShardId, height - 1);
    const expected = sum(before ?? NO_COUNTS, mined);
    return {
      key: this.#layout.blockCounts(fullShardId, height),
      what: `the blocks of shard ${fullShardId} by miner`,
      isRight: (value) => {
        if (isSame(this.#layout.readBlockCounts(value), expected)) return true;
        const next = height < this.#tipHeight ? this.#countsAt(fullShardId, height + 1) : undefined;
        if (next === undefined) return false;
        const above = this.#blockAbove(root);
        return above === undefined || !isSame(next, sum(expected, minersOf(above.minorHeaders, fullShardId)));
      },
      isKept: () => before !== undefined,
    };
  }

  /** Undefined where there is no row, or none that can be read: it is judged at its own height. */
  #countsAt(fullShardId: number, height: number): BlockCounts | undefined {
    const row = height > 0 ? this.#rows.get(this.#layout.blockCounts(fullShardId, height)) : undefined;
    if (row === undefined) return undefined;
    try {
      return this.#layout.readBlockCounts(row);
    } catch (error) {
      if (error instanceof CodecError) return undefined;
      throw error;
    }
  }
}

const NO_COUNTS: BlockCounts = new Map();

function minersOf(headers: readonly MinorBlockHeader[], fullShardId: number): BlockCounts {
  const counts = new Map<string, number>();
  for (const { branch, coinbaseAddress } of headers) {
    const miner = bytesKey(coinbaseAddress.recipient);
    if (branch === fullShardId) counts.set(miner, (counts.get(miner) ?? 0) + 1);
  }
  return counts;
}

function sum(some: BlockCounts, more: BlockCounts): BlockCounts {
  const counts = new Map(some);
  for (const [miner, count] of more) counts.set(miner, (counts.get(miner) ?? 0) + count);
  return counts;
}

function isSame<K, V>(some: ReadonlyMap<K, V>, others: ReadonlyMap<K, V>): boolean {
  return some.size === others.size && [...some].every(([key, value]) => others.get(key) === value);
}

function decodeCoinbase(row: Uint8Array): TokenBalances {
  const reader = new WireReader(row);
  const balances = readTokenBalances(reader, "minor coinbase");
  reader.expectEnd("minor coinbase");
  return balances;
}

function hashesOf(row: Uint8Array): string[] {
  const reader = new WireReader(row);
  const headers = reader.list32("last headers", MINIMUM_MINOR_HEADER_BYTES, readMinorBlockHeader);
  reader.expectEnd("last headers");
  return headers.map((header) => toHex(minorHeaderHash(header)));
}

function sorted(hashes: readonly string[]): string {
  return [...hashes].sort().join();
}
