import type { QuarkChainConfig } from "../../../node/chain/config.ts";
import { encodeReceipt, mergeBloom, type Receipt } from "../../../node/chain/receipt.ts";
import type { NewPayloadResult } from "../../../node/el/block-executor.ts";
import { defineRules, type RuleDefinition, type Rules } from "../../../node/el/evm/rules.ts";
import type { BlockObserver, ExecutionUnit, Tracer } from "../../../node/el/evm/tracer.ts";
import { type ExecutionConfig, executionConfig } from "../../../node/el/execution-config.ts";
import { ExecutionLayer } from "../../../node/el/execution-layer.ts";
import { InProcessClient } from "../../../node/el/in-process-executor.ts";
import type { ExecutionPayload, ExecutionResult } from "../../../node/el/payload.ts";
import type { EvmState } from "../../../node/el/state/evm-state.ts";
import type { NodeStore } from "../../../node/el/state/node-store.ts";
import type { WorldState } from "../../../node/el/state/world-state.ts";
import { orderedTrieRoot } from "../../../node/el/trie/ordered-trie-root.ts";
import type { Executor } from "../../execution/trial.ts";

/** Where an execution is done otherwise; made anew for each, so that its parts may remember what they saw. */
export interface Variation {
  readonly rules?: (rules: Rules) => Partial<RuleDefinition>;
  readonly cluster?: (config: QuarkChainConfig) => QuarkChainConfig;
  readonly config?: (config: ExecutionConfig) => ExecutionConfig;
  readonly payload?: (payload: ExecutionPayload) => ExecutionPayload;
  /** Methods that stand for the state's own. */
  readonly state?: (state: EvmState, world: WorldState) => Partial<EvmState>;
  /** Hears of messages; absent: nothing of it is needed. */
  readonly messages?: Pick<Tracer, "enterMessage">;
  /** Hears of every unit when it is left. */
  readonly left?: (unit: ExecutionUnit, gasUsed: bigint) => void;
  /** Of each unit that has one, in the order of execution. */
  readonly receipt?: (receipt: Receipt, unit: ExecutionUnit) => Receipt;
  readonly encodeReceipt?: (receipt: Receipt) => Uint8Array;
  readonly computed?: (computed: ExecutionResult) => ExecutionResult;
}

export type Vary = (payload: ExecutionPayload) => Variation;

/** An execution by `tested`, but for what `vary` makes other. */
export function variedExecutor(
  cluster: QuarkChainConfig,
  fullShardId: number,
  tested: Rules,
  name: string,
  vary: Vary,
): Executor {
  return {
    name,
    execute(given: ExecutionPayload, nodes: NodeStore, observer?: BlockObserver): NewPayloadResult {
      const variation = vary(given);
      const config = configOf(variation, cluster, fullShardId, tested);
      const payload = variation.payload?.(given) ?? given;
      const listener = new VariedObserver(variation, observer);
      const result = new InProcessClient([new ExecutionLayer(config, nodes)]).newPayload(payload, listener);
      if (result.status === "INVALID") return result;
      const receipts = withReceipts(variation, result.computed, listener.receipts);
      return { status: "EXECUTED", computed: variation.computed?.(receipts) ?? receipts };
    },
  };
}

function configOf({ rules, cluster, config }: Variation, given: QuarkChainConfig, fullShardId: number, tested: Rules) {
  const changed = rules === undefined ? tested : defineRules({ ...tested, ...rules(tested) });
  const made = executionConfig(cluster?.(given) ?? given, fullShardId, changed);
  return config?.(made) ?? made;
}

/** Stands between the execution and who listens to it. */
class VariedObserver implements BlockObserver {
  readonly tracer: Tracer | undefined;
  /** As they are to be, in the order of execution. */
  readonly receipts = new Map<ExecutionUnit["kind"], Receipt[]>();
  readonly #variation: Variation;
  readonly #observer: BlockObserver | undefined;

  constructor(variation: Variation, observer: BlockObserver | undefined) {
    this.#variation = variation;
    this.#observer = observer;
    this.tracer = tracerOf(variation, observer?.tracer);
  }

  wrapState(world: WorldState): EvmState {
    const watched = this.#observer?.wrapState?.(world) ?? world;
    const { state } = this.#variation;
    return state === undefined ? watched : overridden(watched, state(watched, world));
  }

  enterUnit(unit: ExecutionUnit): void {
    this.#observer?.enterUnit(unit);
  }

  leaveUnit(unit: ExecutionUnit, outcome: Parameters<BlockObserver["leaveUnit"]>[1]): void {
    const { receipt, left } = this.#variation;
    left?.(unit, outcome.gasUsed);
    const given = outcome.receipt && (receipt?.(outcome.receipt, unit) ?? outcome.receipt);
    if (given !== undefined) this.receipts.set(unit.kind, [...(this.receipts.get(unit.kind) ?? []), given]);
    this.#observer?.leaveUnit(unit, { ...outcome, receipt: given });
  }
}

function tracerOf({ messages }: Variation, tracer: Tracer | undefined): Tracer | undefined {
  if (messages === undefined) return tracer;
  return {
    enterMessage(message, callerGas, callerReserve) {
      messages.enterMessage(message, callerGas, callerReserve);
      tracer?.enterMessage(message, callerGas, callerReserve);
    },
    leaveMessage: (result) => tracer?.leaveMessage(result),
    ...(tracer?.step === undefined ? {} : { step: tracer.step.bind(tracer) }),
  };
}

function withReceipts(
  { receipt, encodeReceipt: encode = encodeReceipt }: Variation,
  computed: ExecutionResult,
  noted: VariedObserver["receipts"],
): ExecutionResult {
  if (receipt === undefined && encode === encodeReceipt) return computed;
  const receipts = [...(noted.get("transaction") ?? []), ...(noted.get("deposit") ?? [])];
  const bloom = new Uint8Array(256);
  for (const one of receipts) mergeBloom(bloom, one.bloom);
  return { ...computed, receipts, bloom, receiptRoot: rootOf(receipts.map(encode)) };
}

/** Of receipts in this order and encoding. */
export function rootOf(encoded: readonly Uint8Array[]): ExecutionResult["receiptRoot"] {
  return orderedTrieRoot(encoded, { put: () => {} });
}

/** The state with some methods replaced; everything else reaches it as it is. */
function overridden(state: EvmState, methods: Partial<EvmState>): EvmState {
  return new Proxy(state, {
    get(target, name) {
      const owner = name in methods ? methods : target;
      const value = Reflect.get(owner, name, owner);
      return typeof value === "function" ? value.bind(owner) : value;
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}
