import type { BlockSource } from "../../node/archive/block-source.ts";
import type { MinorBlock } from "../../node/chain/minor-block.ts";
import { bytesKey, type Hash32 } from "../../node/codec/bytes.ts";
import { UnsupportedError } from "../../node/codec/errors.ts";
import type { NewPayloadResult } from "../../node/el/block-executor.ts";
import { looksPruned, PRUNED_WINDOW } from "./pruned-states.ts";
import type { ShardRig } from "./shard-rig.ts";

/** goquarkchain's default mode stores the state of every 256th block and of the newest ones. */
const STORED_EVERY = 256;
/** Blocks executed again at most to reach a state. */
const MAX_STEPS_BACK = 16 * STORED_EVERY;
/** Rows held at most for the states between two stored ones. */
const MAX_HELD_BYTES = 512 * 1024 * 1024;

type Execute = (rig: ShardRig, block: MinorBlock, parentRoot: Hash32) => NewPayloadResult | Promise<NewPayloadResult>;

/** What is known of one shard's states that are not stored. */
interface ComputedStates {
  /** State root after each block that was executed since rows are held, by block hash. */
  readonly roots: Map<string, Hash32>;
  /** Heights / PRUNED_WINDOW around which states were found to be pruned. */
  readonly pruned: Set<number>;
}

/**
 * States that a pruned database does not have: computed from the nearest stored ancestor and held in memory until the
 * next stored state is reached. pyquarkchain never prunes, so there a missing state is damage. A goquarkchain database is
 * taken as pruned where states around the missing one are missing too (goquarkchain core/minorblockchain.go
 * WriteBlockWithState); rows below a state's root are never pruned alone, so their absence is damage everywhere.
 */
export class AncestorStates {
  readonly #kind: BlockSource["kind"];
  readonly #execute: Execute;
  /** Told how far a check had to go back. */
  readonly #warnings: Set<string>;
  readonly #shards = new Map<number, ComputedStates>();

  constructor(kind: BlockSource["kind"], execute: Execute, warnings: Set<string>) {
    this.#kind = kind;
    this.#execute = execute;
    this.#warnings = warnings;
  }

  /** Whether the state after a block of this height may be missing from a database that is whole. */
  isPruned({ source }: ShardRig, height: number): boolean {
    if (this.#kind === "pyquarkchain") return false;
    const { pruned } = this.#statesOf(source.fullShardId);
    const window = Math.floor(height / PRUNED_WINDOW);
    if (!pruned.has(window) && looksPruned(source, height)) pruned.add(window);
    return pruned.has(window);
  }

  /**
   * Call before a block is executed: holds the rows it produces where the database does not have them. Throws
   * UnsupportedError when too many are held already.
   */
  prepare(rig: ShardRig, block: MinorBlock): void {
    if (this.#kind === "pyquarkchain" || rig.nodes.isArchived(block.meta.stateRoot)) return;
    const { height } = block.header;
    if (!this.isPruned(rig, height)) return;
    this.#warnings.add(
      `shard ${rig.source.fullShardId} is pruned: states that are not stored are computed from the stored ones before them`,
    );
    holdProduced(rig, height);
  }

  /** Call after a block was executed: a stored state makes all that is held superfluous. */
  executed(rig: ShardRig, hash: Hash32, stateRoot: Hash32): void {
    if (!rig.nodes.isHolding) return;
    if (rig.nodes.isArchived(stateRoot)) this.release(rig);
    else this.#statesOf(rig.source.fullShardId).roots.set(bytesKey(hash), stateRoot);
  }

  /** Lets go of a shard's computed states with all rows that are held for them. */
  release(rig: ShardRig): void {
    rig.nodes.release();
    this.#statesOf(rig.source.fullShardId).roots.clear();
  }

  /**
   * The state after a block whose state is pruned, by executing the blocks since the nearest ancestor whose state is
   * there. Throws UnsupportedError naming heights where none is near enough, one of the blocks does not execute, or the
   * states between would take too much memory.
   */
  async stateAfter(rig: ShardRig, hash: Hash32): Promise<Hash32> {
    const { source } = rig;
    const { roots } = this.#statesOf(source.fullShardId);
    const { path, base } = this.#pathFrom(rig, hash);
    let stateRoot = base.stateRoot;
    if (path.length > 0) this.#tell(source.fullShardId, base.height, path.length);
    for (const step of path.reverse()) {
      const { height } = step.block.header;
      holdProduced(rig, height);
      const outcome = await this.#execute(rig, step.block, stateRoot);
      if (outcome.status === "INVALID") {
        throw new UnsupportedError(
          `the state after block ${height} is not stored (pruned) and cannot be computed: the block does not execute`,
        );
      }
      stateRoot = outcome.computed.stateRoot;
      roots.set(bytesKey(step.hash), stateRoot);
    }
    return stateRoot;
  }

  /** Blocks from `hash` back to one whose state is stored or was computed before; newest first. */
  #pathFrom(rig: ShardRig, hash: Hash32) {
    const { source } = rig;
    const { roots } = this.#statesOf(source.fullShardId);
    const path: { readonly hash: Hash32; readonly block: MinorBlock }[] = [];
    for (let at = hash; ; ) {
      const block = source.minorBlock(at);
      const { height, prevMinorBlockHash } = block.header;
      const computed = roots.get(bytesKey(at));
      if (computed !== undefined) return { path, base: { height, stateRoot: computed } };
      const { stateRoot } = block.meta;
      if (source.rows.has(stateRoot)) return { path, base: { height, stateRoot } };
      if (height === 0 || path.length === MAX_STEPS_BACK) {
        const wanted = path[0]?.block.header.height ?? height;
        throw new UnsupportedError(
          `the state after block ${wanted} is not stored (pruned), nor is any from block ${height} to ${wanted}: ` +
            `nothing can be executed there`,
        );
      }
      path.push({ hash: at, block });
      at = prevMinorBlockHash;
    }
  }

  #tell(fullShardId: number, baseHeight: number, blocks: number): void {
    const first = baseHeight + 1;
    const last = baseHeight + blocks;
    const range = blocks === 1 ? `block ${last}` : `blocks ${first} to ${last}`;
    this.#warnings.add(
      `shard ${fullShardId} is pruned: the state after block ${last} was computed from that after block ${baseHeight} by executing ${range} once more`,
    );
  }

  #statesOf(fullShardId: number): ComputedStates {
    let states = this.#shards.get(fullShardId);
    if (states === undefined) {
      states = { roots: new Map(), pruned: new Set() };
      this.#shards.set(fullShardId, states);
    }
    return states;
  }
}

function holdProduced({ nodes }: ShardRig, height: number): void {
  nodes.holdProduced();
  if (nodes.heldBytes <= MAX_HELD_BYTES) return;
  throw new UnsupportedError(
    `the state after block ${height} is not stored (pruned) and too far from a stored one: ` +
      `what the blocks between changed takes more than ${MAX_HELD_BYTES / 2 ** 20} MiB`,
  );
}
