import { parentPort, workerData } from "node:worker_threads";
import { ruleSet } from "../../el/evm/hardforks/rule-set.ts";
import { executionConfig } from "../../el/execution-config.ts";
import { tracingMethods } from "../../engine/server/engine-methods.ts";
import { BlockDebugger } from "../debug/block-debugger.ts";
import { traceStored } from "../debug/stored-tracer.ts";
import { openStore } from "../open-store.ts";
import { type CallThreadData, callFailureOf, type FromCallThread, type ToCallThread } from "./call-messages.ts";
import { runCall } from "./call-runner.ts";

/** A thread that runs one call after the other on a store that the main thread has open too, and only reads of it. */
async function main({ ruleSet: rulesName, ...data }: CallThreadData): Promise<void> {
  const rules = ruleSet(rulesName);
  const execution = executionConfig(data.config, data.fullShardId, rules);
  const store = await openStore({ ...data, rules, durability: "process", isShared: true });
  const methods = tracingMethods(new BlockDebugger(execution, store));
  const answer = async (asked: ToCallThread) => {
    if (asked.kind === "method") return await methods[asked.name].call(asked.params);
    if (asked.kind === "trace") return traceStored({ execution, store, config: data.config }, asked);
    return runCall({ execution, store }, asked);
  };
  parentPort?.on("message", async (asked: ToCallThread) => {
    try {
      say({ type: "result", result: await answer(asked) });
    } catch (error) {
      say({ type: "failure", failure: callFailureOf(error) });
    }
  });
  say({ type: "ready" });
}

function say(message: FromCallThread): void {
  parentPort?.postMessage(message);
}

await main(workerData);
