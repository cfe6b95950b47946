import type { Hash32 } from "../codec/bytes.ts";
import { DatabaseDamagedError, NotADatabaseError } from "../codec/errors.ts";
import type { RootBlockRows, ShardBlockRows } from "./block-rows.ts";
import type { BlockSource, RootBlockSource } from "./block-source.ts";
import type { KeyValueReader } from "./key-value-reader.ts";
import { type StoreOptions, TableStore } from "./sstable/table-store.ts";
import type { LogStop } from "./sstable/wal.ts";

/** The databases of one data directory. */
export interface DatabaseFolders {
  /** The root chain's; undefined where only shard databases are present. */
  readonly root?: string;
  /** By full shard id. */
  readonly shards: ReadonlyMap<number, string>;
}

export interface ArchiveOptions extends StoreOptions {
  /** Puts something between a database and whoever reads it. */
  readonly wrapRows?: (rows: KeyValueReader, folder: string) => KeyValueReader;
}

/** The root chain's database, with what the client itself says of its chain: hints, to be proved by links. */
interface RootRows extends RootBlockRows {
  tipHash(): Hash32 | undefined;
  canonicalHashAt(height: number): Hash32 | undefined;
}

/** One database for the root chain and one for each shard, each opened when it is first needed. */
export abstract class ClientDatabase<Root extends RootRows, Shard extends ShardBlockRows> implements BlockSource {
  abstract readonly kind: BlockSource["kind"];
  abstract readonly rootFolderName: string;
  readonly hasRootDatabase: boolean;
  readonly fullShardIds: readonly number[];
  readonly #folders: DatabaseFolders;
  readonly #shards = new Map<number, Shard>();
  #root: Root | undefined;

  constructor(folders: DatabaseFolders) {
    this.#folders = folders;
    this.hasRootDatabase = folders.root !== undefined;
    this.fullShardIds = [...folders.shards.keys()].sort((a, b) => a - b);
  }

  protected abstract openRoot(folder: string): Root;

  protected abstract openShard(folder: string, fullShardId: number): Shard;

  abstract shardFolderName(fullShardId: number): string;

  /** The root chain's database, or undefined where only shard databases are present. */
  rootArchive(): Root | undefined {
    const folder = this.#folders.root;
    if (folder === undefined) return undefined;
    this.#root ??= openPart(() => this.openRoot(folder));
    return this.#root;
  }

  rootTipHash(): Hash32 | undefined {
    return this.rootArchive()?.tipHash();
  }

  rootHashHint(height: number): Hash32 | undefined {
    return this.rootArchive()?.canonicalHashAt(height);
  }

  rootGenesisHash(): Hash32 | undefined {
    return this.rootArchive()?.canonicalHashAt(0);
  }

  rootBlocks(): RootBlockSource {
    return this.rootArchive() ?? this.shard(this.fullShardIds[0]);
  }

  shard(fullShardId: number): Shard {
    const open = this.#shards.get(fullShardId);
    if (open !== undefined) return open;
    const folder = this.#folders.shards.get(fullShardId);
    if (folder === undefined) {
      const name = this.shardFolderName(fullShardId);
      throw new DatabaseDamagedError(
        `missing shard database: ${name} is not there (found: ${this.fullShardIds.join(", ") || "none"})`,
      );
    }
    const shard = openPart(() => this.openShard(folder, fullShardId));
    this.#refuseForeignShard(shard, folder);
    this.#shards.set(fullShardId, shard);
    return shard;
  }

  tornLogs(): readonly LogStop[] {
    return this.#stores().flatMap(({ logStops }) => logStops);
  }

  openingNotes(): readonly string[] {
    return this.#stores().flatMap(({ notes }) => notes.map(({ text }) => text));
  }

  #stores(): readonly TableStore[] {
    const databases = this.#root === undefined ? [...this.#shards.values()] : [this.#root, ...this.#shards.values()];
    return databases.flatMap(({ rows }) => (rows instanceof TableStore ? [rows] : []));
  }

  close(): void {
    this.#root?.close();
    for (const shard of this.#shards.values()) shard.close();
    this.#shards.clear();
    this.#root = undefined;
  }

  /** Folders that were exchanged would otherwise show as a flood of missing rows. */
  #refuseForeignShard(shard: Shard, folder: string): void {
    const genesisHash = shard.canonicalHashAt(0);
    if (genesisHash === undefined) return;
    const { branch } = shard.minorBlock(genesisHash).header;
    if (branch === shard.fullShardId) return;
    const name = this.shardFolderName(shard.fullShardId);
    throw new DatabaseDamagedError(
      `exchanged shard folders: ${name} holds the chain of shard ${branch}; give each folder its own name back`,
      { file: folder },
    );
  }
}

/** A folder that has its place in the data directory but holds no database is a part that is lost. */
function openPart<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof NotADatabaseError)) throw error;
    throw new DatabaseDamagedError(`incomplete data directory: ${error.message}`, {}, { cause: error });
  }
}
