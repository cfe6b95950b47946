import type { MinorBlock } from "../../node/chain/minor-block.ts";
import { genesisBlockOf } from "../../node/cl/genesis-block.ts";
import { bytesEqual, type Hash32, toHex } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError } from "../../node/codec/errors.ts";
import type { NewPayloadResult } from "../../node/el/block-executor.ts";
import type { OpenDatabase } from "../database/open-database.ts";
import { AncestorStates } from "./ancestor-state.ts";
import type { ShardRig, ShardRigs } from "./shard-rig.ts";

/** The block of a shard that was executed last, and the state that its execution ended in. */
interface LastExecuted {
  readonly hash: Hash32;
  readonly stateRoot: Hash32;
}

/** The states that blocks of a database are executed on. */
export class ArchivedStates {
  readonly #database: OpenDatabase;
  readonly #rigs: ShardRigs;
  readonly #last = new Map<number, LastExecuted>();
  readonly #ancestors: AncestorStates;

  /** `warnings` are told how far an execution had to go back. */
  constructor(database: OpenDatabase, rigs: ShardRigs, warnings: Set<string>) {
    this.#database = database;
    this.#rigs = rigs;
    const execute = (rig: ShardRig, block: MinorBlock, parentRoot: Hash32) => this.execute(rig, block, parentRoot);
    this.#ancestors = new AncestorStates(database.source.kind, execute, warnings);
  }

  execute(rig: ShardRig, block: MinorBlock, parentRoot: Hash32): NewPayloadResult | Promise<NewPayloadResult> {
    // What an earlier execution found, of a payload that was refused or of a parent, is no fault of this one.
    rig.nodes.takeFaults();
    // Nor may the next block let go of what it left: that block was not found to be in the database.
    rig.nodes.keepProduced();
    return rig.engine.newPayload(rig.cl.payloadOf(block, parentRoot));
  }

  /** Call before a block is executed: holds what it produces where the database is pruned. Throws UnsupportedError. */
  prepare(rig: ShardRig, block: MinorBlock): void {
    this.#ancestors.prepare(rig, block);
  }

  /** Call after a block was executed. */
  executed(rig: ShardRig, hash: Hash32, stateRoot: Hash32): void {
    this.#last.set(rig.source.fullShardId, { hash, stateRoot });
    this.#ancestors.executed(rig, hash, stateRoot);
  }

  /** Whether the state after a block of this height may be missing from a database that is whole. */
  isPruned(rig: ShardRig, height: number): boolean {
    return this.#ancestors.isPruned(rig, height);
  }

  /**
   * The state that a block leaves for what builds on it: the one it declares. Where that was never stored because the
   * block does not come to it, its execution gives it, so that one wrong block does not make the following ones
   * unreadable; where it is pruned, the execution of the blocks since a stored one. Throws DatabaseDamagedError where
   * the block does come to it and the row is gone; for the block checked last that is reported already.
   */
  async stateAfter(fullShardId: number, hash: Hash32): Promise<Hash32> {
    const rig = this.#rigs.of(fullShardId);
    const declared = rig.cl.chain.get(hash).meta.stateRoot;
    if (rig.nodes.isArchived(declared)) return declared;
    const last = this.#last.get(fullShardId);
    if (last !== undefined && bytesEqual(last.hash, hash)) return last.stateRoot;
    const block = rig.source.minorBlock(hash);
    if (block.header.height > 0 && this.#ancestors.isPruned(rig, block.header.height)) {
      return this.#ancestors.stateAfter(rig, hash);
    }
    const stateRoot = await this.#computedState(fullShardId, rig, block);
    if (stateRoot === undefined) return declared;
    if (!bytesEqual(stateRoot, declared)) return stateRoot;
    const what = `the root node of the state after block ${block.header.height}, on which this block builds`;
    throw new DatabaseDamagedError(`missing row in ${rig.source.name}: ${what}`, { key: toHex(declared) });
  }

  /** Lets go of the states that stateAfter computed: those of blocks far apart would fill memory. */
  release(fullShardId: number): void {
    this.#last.delete(fullShardId);
    this.#ancestors.release(this.#rigs.of(fullShardId));
  }

  /** The state that a block comes to; undefined for one that cannot be executed. */
  async #computedState(fullShardId: number, rig: ShardRig, block: MinorBlock): Promise<Hash32 | undefined> {
    if (block.header.height === 0) {
      const rootHeader = rig.source.rootHeader(block.header.prevRootBlockHash);
      return genesisBlockOf(this.#database.config.quarkchain, fullShardId, rootHeader).meta.stateRoot;
    }
    const parent = rig.cl.chain.get(block.header.prevMinorBlockHash);
    const outcome = await this.execute(rig, block, parent.meta.stateRoot);
    return outcome.status === "EXECUTED" ? outcome.computed.stateRoot : undefined;
  }
}
