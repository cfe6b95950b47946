import {
  decodeMinorBlock,
  encodeMinorBlock,
  type MinorBlock,
  minorHeaderHash,
  minorMetaHash,
} from "../../chain/minor-block.ts";
import {
  asHash32,
  bigIntToMinimalBytes,
  bytesEqual,
  bytesToBigInt,
  concatBytes,
  EMPTY_BYTES,
  type Hash32,
  toHex,
  utf8,
  ZERO_HASH,
} from "../../codec/bytes.ts";
import { CodecError, DatabaseDamagedError, type QkcError } from "../../codec/errors.ts";
import { RecentByHash } from "../../codec/recent-map.ts";
import { type BlockRecord, decodeBlockRecord, encodeBlockRecord } from "./block-record.ts";
import {
  type Forkchoice,
  NO_FORKCHOICE,
  readForkchoice,
  readPlace,
  type TransactionPlace,
  writeForkchoice,
  writePlace,
} from "./chain-marks.ts";
import type { ExecutionBase } from "./execution-base.ts";
import { groundChanges, type PlacedBlock } from "./ground.ts";
import { GroupCommit } from "./group-commit.ts";
import type { RowChange, RowStore } from "./row-store.ts";
import { checkIdentity, encodeIdentity, type StoreIdentity } from "./store-identity.ts";
import { hashRowKey, heightRowKey, namedRowKey, ROW, readHeightRowKey } from "./store-keys.ts";
import { type NodeLayer, StoredNodes } from "./stored-nodes.ts";

export interface ExecutionStoreOptions {
  /** Folder, for messages. */
  readonly name: string;
  readonly identity: StoreIdentity;
  /** Whether commits wait for the disk, or only for the operating system. */
  readonly sync: boolean;
  /** Memory for trie nodes and code. */
  readonly cacheBytes: number;
  /** What lies below the store's own rows. */
  readonly base?: ExecutionBase;
}

const IDENTITY_KEY = namedRowKey("identity");
const FORKCHOICE_KEY = namedRowKey("forkchoice");
const PRUNED_KEY = namedRowKey("pruned");
const GROUND_KEY = namedRowKey("ground");
const ZERO_BYTE = new Uint8Array(1);
/** The ancestors that BLOCKHASH reaches and what a reorganisation usually takes back, several times. */
const MAX_KNOWN_BLOCKS = 1024;
/** Between a block's execution and the moment it becomes canonical. */
const MAX_KNOWN_RECORDS = 64;

/**
 * One shard's chain as the execution layer keeps it: blocks with what they executed to, states, which blocks are
 * canonical. Every change is one commit: there entirely, or not at all.
 */
export class ExecutionStore {
  readonly nodes: StoredNodes;
  readonly #rows: GroupCommit;
  readonly #name: string;
  readonly #base: ExecutionBase | undefined;
  readonly #known = new RecentByHash<MinorBlock>(MAX_KNOWN_BLOCKS);
  readonly #knownRecords = new RecentByHash<BlockRecord>(MAX_KNOWN_RECORDS);
  #forkchoice: Forkchoice;
  #prunedBelow: number;
  /** Undefined where blocks begin with the genesis block. */
  #ground: number | undefined;

  private constructor(rows: GroupCommit, { name, cacheBytes, base }: ExecutionStoreOptions) {
    this.#rows = rows;
    this.#name = name;
    this.#base = base;
    this.nodes = new StoredNodes(rows, cacheBytes, base);
    const marks = rows.get(FORKCHOICE_KEY);
    this.#forkchoice = marks === undefined ? NO_FORKCHOICE : readForkchoice(marks);
    this.#prunedBelow = Number(bytesToBigInt(rows.get(PRUNED_KEY) ?? EMPTY_BYTES));
    const ground = rows.get(GROUND_KEY);
    this.#ground = ground && Number(bytesToBigInt(ground));
  }

  /** Takes `rows` over. Throws UsageError where they are another chain's, DatabaseDamagedError where the head is not whole. */
  static async open(rows: RowStore, options: ExecutionStoreOptions): Promise<ExecutionStore> {
    const commits = new GroupCommit(rows, options.sync);
    try {
      const stored = commits.get(IDENTITY_KEY);
      if (stored !== undefined) checkIdentity(options.name, Buffer.from(stored).toString("utf8"), options.identity);
      else await commits.commit([{ key: IDENTITY_KEY, value: utf8(encodeIdentity(options.identity)) }]);
      const store = new ExecutionStore(commits, options);
      store.#checkHead();
      return store;
    } catch (error) {
      await commits.close();
      throw error;
    }
  }

  get forkchoice(): Forkchoice {
    return this.#forkchoice;
  }

  /** States of lower blocks may be gone. */
  get prunedBelow(): number {
    return this.#base === undefined ? Math.max(this.#prunedBelow, this.#ground ?? 0) : this.#prunedBelow;
  }

  /** Height of the first block that is here with what its execution left: what lies below was put away with the base. */
  get firstHeight(): number {
    return this.#base === undefined && this.#ground !== undefined ? this.#ground + 1 : 0;
  }

  /** Throws what ended writing, if something did: see GroupCommit. */
  assertWritable(): void {
    this.#rows.assertWritable();
  }

  /** Calls `listener` when the store cannot be written any more. */
  onWriteFailure(listener: (error: QkcError) => void): void {
    this.#rows.onFailure(listener);
  }

  /** Fulfilled when every commit so far is written. */
  committed(): Promise<void> {
    return this.#rows.committed();
  }

  /** Whether a block is here with the state that it ends with, which may be pruned since. */
  hasExecuted(hash: Hash32): boolean {
    if (this.#hasOwnRecord(hash)) return true;
    const block = this.findBlock(hash);
    return block !== undefined && this.nodes.has(block.meta.stateRoot);
  }

  /** Whether record() gives what a block's execution left: of a block that a chain was put on, nothing is kept. */
  hasRecord(hash: Hash32): boolean {
    return this.#hasOwnRecord(hash) || this.#base?.findBlock(hash) !== undefined;
  }

  findBlock(hash: Hash32): MinorBlock | undefined {
    const known = this.#known.get(hash);
    if (known !== undefined) return known;
    const row = this.#rows.get(hashRowKey(ROW.block, hash));
    if (row === undefined) return this.#base?.findBlock(hash);
    const block = this.#decoded(hash, () => decodeMinorBlock(row));
    const isProved =
      bytesEqual(minorHeaderHash(block.header), hash) && bytesEqual(minorMetaHash(block.meta), block.header.metaHash);
    if (!isProved) throw this.#altered(hash, "it does not hash to its key");
    this.#known.set(hash, block);
    return block;
  }

  /** Throws DatabaseDamagedError where the block is not there although something names it. */
  block(hash: Hash32): MinorBlock {
    const block = this.findBlock(hash);
    if (block !== undefined) return block;
    throw new DatabaseDamagedError(`${this.#name} lacks a block that it names`, { key: toHex(hash) });
  }

  /** What a stored block's execution left. */
  record(hash: Hash32): BlockRecord {
    const known = this.#knownRecords.get(hash);
    if (known !== undefined) return known;
    const row = this.#rows.get(hashRowKey(ROW.execution, hash));
    if (row !== undefined) return this.#decoded(hash, () => decodeBlockRecord(row));
    if (this.#base?.findBlock(hash) !== undefined) return this.#base.record(hash);
    throw new DatabaseDamagedError(`${this.#name} lacks what a block executed to`, { key: toHex(hash) });
  }

  canonicalHash(height: number): Hash32 | undefined {
    const own = this.#ownCanonicalHash(height);
    if (own !== undefined || this.#base === undefined) return own;
    const head = this.#headHeight();
    // The base goes on above a head that was set back below its own.
    return head === undefined || height <= head ? this.#base.canonicalHash(height) : undefined;
  }

  isCanonical(hash: Hash32, height: number): boolean {
    const canonical = this.canonicalHash(height);
    return canonical !== undefined && bytesEqual(canonical, hash);
  }

  placeOf(transactionHash: Hash32): TransactionPlace | undefined {
    const row = this.#rows.get(hashRowKey(ROW.place, transactionHash));
    if (row !== undefined) return readPlace(row);
    const place = this.#base?.placeOf(transactionHash);
    if (place === undefined) return undefined;
    return this.isCanonical(place.blockHash, this.block(place.blockHash).header.height) ? place : undefined;
  }

  /** Hashes of all stored blocks, side blocks among them, of heights from `from` to before `to`. */
  async blocksBetween(from: number, to: number): Promise<{ readonly height: number; readonly hash: Hash32 }[]> {
    const range = { from: heightRowKey(ROW.height, from), to: heightRowKey(ROW.height, to) };
    return (await this.#rows.keys(range, -1)).map(readHeightRowKey);
  }

  /** Stores an executed block with the rows of its state. */
  async commitBlock(hash: Hash32, block: MinorBlock, record: BlockRecord, layer: NodeLayer): Promise<void> {
    const changes: RowChange[] = [
      { key: hashRowKey(ROW.block, hash), value: encodeMinorBlock(block) },
      { key: hashRowKey(ROW.execution, hash), value: encodeBlockRecord(record) },
      { key: heightRowKey(ROW.height, block.header.height, hash), value: EMPTY_BYTES },
    ];
    for (const { hash, value } of layer.produced.values()) changes.push({ key: hashRowKey(ROW.node, hash), value });
    const committed = this.#rows.commit(changes);
    this.nodes.keepAll(layer);
    this.#known.set(hash, block);
    this.#knownRecords.set(hash, record);
    await committed;
  }

  /** Makes the chain that ends at `forkchoice.head`, a stored block, canonical. */
  async commitForkchoice(forkchoice: Forkchoice): Promise<void> {
    const changes = [
      { key: FORKCHOICE_KEY, value: writeForkchoice(forkchoice) },
      ...this.#canonicalChanges(forkchoice.head),
    ];
    const committed = this.#rows.commit(changes);
    this.#forkchoice = forkchoice;
    await committed;
  }

  /** From now on states of blocks below `height` count as gone. */
  async commitPrunedBelow(height: number): Promise<void> {
    const committed = this.#rows.commit([{ key: PRUNED_KEY, value: bigIntToMinimalBytes(BigInt(height)) }]);
    this.#prunedBelow = height;
    await committed;
  }

  /** Stores rows of a state that another store or a base holds too. */
  async commitNodes(rows: readonly { readonly hash: Hash32; readonly value: Uint8Array }[]): Promise<void> {
    await this.#rows.commit(rows.map(({ hash, value }) => ({ key: hashRowKey(ROW.node, hash), value })));
  }

  /** Stores a block, whose state is here, with ancestors of it, ascending: the chain may stand on it without its base. */
  async commitGround(blocks: readonly PlacedBlock[]): Promise<void> {
    const changes = groundChanges(blocks);
    const { height } = blocks[blocks.length - 1].block.header;
    if (height > 0) changes.push({ key: GROUND_KEY, value: bigIntToMinimalBytes(BigInt(height)) });
    await this.#rows.commit(changes);
    this.#ground = height > 0 ? height : undefined;
  }

  /** At most `limit` hashes of trie nodes and code, behind `after` in the order of hashes. */
  async nodeHashes(after: Hash32 | undefined, limit: number): Promise<Hash32[]> {
    const from = after === undefined ? Uint8Array.of(ROW.node) : concatBytes(hashRowKey(ROW.node, after), ZERO_BYTE);
    const keys = await this.#rows.keys({ from, to: Uint8Array.of(ROW.node + 1) }, limit);
    return keys.map((key) => key.slice(1) as Hash32);
  }

  async deleteNodes(hashes: readonly Hash32[]): Promise<void> {
    const committed = this.#rows.commit(hashes.map((hash) => ({ key: hashRowKey(ROW.node, hash), value: null })));
    this.nodes.forget(hashes);
    await committed;
  }

  /** Finishes what was begun. */
  async close(): Promise<void> {
    await this.#rows.close();
  }

  #hasOwnRecord(hash: Hash32): boolean {
    return this.#knownRecords.has(hash) || this.#rows.get(hashRowKey(ROW.execution, hash)) !== undefined;
  }

  #ownCanonicalHash(height: number): Hash32 | undefined {
    const row = this.#rows.get(heightRowKey(ROW.canonical, height));
    return row === undefined ? undefined : asHash32(row);
  }

  /** Undefined before there is one. */
  #headHeight(): number | undefined {
    const { head } = this.#forkchoice;
    return bytesEqual(head, ZERO_HASH) ? undefined : this.block(head).header.height;
  }

  #decoded<T>(hash: Hash32, decode: () => T): T {
    try {
      return decode();
    } catch (error) {
      if (error instanceof CodecError) throw this.#altered(hash, error.message);
      throw error;
    }
  }

  #altered(hash: Hash32, reason: string): DatabaseDamagedError {
    return new DatabaseDamagedError(`altered row in ${this.#name}: of a block; ${reason}`, { key: toHex(hash) });
  }

  #canonicalChanges(head: Hash32): RowChange[] {
    const joining: Hash32[] = [];
    const { height } = this.block(head).header;
    for (let hash = head; ; ) {
      const { header } = this.block(hash);
      if (this.isCanonical(hash, header.height)) break;
      joining.push(hash);
      if (header.height === 0) break;
      hash = header.prevMinorBlockHash;
    }
    const changes = this.#leaving(height - joining.length + 1);
    for (const hash of joining.reverse()) {
      const block = this.block(hash);
      changes.push({ key: heightRowKey(ROW.canonical, block.header.height), value: hash });
      // Of a block of the base, the base knows the places.
      if (!this.#hasOwnRecord(hash)) continue;
      for (const [transactionHash, place] of this.#placesIn(hash, block)) {
        changes.push({ key: hashRowKey(ROW.place, transactionHash), value: writePlace(place) });
      }
    }
    return changes;
  }

  /** What takes the canonical blocks of `from` and above away; rows that other blocks need are written again later. */
  #leaving(from: number): RowChange[] {
    const changes: RowChange[] = [];
    const last = this.#headHeight() ?? -1;
    for (let height = from; height <= last; height++) {
      const hash = this.#ownCanonicalHash(height);
      // The base's, which stays where it is.
      if (hash === undefined) continue;
      changes.push({ key: heightRowKey(ROW.canonical, height), value: null });
      if (!this.#hasOwnRecord(hash)) continue;
      for (const [transactionHash] of this.#placesIn(hash, this.block(hash))) {
        changes.push({ key: hashRowKey(ROW.place, transactionHash), value: null });
      }
    }
    return changes;
  }

  *#placesIn(blockHash: Hash32, block: MinorBlock): Generator<[Hash32, TransactionPlace]> {
    if (block.header.height === 0) return;
    for (const [index, { hash }] of block.transactions.entries())
      yield [hash, { kind: "transaction", blockHash, index }];
    for (const [index, { txHash }] of this.record(blockHash).deposits.entries()) {
      yield [txHash, { kind: "deposit", blockHash, index }];
    }
  }

  /** A power failure without sync can lose what was written last: better to hear of it at once. */
  #checkHead(): void {
    const { head } = this.#forkchoice;
    if (bytesEqual(head, ZERO_HASH)) return;
    const { header, meta } = this.block(head);
    if (this.isCanonical(head, header.height) && this.nodes.has(meta.stateRoot)) return;
    throw new DatabaseDamagedError(`${this.#name} lacks the state or the index row of its head`, { key: toHex(head) });
  }
}
