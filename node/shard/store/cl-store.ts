import type { ClassicLevel } from "classic-level";
import { describeKey, heightKey, PREFIX, prefixedKey } from "../../archive/pyquarkchain/keys.ts";
import type { NamedDatabase } from "../../archive/rows.ts";
import { decodeRow } from "../../archive/rows.ts";
import { type CrossShardDepositList, decodeDepositList, encodeDepositList } from "../../chain/deposit.ts";
import { decodeMinorBlock, type MinorBlock } from "../../chain/minor-block.ts";
import { decodeRootBlock, type RootBlock, type RootBlockHeader, readRootBlockHeader } from "../../chain/root-block.ts";
import { asHash32, bytesEqual, compareBytes, concatBytes, type Hash32, toHex, utf8 } from "../../codec/bytes.ts";
import { DatabaseDamagedError, QkcError, rootReasonOf, UsageError } from "../../codec/errors.ts";
import { WireReader, WireWriter } from "../../codec/wire.ts";
import { openLevel } from "../../el/store/open-level.ts";
import type { ClBase } from "./cl-base.ts";
import { arrivalsKey, type ClBatch, type ClOperation, OWN_KEYS } from "./cl-batch.ts";
import {
  type BlockHistory,
  decodeDepositHashes,
  decodeHashes,
  decodeMinorRecord,
  decodeParties,
  decodeTips,
  type MinorRecord,
  type StoredTips,
} from "./cl-rows.ts";

/** Layout of the rows; a store of another one is refused. */
const SCHEMA_VERSION = 2;

const ZERO_BYTE = new Uint8Array(1);
/** Value of an index row over a base, or former base, whose own row counts no longer: no index row is a single byte. */
const GONE = ZERO_BYTE;
/** What keys of rows begin with that no client has. */
const OWN_PREFIX = utf8("qkc_");
/** Keys that are read at once: what most pages need. */
const HISTORY_PAGE = 64;

/** Whose rows a store holds. */
export interface ClStoreIdentity {
  readonly fullShardId: number;
  readonly rootGenesisHash: Hash32;
}

export interface ClStoreOptions {
  /** Whether what was written survives a power failure, not only the end of the process. */
  readonly sync?: boolean;
  /** What lies below the rows. */
  readonly base?: ClBase;
  /** Whether several threads of this process open it, of which one writes. */
  readonly isShared?: boolean;
}

type Level = ClassicLevel<Uint8Array, Uint8Array>;

/** What a store is kept in: a LevelDB, or rows in memory. */
export interface ClRows {
  /** For messages. */
  readonly location: string;
  getSync(key: Uint8Array): Uint8Array | undefined;
  /** All or nothing. */
  batch(operations: readonly ClOperation[]): Promise<void>;
  /** In their order. */
  keys(range: { readonly gte: Uint8Array; readonly lt: Uint8Array }): { all(): Promise<Uint8Array[]> };
  /** Those above `gt` and below `lt`, the greatest first, at most so many. */
  keysDown(range: { readonly gt: Uint8Array; readonly lt: Uint8Array }, limit: number): Promise<Uint8Array[]>;
  close(): Promise<void>;
}

/**
 * What the consensus side of one shard keeps: root blocks, the last block that each of them confirms, genesis blocks,
 * deposits received and consumed, and the index over them, under pyquarkchain's keys and encodings
 * (cluster/shard_db_operator.py). Blocks, states, receipts, heights and the transactions' own index are the execution
 * layer's. There is no tip: the newest root block that the run or the master names says where the chain stands.
 *
 * One process at a time has a store open. Reading is synchronous; a batch is written whole or not at all, and what was
 * written survives the end of the process, however it comes.
 */
export class ClStore {
  readonly fullShardId: number;
  readonly #level: ClRows;
  readonly #base: ClBase | undefined;
  readonly #database: NamedDatabase;

  /** Over rows that are open and this shard's, and what lies below them. */
  constructor(level: ClRows, fullShardId: number, base?: ClBase) {
    this.#level = level;
    this.#base = base;
    this.fullShardId = fullShardId;
    this.#database = { name: level.location, describeKey };
  }

  /** Creates the store where there is none. Throws as openLevel does, and UsageError for one of another chain. */
  static async open(
    folder: string,
    identity: ClStoreIdentity,
    { sync = false, base, isShared = false }: ClStoreOptions = {},
  ): Promise<ClStore> {
    const level = await openLevel(folder, { multithreading: isShared });
    try {
      await proveIdentity(level, identity);
      return new ClStore(rowsOf(level, sync), identity.fullShardId, base);
    } catch (error) {
      await level.close();
      throw error;
    }
  }

  /** Deposits a neighbour's block sent to this shard; undefined where no list was ever received. */
  depositList(sourceMinorHash: Hash32): CrossShardDepositList | undefined {
    const key = prefixedKey(PREFIX.receivedDeposits, sourceMinorHash);
    return this.#optional(key, decodeDepositList) ?? this.#base?.depositList(sourceMinorHash);
  }

  /** As depositList, as it is stored. */
  encodedDepositList(sourceMinorHash: Hash32): Uint8Array | undefined {
    const own = this.#row(prefixedKey(PREFIX.receivedDeposits, sourceMinorHash));
    const old = own === undefined ? this.#base?.depositList(sourceMinorHash) : undefined;
    return old === undefined ? own : encodeDepositList(old.deposits);
  }

  /** This shard's newest block that a stored root block or its ancestors confirm; undefined where none is. */
  lastConfirmed(rootHash: Hash32): Hash32 | undefined {
    const own = this.#row(prefixedKey(PREFIX.lastConfirmedMinor, rootHash));
    if (own === undefined) return this.#base?.hasRootBlock(rootHash) ? this.#base.lastConfirmed(rootHash) : undefined;
    return own.length === 0 ? undefined : asHash32(own);
  }

  /** Genesis block that hangs from a root block of the shard's genesis root height. */
  genesisBlock(rootHash: Hash32): MinorBlock | undefined {
    return (
      this.#optional(prefixedKey(PREFIX.genesis, rootHash), decodeMinorBlock) ?? this.#base?.genesisBlock(rootHash)
    );
  }

  hasRootBlock(rootHash: Hash32): boolean {
    return (
      this.#row(prefixedKey(PREFIX.rootBlock, rootHash)) !== undefined || this.#base?.hasRootBlock(rootHash) === true
    );
  }

  /** Throws DatabaseDamagedError where there is none. */
  rootBlock(rootHash: Hash32): RootBlock {
    const base = this.#baseOfRoot(rootHash);
    if (base !== undefined) return base.rootBlock(rootHash);
    return this.#required(prefixedKey(PREFIX.rootBlock, rootHash), "root block", decodeRootBlock);
  }

  rootHeader(rootHash: Hash32): RootBlockHeader {
    const base = this.#baseOfRoot(rootHash);
    if (base !== undefined) return base.rootHeader(rootHash);
    return this.#required(prefixedKey(PREFIX.rootBlock, rootHash), "root block", (bytes) =>
      readRootBlockHeader(new WireReader(bytes)),
    );
  }

  /** Whether a block is executed: its engine has called it valid and holds it. */
  hasMinorBlock(minorHash: Hash32): boolean {
    return this.#hasOwnBlock(minorHash) || this.#base?.minorRecord(minorHash) !== undefined;
  }

  /** A block that the base holds and these rows do not, with its body. */
  baseBlock(minorHash: Hash32): MinorBlock | undefined {
    return this.#baseOf(minorHash)?.findBlock(minorHash);
  }

  /** Header and meta of an executed block. */
  minorRecord(minorHash: Hash32): MinorRecord | undefined {
    const key = prefixedKey(OWN_KEYS.minorRecord, minorHash);
    return this.#optional(key, decodeMinorRecord) ?? this.#base?.minorRecord(minorHash);
  }

  /** Of the transactions whose deposits an executed block consumed. */
  consumedHashes(minorHash: Hash32): readonly Hash32[] {
    const base = this.#baseOf(minorHash);
    if (base !== undefined) return base.consumedHashes(minorHash);
    return this.#required(
      prefixedKey(PREFIX.consumedDepositHashes, minorHash),
      "consumed deposits",
      decodeDepositHashes,
    );
  }

  /** Of an executed block, with ENABLE_TRANSACTION_HISTORY. */
  history(minorHash: Hash32): BlockHistory {
    const base = this.#baseOf(minorHash);
    if (base !== undefined) return base.history(minorHash);
    return {
      parties: this.#required(prefixedKey(OWN_KEYS.parties, minorHash), "transaction parties", decodeParties),
      consumed: this.#required(prefixedKey(PREFIX.consumedDeposits, minorHash), "consumed deposits", decodeDepositList)
        .deposits,
    };
  }

  /** Whether a block is committed: all that it sends is stored at its destinations, and who has to know of it does. */
  isCommitted(minorHash: Hash32): boolean {
    if (this.#row(prefixedKey(PREFIX.committed, minorHash)) !== undefined) return true;
    return this.#baseOf(minorHash)?.minorRecord(minorHash) !== undefined;
  }

  /** Blocks that are executed and not committed, in no order. */
  async unfinished(): Promise<readonly Hash32[]> {
    const prefix = OWN_KEYS.unfinished;
    const end = Uint8Array.from(prefix);
    end[end.length - 1]++;
    const keys = await this.#level.keys({ gte: prefix, lt: end }).all();
    return keys.map((key) => asHash32(key.slice(prefix.length)));
  }

  /** Transactions of the chain up to and including an executed block. */
  transactionCount(minorHash: Hash32): number | undefined {
    const own = this.#optional(prefixedKey(PREFIX.transactionCount, minorHash), (bytes) =>
      new WireReader(bytes).uint32("transaction count"),
    );
    return own ?? (this.#base?.minorRecord(minorHash) && this.#base.transactionCount(minorHash));
  }

  /** The canonical block of a height. */
  hashAt(height: number): Hash32 | undefined {
    const row = this.#row(heightKey(PREFIX.minorHeightIndex, height));
    if (row === undefined) return this.#base?.canonicalHash(height);
    return this.#isGone(row) ? undefined : asHash32(row);
  }

  /** Keys of the history index above `end` up to and with `start`, the greatest first; read a page at a time. */
  historyKeys(start: Uint8Array, end: Uint8Array): AsyncGenerator<Uint8Array> {
    const own = this.#ownHistoryKeys(start, end);
    const old = this.#base?.historyKeys(start, end) ?? [];
    return mergedDescending(own, old, (key) => !this.#isGone(this.#row(key)));
  }

  async *#ownHistoryKeys(start: Uint8Array, end: Uint8Array): AsyncGenerator<Uint8Array> {
    // The first key behind `start` in the order of bytes.
    for (let lt = concatBytes(start, ZERO_BYTE); ; ) {
      const keys = await this.#level.keysDown({ gt: end, lt }, HISTORY_PAGE);
      yield* keys;
      if (keys.length < HISTORY_PAGE) return;
      lt = keys[keys.length - 1];
    }
  }

  /** Undefined before the shard's genesis. */
  tips(): StoredTips | undefined {
    return this.#optional(OWN_KEYS.tips, decodeTips);
  }

  /** Blocks that were executed with one write's rows; undefined behind the last one. */
  arrivals(unit: number): readonly Hash32[] | undefined {
    return this.#optional(arrivalsKey(unit), decodeHashes);
  }

  /** What who drives the chain has last said of itself. */
  mark(): Uint8Array | undefined {
    return this.#row(OWN_KEYS.mark);
  }

  async write(batch: ClBatch): Promise<void> {
    if (batch.operations.length === 0) return;
    try {
      await this.#level.batch(this.#base === undefined ? batch.operations : batch.operations.map(leavingTrace));
    } catch (error) {
      throw new QkcError(
        "STORAGE",
        `${this.#level.location} cannot be written (${rootReasonOf(error)}): see to the disk, then continue with --resume`,
        { cause: error },
      );
    }
  }

  async close(): Promise<void> {
    await this.#level.close();
  }

  /** Undefined where the base lacks a root block, or these rows have it. */
  #baseOfRoot(rootHash: Hash32): ClBase | undefined {
    if (this.#base === undefined || this.#row(prefixedKey(PREFIX.rootBlock, rootHash)) !== undefined) return undefined;
    return this.#base.hasRootBlock(rootHash) ? this.#base : undefined;
  }

  /** Undefined where there is none, or these rows have the block. */
  #baseOf(minorHash: Hash32): ClBase | undefined {
    return this.#base === undefined || this.#hasOwnBlock(minorHash) ? undefined : this.#base;
  }

  #hasOwnBlock(minorHash: Hash32): boolean {
    return this.#row(prefixedKey(OWN_KEYS.minorRecord, minorHash)) !== undefined;
  }

  #isGone(row: Uint8Array | undefined): boolean {
    return row !== undefined && bytesEqual(row, GONE);
  }

  /** What comes is a Buffer, whose slices are views: nobody here expects that. */
  #row(key: Uint8Array): Uint8Array | undefined {
    const row = this.#level.getSync(key);
    return row && new Uint8Array(row.buffer, row.byteOffset, row.length);
  }

  #required<T>(key: Uint8Array, what: string, decode: (bytes: Uint8Array) => T): T {
    const value = this.#optional(key, decode);
    if (value !== undefined) return value;
    throw new DatabaseDamagedError(`missing row in ${this.#database.name}: ${what} not found`, {
      key: this.#database.describeKey(key),
    });
  }

  #optional<T>(key: Uint8Array, decode: (bytes: Uint8Array) => T): T | undefined {
    const row = this.#row(key);
    return row === undefined ? undefined : decodeRow(this.#database, key, row, decode);
  }
}

/** An index row that is taken away leaves a trace over a base, which may hold one under the same key. */
function leavingTrace(operation: ClOperation): ClOperation {
  if (operation.type === "put" || OWN_PREFIX.every((byte, i) => operation.key[i] === byte)) return operation;
  return { type: "put", key: operation.key, value: GONE };
}

/** Keys of both, the greatest first, each once: those that `isThere` says of. */
async function* mergedDescending(
  own: AsyncIterable<Uint8Array>,
  old: Iterable<Uint8Array>,
  isThere: (key: Uint8Array) => boolean,
): AsyncGenerator<Uint8Array> {
  const below = old[Symbol.iterator]();
  let next = below.next();
  for await (const key of own) {
    for (; next.done !== true && compareBytes(next.value, key) >= 0; next = below.next()) {
      if (compareBytes(next.value, key) > 0) yield next.value;
    }
    if (isThere(key)) yield key;
  }
  for (; next.done !== true; next = below.next()) yield next.value;
}

function rowsOf(level: Level, sync: boolean): ClRows {
  return {
    location: level.location,
    getSync: (key) => level.getSync(key),
    batch: async (operations) => {
      // A chained batch takes a row as it comes; of an array every row is copied and looked up by name.
      const batch = level.batch();
      for (const operation of operations) {
        if (operation.type === "put") batch.put(operation.key, operation.value);
        else batch.del(operation.key);
      }
      await batch.write({ sync });
    },
    keys: (range) => level.keys(range),
    keysDown: (range, limit) => level.keys({ ...range, limit, reverse: true }).all(),
    close: () => level.close(),
  };
}

async function proveIdentity(level: Level, identity: ClStoreIdentity): Promise<void> {
  const stored = level.getSync(OWN_KEYS.identity);
  if (stored === undefined) {
    await level.put(OWN_KEYS.identity, encodeIdentity(identity), { sync: true });
    return;
  }
  const reader = new WireReader(stored);
  const version = reader.uint32("store version");
  if (version !== SCHEMA_VERSION) {
    throw new UsageError(
      `${level.location} has layout ${version} and this program knows ${SCHEMA_VERSION}: take a fresh folder`,
    );
  }
  if (bytesEqual(stored, encodeIdentity(identity))) return;
  const fullShardId = reader.uint32("store shard");
  const genesis = toHex(reader.hash32("store genesis"));
  throw new UsageError(
    `${level.location} belongs to shard ${fullShardId} of the chain with root genesis ${genesis}, not to shard ` +
      `${identity.fullShardId} of ${toHex(identity.rootGenesisHash)}: take a fresh folder`,
  );
}

function encodeIdentity({ fullShardId, rootGenesisHash }: ClStoreIdentity): Uint8Array {
  return new WireWriter(40).uint32(SCHEMA_VERSION).uint32(fullShardId).raw(rootGenesisHash).finish();
}
