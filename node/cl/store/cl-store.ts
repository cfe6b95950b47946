import { ClassicLevel } from "classic-level";
import { describeKey, PREFIX, prefixedKey } from "../../archive/pyquarkchain/keys.ts";
import type { NamedDatabase } from "../../archive/rows.ts";
import { decodeRow } from "../../archive/rows.ts";
import { type CrossShardDepositList, decodeDepositList } from "../../chain/deposit.ts";
import { decodeMinorBlock, type MinorBlock } from "../../chain/minor-block.ts";
import { asHash32, bytesEqual, type Hash32, toHex, utf8 } from "../../codec/bytes.ts";
import { DatabaseDamagedError, QkcError, UsageError } from "../../codec/errors.ts";
import { WireReader, WireWriter } from "../../codec/wire.ts";
import { type ClBatch, RUN_STATE_KEY } from "./cl-batch.ts";

/** Layout of the rows; a store of another one is refused. */
const SCHEMA_VERSION = 1;
const IDENTITY_KEY = utf8("qkc_cl_store");

/** Whose rows a store holds. */
export interface ClStoreIdentity {
  readonly fullShardId: number;
  readonly rootGenesisHash: Hash32;
}

type Level = ClassicLevel<Uint8Array, Uint8Array>;

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
  readonly #level: Level;
  readonly #database: NamedDatabase;

  private constructor(level: Level, fullShardId: number) {
    this.#level = level;
    this.fullShardId = fullShardId;
    this.#database = { name: level.location, describeKey };
  }

  /** Creates the store where there is none. Throws UsageError for one that is in use or belongs to another chain. */
  static async open(folder: string, identity: ClStoreIdentity): Promise<ClStore> {
    const level: Level = new ClassicLevel(folder, { keyEncoding: "view", valueEncoding: "view" });
    try {
      await level.open();
    } catch (error) {
      throw openError(folder, error);
    }
    try {
      await proveIdentity(level, identity);
      return new ClStore(level, identity.fullShardId);
    } catch (error) {
      await level.close();
      throw error;
    }
  }

  /** Deposits a neighbour's block sent to this shard; undefined where no list was ever received. */
  depositList(sourceMinorHash: Hash32): CrossShardDepositList | undefined {
    return this.#optional(prefixedKey(PREFIX.receivedDeposits, sourceMinorHash), decodeDepositList);
  }

  /** As depositList, as it is stored. */
  encodedDepositList(sourceMinorHash: Hash32): Uint8Array | undefined {
    return this.#row(prefixedKey(PREFIX.receivedDeposits, sourceMinorHash));
  }

  /** This shard's newest block that a stored root block or its ancestors confirm; undefined where none is. */
  lastConfirmed(rootHash: Hash32): Hash32 | undefined {
    return this.#optional(prefixedKey(PREFIX.lastConfirmedMinor, rootHash), (bytes) =>
      bytes.length === 0 ? undefined : asHash32(bytes),
    );
  }

  /** Genesis block that hangs from a root block of the shard's genesis root height. */
  genesisBlock(rootHash: Hash32): MinorBlock | undefined {
    return this.#optional(prefixedKey(PREFIX.genesis, rootHash), decodeMinorBlock);
  }

  /**
   * Whether a block is committed: its execution was acknowledged and all that it sends is stored at its destinations.
   * A block that only the execution layer holds is not.
   */
  isCommitted(minorHash: Hash32): boolean {
    return this.#row(prefixedKey(PREFIX.transactionCount, minorHash)) !== undefined;
  }

  /** Transactions of the chain up to and including a committed block. */
  transactionCount(minorHash: Hash32): number | undefined {
    return this.#optional(prefixedKey(PREFIX.transactionCount, minorHash), (bytes) =>
      new WireReader(bytes).uint32("transaction count"),
    );
  }

  /** What the run that writes this store has last said of itself. */
  runState(): Uint8Array | undefined {
    return this.#row(RUN_STATE_KEY);
  }

  async write(batch: ClBatch): Promise<void> {
    if (batch.operations.length === 0) return;
    try {
      await this.#level.batch(batch.operations);
    } catch (error) {
      throw new QkcError(
        "STORAGE",
        `${this.#level.location} cannot be written (${reasonOf(error)}): see to the disk, then continue with --resume`,
        { cause: error },
      );
    }
  }

  async close(): Promise<void> {
    await this.#level.close();
  }

  /** What comes is a Buffer, whose slices are views: nobody here expects that. */
  #row(key: Uint8Array): Uint8Array | undefined {
    const row = this.#level.getSync(key);
    return row && new Uint8Array(row.buffer, row.byteOffset, row.length);
  }

  #optional<T>(key: Uint8Array, decode: (bytes: Uint8Array) => T): T | undefined {
    const row = this.#row(key);
    return row === undefined ? undefined : decodeRow(this.#database, key, row, decode);
  }
}

async function proveIdentity(level: Level, identity: ClStoreIdentity): Promise<void> {
  const stored = level.getSync(IDENTITY_KEY);
  if (stored === undefined) {
    await level.put(IDENTITY_KEY, encodeIdentity(identity), { sync: true });
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

function openError(folder: string, error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "LEVEL_LOCKED") return new UsageError(`${folder} is in use by another process`);
  if (code === "LEVEL_CORRUPTION") {
    return new DatabaseDamagedError(`the store is damaged: ${reasonOf(error)}`, { file: folder });
  }
  return new UsageError(`${folder} cannot be opened: ${reasonOf(error)}`);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
