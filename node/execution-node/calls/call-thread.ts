import { parentPort, workerData } from "node:worker_threads";
import { ruleSet } from "../../el/evm/hardforks/rule-set.ts";
import { executionConfig } from "../../el/execution-config.ts";
import { openStore } from "../open-store.ts";
import { type CallThreadData, callFailureOf, type FromCallThread, type ToCallThread } from "./call-messages.ts";
import { runCall } from "./call-runner.ts";

/** A thread that runs one call after the other on a store that the main thread has open too, and only reads of it. */
async function main({ ruleSet: rulesName, ...data }: CallThreadData): Promise<void> {
  const rules = ruleSet(rulesName);
  const execution = executionConfig(data.config, data.fullShardId, rules);
  const store = await openStore({ ...data, rules, durability: "process", isShared: true });
  parentPort?.on("message", (call: ToCallThread) => {
    try {
      say({ type: "result", result: runCall({ execution, store }, call) });
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
