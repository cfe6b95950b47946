import type { ConsensusType } from "../chain/consensus-type.ts";
import { type MinorBlock, type MinorBlockHeader, minorMiningHash } from "../chain/minor-block.ts";
import type { SealedType } from "../cl/pow/seal-hasher.ts";
import { ZERO_HASH } from "../codec/bytes.ts";
import { type Clock, pause } from "../codec/clock.ts";
import { reasonOf } from "../codec/errors.ts";
import { EMPTY_QKC_ADDRESS } from "../codec/wire.ts";
import type { MinedBlocks } from "./mined-blocks.ts";
import type { SealSearch } from "./seal-search.ts";
import type { TemplateMaker } from "./template-maker.ts";
import { withMined } from "./tracking-data.ts";

export interface LocalMinerParts {
  readonly consensusType: ConsensusType;
  /** ENABLE_QKCHASHX_HEIGHT */
  readonly qkchashXFrom: number | null;
  readonly templates: Pick<TemplateMaker, "make">;
  readonly mined: Pick<MinedBlocks, "add">;
  readonly seals: SealSearch;
  /** Whether blocks are not to be made now, because the shard syncs. */
  readonly isSyncing: () => boolean;
  /** In milliseconds since 1970. */
  readonly clock: Clock;
  /** From 0 to 1 exclusively. */
  readonly random: () => number;
  readonly log: (level: "warn" | "error", line: string) => void;
}

/** How often it is looked whether the shard still syncs (pyquarkchain cluster/shard.py __create_block). */
const SYNC_POLL_MS = 100;
/** A real block that is sought for longer is begun anew, with what has come to the pool. */
const RENEW_MS = 10_000;
/** After a failure, so that it is not met a thousand times a second. */
const FAILURE_PAUSE_MS = 1000;
/** A full block comes in six tenths of the time: what it takes to compute is meant to make up for it (miner.py _get_block_time). */
const GAS_WEIGHT = 0.4;

/**
 * Mines one shard here (pyquarkchain cluster/miner.py Miner). Blocks of POW_SIMULATE come after a random time; real seals
 * are sought in a thread, at the header's full difficulty. Other than pyquarkchain it goes on after having been stopped
 * and started again, and leaves work on what is the head no longer.
 */
export class LocalMiner {
  readonly #parts: LocalMinerParts;
  /** Seconds between simulated blocks. */
  #targetBlockTime = 0;
  /** Ends what is being waited for; undefined while the miner is stopped. */
  #running: AbortController | undefined;
  /** Ends a search, for another one on a new template. */
  #renewal = new AbortController();
  #work: Promise<void> = Promise.resolve();

  constructor(parts: LocalMinerParts) {
    this.#parts = parts;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Starts, or where it has started already begins anew with another time between blocks. Seconds. */
  start(targetBlockTime: number): void {
    this.#targetBlockTime = targetBlockTime;
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    const before = this.#work;
    this.#work = before.then(() => this.#run(running.signal));
  }

  /** The master says other times while the miner runs; what is being waited for keeps its time, as in pyquarkchain. */
  setTargetBlockTime(targetBlockTime: number): void {
    this.#targetBlockTime = targetBlockTime;
  }

  stop(): void {
    this.#running?.abort();
    this.#running = undefined;
  }

  /** The head is another one: no seal is sought on the old one any more. Simulated blocks are made when their time comes. */
  headMoved(): void {
    this.#renewal.abort();
    this.#renewal = new AbortController();
  }

  /** Resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.stop();
    await this.#work;
    await this.#parts.seals.close();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { consensusType, clock, log } = this.#parts;
    if (consensusType === "NONE") return;
    if (consensusType !== "POW_SIMULATE")
      log("warn", "seals are sought by the slave itself, which is slow: REMOTE_MINE gives out work");
    let simulated: MinorBlock | undefined;
    while (!signal.aborted) {
      try {
        if (consensusType === "POW_SIMULATE") simulated = await this.#simulate(simulated, signal);
        else await this.#mine(consensusType, signal);
      } catch (error) {
        log("error", `mining fails: ${reasonOf(error)}`);
        simulated = undefined;
        await pause(clock, FAILURE_PAUSE_MS, signal);
      }
    }
  }

  /** One block, made only when its time has come. `last`: the block that told how full they are and when waiting began. */
  async #simulate(last: MinorBlock | undefined, signal: AbortSignal): Promise<MinorBlock | undefined> {
    const { clock, random } = this.#parts;
    const begun = last ?? (await this.#template(signal));
    if (begun === undefined) return undefined;
    const due = begun.header.createTime * 1000 + this.#blockTime(begun) * 1000;
    await pause(clock, Math.max(0, due - clock.now()), signal);
    const block = await this.#template(signal);
    if (block === undefined) return undefined;
    // miner.py handle_mined_block draws 32 bits where other seals have 64.
    const nonce = BigInt(Math.floor(random() * 2 ** 32));
    await this.#add(this.#sealed(block, { nonce, mixhash: ZERO_HASH }), signal);
    return block;
  }

  async #mine(type: SealedType, signal: AbortSignal): Promise<void> {
    const { seals, clock, qkchashXFrom } = this.#parts;
    const { signal: headMoved } = this.#renewal;
    const block = await this.#template(signal);
    if (block === undefined || headMoved.aborted) return;
    const { height, difficulty } = block.header;
    const miningHash = minorMiningHash(block.header);
    const job = { type, miningHash, height, difficulty, qkchashX: qkchashXFrom !== null && height >= qkchashXFrom };
    const stale = new AbortController();
    const timer = clock.after(RENEW_MS, () => stale.abort());
    try {
      const seal = await seals.find(job, AbortSignal.any([signal, headMoved, stale.signal]));
      if (seal !== undefined) await this.#add(this.#sealed(block, seal), signal);
    } finally {
      timer.cancel();
    }
  }

  /** Whoever stops the miner does not wait for acknowledgements, which may be long in coming. */
  async #add(block: MinorBlock, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    let stop = () => {};
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
    });
    signal.addEventListener("abort", stop);
    try {
      await Promise.race([this.#parts.mined.add(block), stopped]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** Undefined where the miner was stopped. */
  async #template(signal: AbortSignal): Promise<MinorBlock | undefined> {
    const { templates, isSyncing, clock } = this.#parts;
    while (isSyncing() && !signal.aborted) await pause(clock, SYNC_POLL_MS, signal);
    if (signal.aborted) return undefined;
    const block = await templates.make(EMPTY_QKC_ADDRESS);
    return signal.aborted ? undefined : block;
  }

  #sealed(block: MinorBlock, seal: Pick<MinorBlockHeader, "nonce" | "mixhash">): MinorBlock {
    const trackingData = withMined(block.trackingData, this.#parts.clock.now());
    return { ...block, header: { ...block.header, ...seal }, trackingData };
  }

  /** Seconds, exponentially distributed. */
  #blockTime({ header, meta }: MinorBlock): number {
    const used = header.gasLimit === 0n ? 0 : Number(meta.gasUsed) / Number(header.gasLimit);
    const mean = this.#targetBlockTime * (1 - used * GAS_WEIGHT);
    return -Math.log(1 - this.#parts.random()) * mean;
  }
}
