import { QkcError } from "../../node/codec/errors.ts";
import type { Refusal } from "../../node/engine/engine-api.ts";
import type { FoundDivergence } from "../report/schema.ts";
import type { RootRules } from "./root-rules.ts";
import { RunStopped, type SentList } from "./run-link.ts";
import type { HostEvents, ShardProgressState } from "./shard-host.ts";

/** A host, in this thread or in another one. */
export interface HostHandle {
  readonly hosted: readonly number[];
  /** As they were when the host was opened, and as they are once it has run. */
  readonly states: readonly ShardProgressState[];
  accept(lists: readonly SentList[]): Promise<void>;
  reach(step: number): void;
  endWith(step: number): void;
  stop(): void;
  run(): Promise<void>;
  close(): Promise<void>;
}

/** Root blocks whose rules are judged before the shards need them. */
const ROOTS_AHEAD = 4;

/**
 * Ties the hosts of a run together: carries lists to their destinations, and knows the step that every shard has
 * completed. A divergence ends the run behind its step, which all shards still finish; of several steps the first counts.
 */
export class Coordinator implements HostEvents {
  readonly #rootRules: RootRules;
  readonly #lastStep: number;
  readonly #completed = new Map<number, number>();
  readonly #divergences: { readonly step: number; readonly divergence: FoundDivergence }[] = [];
  readonly #refusals = new Map<string, Refusal>();
  readonly #hostOf = new Map<number, HostHandle>();
  #hosts: readonly HostHandle[] = [];
  #reached = -1;
  #rootsChecked = -1;
  #rootsDiffer = false;
  #endsWith: number | undefined;

  constructor(rootRules: RootRules, lastStep: number) {
    this.#rootRules = rootRules;
    this.#lastStep = lastStep;
  }

  /** Divergences of the step with which the run ended; empty where none did. */
  get divergences(): readonly FoundDivergence[] {
    return this.#divergences.filter(({ step }) => step === this.#endsWith).map(({ divergence }) => divergence);
  }

  /** What engines reject diverging blocks for, by the block's hash. */
  get refusals(): ReadonlyMap<string, Refusal> {
    return this.#refusals;
  }

  /** The step that differs; undefined where none does. */
  get endsWith(): number | undefined {
    return this.#endsWith;
  }

  /** Runs the hosts to their end. Throws the first failure when all of them have stopped. */
  async run(hosts: readonly HostHandle[]): Promise<void> {
    this.#hosts = hosts;
    for (const host of hosts) {
      for (const id of host.hosted) this.#hostOf.set(id, host);
      for (const { fullShardId, state } of host.states) this.#completed.set(fullShardId, state.step);
    }
    // What any shard has committed was judged before.
    this.#rootsChecked = Math.max(...this.#completed.values());
    this.#advance();
    const failures: unknown[] = [];
    const runs = hosts.map(async (host) => {
      try {
        await host.run();
      } catch (error) {
        failures.push(error);
        this.stop();
      }
    });
    await Promise.all(runs);
    // Whoever differed first, the report names all that differs in that step.
    if (this.#endsWith !== undefined) this.#checkRoots(this.#endsWith);
    if (failures.length > 0) throw firstCause(failures);
  }

  /** Every shard stops at its next block. */
  stop(): void {
    for (const host of this.#hosts) host.stop();
  }

  async deliver(lists: readonly SentList[]): Promise<void> {
    const byHost = new Map<HostHandle, SentList[]>();
    for (const list of lists) {
      const host = this.#hostOf.get(list.destination);
      if (host === undefined)
        throw new QkcError("INTERNAL", `a list goes to shard ${list.destination}, which no host serves`);
      const mine = byHost.get(host);
      if (mine === undefined) byHost.set(host, [list]);
      else mine.push(list);
    }
    await Promise.all([...byHost].map(([host, mine]) => host.accept(mine)));
  }

  completed(fullShardId: number, step: number): void {
    const before = this.#completed.get(fullShardId);
    if (before === undefined || step !== before + 1) {
      throw new QkcError("INTERNAL", `shard ${fullShardId} completes step ${step} behind step ${before}`);
    }
    this.#completed.set(fullShardId, step);
    this.#advance();
  }

  diverged(step: number, divergence: FoundDivergence, refusal?: Refusal): void {
    this.#divergences.push({ step, divergence });
    if (refusal !== undefined) this.#refusals.set(divergence.hash, refusal);
    if (this.#endsWith !== undefined && this.#endsWith <= step) return;
    this.#endsWith = step;
    for (const host of this.#hosts) host.endWith(step);
  }

  #advance(): void {
    const completed = Math.min(...this.#completed.values());
    this.#checkRoots(Math.min(completed + ROOTS_AHEAD, this.#lastStep));
    const reached = Math.min(completed, this.#rootsChecked);
    if (reached <= this.#reached) return;
    this.#reached = reached;
    for (const host of this.#hosts) host.reach(reached);
  }

  #checkRoots(last: number): void {
    while (!this.#rootsDiffer && this.#rootsChecked < Math.min(last, this.#endsWith ?? last)) {
      const step = this.#rootsChecked + 1;
      const divergence = this.#rootRules.check(step);
      this.#rootsDiffer = divergence !== undefined;
      if (divergence !== undefined) this.diverged(step, divergence);
      else this.#rootsChecked = step;
    }
  }
}

/** Parts that were stopped because another one failed say nothing. */
function firstCause(failures: readonly unknown[]): unknown {
  return failures.find((failure) => !(failure instanceof RunStopped)) ?? failures[0];
}
