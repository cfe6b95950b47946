import { parentPort, workerData } from "node:worker_threads";
import type { ShardOptions } from "./open-shard.ts";
import { type Port, PortCalls } from "./port-calls.ts";
import type { ShardApi, SlaveApi } from "./shard-api.ts";
import { ShardNode } from "./shard-node.ts";

/** The thread of one shard. */
const calls = new PortCalls<SlaveApi>(parentPort as Port);
calls.answer<ShardApi>(new ShardNode(workerData as ShardOptions, calls.remote));
