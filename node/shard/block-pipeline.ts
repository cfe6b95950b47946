import { encodeDepositList } from "../chain/deposit.ts";
import { type MinorBlock, type MinorBlockHeader, minorHeaderHash } from "../chain/minor-block.ts";
import type { RootBlock } from "../chain/root-block.ts";
import { bytesKey, type Hash32, toHex } from "../codec/bytes.ts";
import { reasonOf } from "../codec/errors.ts";
import type { BlockIntake, Intake } from "./block-intake.ts";
import type { ExecutedBlock } from "./block-judge.ts";
import type { BlockOutcome, BlockRefusal, HeadMove, RootOutcome } from "./chain-types.ts";
import type { ShardChain } from "./shard-chain.ts";
import type { ShardSeals } from "./shard-seals.ts";

/** A list of deposits on its way. */
export interface OutgoingList {
  readonly destination: number;
  readonly sourceMinorHash: Hash32;
  /** As encodeDepositList writes it. */
  readonly encoded: Uint8Array;
}

/** Whom a shard tells what it has done. */
export interface Outlets {
  /** Resolves when every holder of every destination has stored the lists, which may take as long as one is away. */
  deliver(lists: readonly OutgoingList[], how: Intake["telling"]): Promise<void>;
  /** Resolves when the master has the header. */
  report(block: ExecutedBlock): Promise<void>;
  /** As report, for many at once. */
  reportTogether(headers: readonly MinorBlockHeader[]): Promise<void>;
  /** A block is stored; work on it began at `startedAt`, milliseconds since 1970. For statistics only. */
  stored(block: ExecutedBlock, startedAt: number): void;
  /** The head is another one: the pool, and whoever listens. */
  moved(move: HeadMove): void;
  /** Peers are told of the new head. */
  announce(): void;
  log(level: "info" | "warn" | "error", line: string): void;
}

export interface BlockPipelineParts {
  readonly chain: ShardChain;
  readonly outlets: Outlets;
  readonly seals: ShardSeals;
  /** Seconds since 1970. */
  readonly clock: () => number;
}

/**
 * The way of a block through a live shard: checked and executed, its lists acknowledged by every destination, its header by
 * the master, committed (pyquarkchain cluster/shard.py add_block, add_block_list_for_sync). Every block is told once at a
 * time, parents before children; what a crash or a lost link left untold is told as soon as somebody comes by it.
 */
export class BlockPipeline implements BlockIntake {
  readonly #parts: BlockPipelineParts;
  readonly #telling = new Map<string, Promise<void>>();

  constructor(parts: BlockPipelineParts) {
    this.#parts = parts;
  }

  async add(blocks: readonly MinorBlock[], how: Intake): Promise<readonly BlockOutcome[]> {
    const outcomes: BlockOutcome[] = [];
    const told: Promise<void>[] = [];
    try {
      for (const [i, block] of blocks.entries()) {
        const outcome = await this.#addBlock(block, how, blocks[i + 1]);
        outcomes.push(outcome);
        if (outcome.status === "refused") break;
        if (how.telling === "each") told.push(this.#tellOutcome(outcome));
      }
    } finally {
      // An engine that fails in the middle leaves blocks which are added: they are told all the same (P2).
      if (how.telling === "together") told.push(this.#tellTogether(outcomes));
      await Promise.all(told);
    }
    return outcomes;
  }

  /** A root block whose seal, merkle root and coinbase the master has judged. */
  async addRoot(block: RootBlock): Promise<RootOutcome> {
    const { chain, outlets } = this.#parts;
    const outcome = await chain.addRootBlock(block);
    if (outcome.status !== "added") return outcome;
    if (outcome.move !== undefined) outlets.moved(outcome.move);
    if (outcome.genesis !== undefined) await this.#tell(outcome.genesis.hash, outcome.genesis);
    return outcome;
  }

  /** As `reportAgain`, of one block (pyquarkchain cluster/shard.py __init_genesis_state at a start). */
  async tellAgain(hash: Hash32): Promise<void> {
    await this.#tell(hash);
  }

  async reportAgain(hashes: readonly Hash32[]): Promise<void> {
    await this.#tellTogether(hashes.map((hash) => ({ status: "known", hash, isCommitted: false })));
  }

  /** Tells what an earlier life left untold. */
  async finish(): Promise<void> {
    const unfinished = await this.#parts.chain.unfinished();
    await Promise.all(unfinished.map(({ hash }) => this.#tell(hash)));
  }

  /** While it is executed the seal of the next one is worked on. */
  async #addBlock(
    block: MinorBlock,
    { refuseOld, telling }: Intake,
    next: MinorBlock | undefined,
  ): Promise<BlockOutcome> {
    const { chain, outlets, seals, clock } = this.#parts;
    const startedAt = Date.now();
    const refusal =
      chain.statusOf(minorHeaderHash(block.header)) !== "unknown" ? undefined : await this.#refusalOf(block, refuseOld);
    if (refusal !== undefined) return refusal;
    if (next !== undefined) seals.foresee(next);
    const [outcome] = await chain.addBlocks([block], { now: clock(), refuseOld });
    if (outcome.status === "added") outlets.stored(outcome.executed, startedAt);
    if (outcome.status === "added" && outcome.move !== undefined) {
      outlets.moved(outcome.move);
      if (telling === "each") outlets.announce();
    }
    return outcome;
  }

  /** Why a block's seal or the block itself cannot be taken, before it is executed; undefined where nothing speaks against it. */
  async #refusalOf(block: MinorBlock, refuseOld: boolean): Promise<BlockRefusal | undefined> {
    const { chain, clock } = this.#parts;
    const refusal = chain.refusalOf(block, { now: clock(), refuseOld });
    return refusal ?? (await this.#sealRefusal(block));
  }

  /** Whatever the seal says is judged last: only a block that keeps every other rule is worth the work. */
  async #sealRefusal(block: MinorBlock): Promise<BlockRefusal | undefined> {
    const violations = await this.#parts.seals.violationsOf(block);
    if (violations.length === 0) return undefined;
    const { header } = block;
    return {
      status: "refused",
      hash: minorHeaderHash(header),
      header,
      reason: "invalid",
      verdict: { differences: [], violations },
    };
  }

  #tellOutcome(outcome: Taken): Promise<void> {
    if (outcome.status === "added") return this.#tell(outcome.executed.hash, outcome.executed);
    return outcome.isCommitted ? Promise.resolve() : this.#tell(outcome.hash);
  }

  /** One message to each destination, and one to the master with all headers. */
  async #tellTogether(outcomes: readonly BlockOutcome[]): Promise<void> {
    const taken = outcomes.filter((outcome) => outcome.status !== "refused");
    if (taken.length === 0) return;
    const others = taken.map((outcome) => this.#telling.get(bytesKey(hashOf(outcome))));
    const untold = taken.filter(
      (outcome, i) => others[i] === undefined && (outcome.status === "added" || !outcome.isCommitted),
    );
    const parent = this.#parentTold(hashOf(taken[0]));
    const telling = this.#tellGroup(untold, Promise.all([parent, ...others]));
    for (const outcome of untold) this.#remember(hashOf(outcome), telling);
    await telling;
  }

  async #tellGroup(untold: readonly Taken[], before: Promise<unknown>): Promise<void> {
    const { chain, outlets } = this.#parts;
    const blocks: ExecutedBlock[] = [];
    for (const outcome of untold) {
      blocks.push(outcome.status === "added" ? outcome.executed : await chain.finish(outcome.hash));
    }
    await Promise.all([before, outlets.deliver(blocks.flatMap(listsOf), "together")]);
    if (blocks.length === 0) return;
    await outlets.reportTogether(blocks.map(({ block }) => block.header));
    await chain.commit(blocks.map(({ hash }) => hash));
  }

  #tell(hash: Hash32, executed?: ExecutedBlock): Promise<void> {
    return this.#telling.get(bytesKey(hash)) ?? this.#remember(hash, this.#tellNow(hash, executed));
  }

  #remember(hash: Hash32, telling: Promise<void>): Promise<void> {
    const key = bytesKey(hash);
    this.#telling.set(key, telling);
    const forget = () => {
      if (this.#telling.get(key) === telling) this.#telling.delete(key);
    };
    telling.then(forget, (error: unknown) => {
      forget();
      this.#parts.outlets.log("error", `block ${toHex(hash)} is not committed yet: ${reasonOf(error)}`);
    });
    return telling;
  }

  async #tellNow(hash: Hash32, executed: ExecutedBlock | undefined): Promise<void> {
    const { chain, outlets } = this.#parts;
    const parent = this.#parentTold(hash);
    const block = executed ?? (await chain.finish(hash));
    await Promise.all([outlets.deliver(listsOf(block), "each"), parent]);
    await outlets.report(block);
    await chain.commit([hash]);
  }

  /** A master that hears of a child before its parent leaves both out of its root blocks (P19). */
  #parentTold(hash: Hash32): Promise<void> {
    const { chain } = this.#parts;
    const { height, prevMinorBlockHash } = chain.blocks.ref(hash);
    if (height === 0 || chain.statusOf(prevMinorBlockHash) !== "executed") return Promise.resolve();
    return this.#tell(prevMinorBlockHash);
  }
}

function listsOf({ hash, sends }: ExecutedBlock): OutgoingList[] {
  return [...sends].map(([destination, deposits]) => ({
    destination,
    sourceMinorHash: hash,
    encoded: encodeDepositList(deposits),
  }));
}

type Taken = Exclude<BlockOutcome, BlockRefusal>;

function hashOf(outcome: Taken): Hash32 {
  return outcome.status === "added" ? outcome.executed.hash : outcome.hash;
}
