import type { QuarkChainConfig } from "../../../node/chain/config.ts";
import { encodeReceipt, mergeBloom, type Receipt } from "../../../node/chain/receipt.ts";
import type { NewPayloadResult } from "../../../node/el/block-executor.ts";
import type { Frame } from "../../../node/el/evm/frame.ts";
import { defineRules, QUARKCHAIN_RULES, type RuleDefinition } from "../../../node/el/evm/rules.ts";
import type { BlockObserver, ExecutionUnit } from "../../../node/el/evm/tracer.ts";
import { type ExecutionConfig, executionConfig } from "../../../node/el/execution-config.ts";
import { ExecutionLayer } from "../../../node/el/execution-layer.ts";
import { InProcessClient } from "../../../node/el/in-process-executor.ts";
import type { ExecutionPayload, ExecutionResult } from "../../../node/el/payload.ts";
import type { EvmState } from "../../../node/el/state/evm-state.ts";
import type { NodeStore } from "../../../node/el/state/node-store.ts";
import { orderedTrieRoot } from "../../../node/el/trie/ordered-trie-root.ts";
import type { Executor } from "../../execution/trial.ts";

export type Family = "interpreter" | "gas" | "state" | "receipts" | "cursor" | "fees";

/** Where the faulty instruction ran and did what it should not. */
interface Hit {
  readonly unit: ExecutionUnit | undefined;
  readonly pc: number;
  readonly depth: number;
}

/** Called by a fault of the interpreter where it acts. The frame stands behind the opcode. */
export type NoteHit = (frame: Frame) => void;

/** One place at which an execution is changed; exactly one part is given. */
export interface FaultParts {
  readonly rules?: Partial<RuleDefinition>;
  readonly config?: (config: ExecutionConfig) => ExecutionConfig;
  readonly payload?: (payload: ExecutionPayload) => ExecutionPayload;
  /** Methods that stand for the state's own. */
  readonly state?: (state: EvmState, payload: ExecutionPayload) => Partial<EvmState>;
  readonly receipt?: (receipt: Receipt) => Receipt;
  readonly computed?: (computed: ExecutionResult) => ExecutionResult;
}

export interface Fault {
  readonly family: Family;
  readonly name: string;
  /** Fields of the block that differ, and no others; absent: any. */
  readonly fields?: readonly string[];
  /** Fields of the first differing receipt, and no others; absent: any or none. */
  readonly receiptFields?: readonly string[];
  /** Instructions at which the executions part; absent: any, or none. */
  readonly opcodes?: readonly string[];
  /** The executions part where the fault first acted. */
  readonly partsAtHit?: true;
  readonly parts: (note: NoteHit) => FaultParts;
}

/** An execution with one fault, which tells where the fault acted. */
export interface FaultyExecutor extends Executor {
  /** Of the last execution. */
  readonly hits: readonly Hit[];
}

export function faultyExecutor(cluster: QuarkChainConfig, fullShardId: number, fault: Fault): FaultyExecutor {
  const hits: Hit[] = [];
  let unit: ExecutionUnit | undefined;
  const parts = fault.parts((frame) => hits.push({ unit, pc: frame.pc - 1, depth: frame.message.depth }));
  const rules = parts.rules === undefined ? QUARKCHAIN_RULES : defineRules({ ...QUARKCHAIN_RULES, ...parts.rules });
  const honest = executionConfig(cluster, fullShardId, rules);
  const config = parts.config?.(honest) ?? honest;
  return {
    name: `with a fault: ${fault.name}`,
    hits,
    execute(payload: ExecutionPayload, nodes: NodeStore, observer?: BlockObserver): NewPayloadResult {
      hits.length = 0;
      const given = parts.payload?.(payload) ?? payload;
      const result = new InProcessClient([new ExecutionLayer(config, nodes)]).newPayload(given, {
        tracer: observer?.tracer,
        wrapState: (state) => {
          const watched = observer?.wrapState?.(state) ?? state;
          return parts.state === undefined ? watched : overridden(watched, parts.state(watched, payload));
        },
        enterUnit: (entered) => {
          unit = entered;
          observer?.enterUnit(entered);
        },
        leaveUnit: (left, outcome) => {
          const { receipt } = outcome;
          observer?.leaveUnit(left, { ...outcome, receipt: receipt && (parts.receipt?.(receipt) ?? receipt) });
        },
      });
      if (result.status === "INVALID") return result;
      const receipts = parts.receipt === undefined ? result.computed : withReceipts(result.computed, parts.receipt);
      return { status: "EXECUTED", computed: parts.computed?.(receipts) ?? receipts };
    },
  };
}

function withReceipts(computed: ExecutionResult, change: (receipt: Receipt) => Receipt): ExecutionResult {
  const receipts = computed.receipts.map(change);
  const bloom = new Uint8Array(256);
  for (const receipt of receipts) mergeBloom(bloom, receipt.bloom);
  const receiptRoot = orderedTrieRoot(receipts.map(encodeReceipt), { put: () => {} });
  return { ...computed, receipts, bloom, receiptRoot };
}

/** The state with some methods replaced; everything else reaches it as it is. */
function overridden(state: EvmState, methods: Partial<EvmState>): EvmState {
  return new Proxy(state, {
    get(target, name) {
      const value = Reflect.get(name in methods ? methods : target, name, name in methods ? methods : target);
      return typeof value === "function" ? value.bind(name in methods ? methods : target) : value;
    },
    set(target, name, value) {
      return Reflect.set(name in methods ? methods : target, name, value, name in methods ? methods : target);
    },
  });
}
