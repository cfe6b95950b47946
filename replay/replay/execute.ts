import type { BlockSource } from "../../node/archive/block-source.ts";
import type { QuarkChainConfig } from "../../node/chain/config.ts";
import type { Refusal } from "../../node/engine/engine-api.ts";
import type { FoundDivergence } from "../report/schema.ts";
import { Coordinator, type HostHandle } from "./coordinator.ts";
import type { HostSpec } from "./host-spec.ts";
import { openLocalHost, openThreadHost } from "./hosts.ts";
import { RootRules } from "./root-rules.ts";
import type { EngineWrapper, HostEvents, ShardProgressState } from "./shard-host.ts";
import { StepPlan } from "./steps.ts";

export interface ExecuteRequest {
  /** One a thread; a single one runs in this thread. */
  readonly hosts: readonly HostSpec[];
  readonly source: BlockSource;
  readonly config: QuarkChainConfig;
  /** Module of the threads' entry. */
  readonly workerFile: URL;
  readonly heapMegabytes: number;
  /** Only in this thread. */
  readonly wrapEngine?: EngineWrapper;
  /** Called when everything is open: with what was verified before, and with what stops the run. */
  readonly onStart?: (states: readonly ShardProgressState[], stop: () => void) => void;
}

export interface ReplayOutcome {
  readonly states: readonly ShardProgressState[];
  /** The step that differs and ended the run; undefined where none does. */
  readonly endedWith: number | undefined;
  readonly divergences: readonly FoundDivergence[];
  /** What engines reject diverging blocks for, by the block's hash. */
  readonly refusals: ReadonlyMap<string, Refusal>;
  /** What kept the run from its end; RunStopped where it was stopped. */
  readonly failure: unknown;
}

/** Runs a replay with all its shards. Throws what keeps it from starting; a failure on the way is part of the outcome. */
export async function executeReplay(request: ExecuteRequest): Promise<ReplayOutcome> {
  const { plan: data } = request.hosts[0];
  const rules = new RootRules(request.source, request.config, new StepPlan(data, request.source.rootBlocks()));
  const coordinator = new Coordinator(rules, data.lastStep);
  const hosts: HostHandle[] = [];
  try {
    for (const spec of request.hosts) hosts.push(await openHost(request, spec, coordinator));
    request.onStart?.(statesOf(hosts), () => coordinator.stop());
    const failure = await coordinator.run(hosts).then(
      () => undefined,
      (error: unknown) => error,
    );
    return {
      states: statesOf(hosts),
      endedWith: coordinator.endsWith,
      divergences: coordinator.divergences,
      refusals: coordinator.refusals,
      failure,
    };
  } finally {
    await Promise.allSettled(hosts.map((host) => host.close()));
  }
}

function statesOf(hosts: readonly HostHandle[]): readonly ShardProgressState[] {
  return hosts.flatMap(({ states }) => states).sort((a, b) => a.fullShardId - b.fullShardId);
}

function openHost(request: ExecuteRequest, spec: HostSpec, events: HostEvents): Promise<HostHandle> {
  return request.hosts.length === 1
    ? openLocalHost(spec, events, request.wrapEngine)
    : openThreadHost(request.workerFile, spec, request.heapMegabytes, events);
}
