import { parentPort, workerData } from "node:worker_threads";
import { describeFailure, type RunFailure } from "../report/failure.ts";
import { type FromHost, HostFailure, type Pending, settle, type ToHost } from "./host-messages.ts";
import type { HostSpec } from "./host-spec.ts";
import { RunStopped, type SentList } from "./run-link.ts";
import { ShardHost } from "./shard-host.ts";

/** Entry of a thread that serves shards of a replay. */
const port = parentPort;
if (port === null) throw new Error("this module runs in a worker thread");
const say = (message: FromHost) => port.postMessage(message);

const deliveries = new Map<number, Pending>();
let lastDelivery = 0;
let host: ShardHost | undefined;

function deliver(lists: readonly SentList[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const id = ++lastDelivery;
    deliveries.set(id, { resolve, reject });
    say({ type: "deliver", id, lists });
  });
}

port.on("message", (message: ToHost) => {
  switch (message.type) {
    case "accept":
      void accept(message.id, message.lists);
      break;
    case "delivered":
      settle(deliveries, message.id, message.failure);
      break;
    case "reach":
      host?.reach(message.step);
      break;
    case "endWith":
      host?.endWith(message.step);
      break;
    case "stop":
      host?.stop();
      break;
    case "run":
      void run();
      break;
    case "close":
      void close();
  }
});

try {
  host = await ShardHost.open(workerData as HostSpec, {
    deliver,
    completed: (fullShardId, step) => say({ type: "completed", fullShardId, step }),
    diverged: (step, divergence, refusal) => say({ type: "diverged", step, divergence, refusal }),
  });
  say({ type: "opened", states: host.states });
} catch (error) {
  fail(error);
}

async function accept(id: number, lists: readonly SentList[]): Promise<void> {
  try {
    await host?.accept(lists);
    say({ type: "accepted", id });
  } catch (error) {
    say({ type: "accepted", id, failure: describeFailure(error) });
  }
}

async function run(): Promise<void> {
  try {
    await host?.run();
    say({ type: "finished", states: host?.states ?? [] });
  } catch (error) {
    fail(error);
  }
}

async function close(): Promise<void> {
  await host?.close();
  say({ type: "closed" });
  port?.close();
}

function fail(error: unknown): void {
  const failure: RunFailure = error instanceof HostFailure ? error.failure : describeFailure(error);
  say({ type: "failed", failure, stopped: error instanceof RunStopped, states: host?.states ?? [] });
}
