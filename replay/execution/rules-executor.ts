import type { QuarkChainConfig } from "../../node/chain/config.ts";
import type { NewPayloadResult } from "../../node/el/block-executor.ts";
import type { Rules } from "../../node/el/evm/rules.ts";
import type { BlockObserver } from "../../node/el/evm/tracer.ts";
import { executionConfig } from "../../node/el/execution-config.ts";
import { ExecutionLayer } from "../../node/el/execution-layer.ts";
import { InProcessClient } from "../../node/el/in-process-executor.ts";
import type { ExecutionPayload } from "../../node/el/payload.ts";
import type { NodeStore } from "../../node/el/state/node-store.ts";
import type { Executor } from "./trial.ts";

/** Our own execution under a rule set. Nothing is cached from one block to the next. */
export function rulesExecutor(config: QuarkChainConfig, fullShardId: number, rules: Rules): Executor {
  const execution = executionConfig(config, fullShardId, rules);
  return {
    name: rules.name,
    execute(payload: ExecutionPayload, nodes: NodeStore, observer?: BlockObserver): NewPayloadResult {
      return new InProcessClient([new ExecutionLayer(execution, nodes)]).newPayload(payload, observer);
    },
  };
}
