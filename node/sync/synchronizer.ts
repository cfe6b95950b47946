import type { MinorBlockHeader } from "../chain/minor-block.ts";
import { reasonOf } from "../codec/errors.ts";
import type { SyncParts } from "./sync-parts.ts";
import type { SyncPeer } from "./sync-peer.ts";
import { SyncTask } from "./sync-task.ts";

/** More peers than a cluster has; whoever has waited longest goes. */
const MOST_WAITING = 256;

/** What subscribers are told (subscription.py notify_sync); heights are left out while nothing is synced. */
export type SyncState =
  | { readonly isSyncing: false }
  | { readonly isSyncing: true; readonly currentBlock: number; readonly highestBlock: number };

/**
 * Brings a shard up to what peers announce, one task at a time (shard.py Synchronizer). While it does, the shard neither
 * takes pushed blocks nor mines. For each peer only what it announced last is waited for.
 */
export class Synchronizer {
  readonly #parts: SyncParts;
  readonly #waiting = new Map<SyncPeer, MinorBlockHeader>();
  readonly #listeners = new Set<(state: SyncState) => void>();
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(parts: SyncParts) {
    this.#parts = parts;
  }

  get isSyncing(): boolean {
    return this.#running !== undefined;
  }

  /** Tells of a state when it begins, after each batch of blocks and at the end. Returns what ends that. */
  onState(listener: (state: SyncState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Does nothing where it has been stopped, or the peer has left. */
  addTask(header: MinorBlockHeader, peer: SyncPeer): void {
    if (this.#isStopped || peer.signal.aborted) return;
    // A peer keeps its place.
    this.#waiting.set(peer, header);
    if (this.#waiting.size > MOST_WAITING) this.#waiting.delete(this.#waiting.keys().next().value as SyncPeer);
    if (this.#running !== undefined) return;
    this.#running = this.#run();
    this.#tell({ isSyncing: true, currentBlock: this.#headHeight, highestBlock: header.height });
  }

  /** Nothing is begun any more. Resolves when what was begun has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#waiting.clear();
    await this.idle();
  }

  /** Resolves when nothing is synced. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // Begins when whoever called is done.
    await undefined;
    for (let next = this.#next(); next !== undefined; next = this.#next()) await this.#sync(...next);
    this.#running = undefined;
    this.#tell({ isSyncing: false });
  }

  #next(): readonly [SyncPeer, MinorBlockHeader] | undefined {
    for (const entry of this.#waiting) {
      const [peer] = entry;
      this.#waiting.delete(peer);
      if (!peer.signal.aborted) return entry;
    }
    return undefined;
  }

  async #sync(peer: SyncPeer, header: MinorBlockHeader): Promise<void> {
    const { chain, log } = this.#parts;
    const what = `shard ${chain.fullShardId}: sync to block ${header.height} of ${peer.name}`;
    try {
      const end = await new SyncTask(this.#parts, peer, header).run((currentBlock) =>
        this.#tell({ isSyncing: true, currentBlock, highestBlock: header.height }),
      );
      if (end.status === "synced") log("info", `${what}: done`);
      else log(end.status === "peer-closed" ? "warn" : "info", `${what}: ${end.status}: ${end.reason}`);
    } catch (error) {
      log("error", `${what}: ended by this node: ${reasonOf(error)}`);
    }
  }

  #tell(state: SyncState): void {
    for (const listener of this.#listeners) listener(state);
  }

  get #headHeight(): number {
    return this.#parts.chain.snapshot?.head.height ?? 0;
  }
}
