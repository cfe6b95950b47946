import { Worker } from "node:worker_threads";
import { QkcError } from "../codec/errors.ts";
import type { ShardOptions } from "./open-shard.ts";
import { PortCalls } from "./port-calls.ts";
import type { ShardApi, SlaveApi } from "./shard-api.ts";

/** A shard that is served somewhere. */
export interface HostedShard {
  readonly api: ShardApi;
  /** Ends where the shard is served; api.close() comes first where stores are to be left in order. */
  end(): Promise<void>;
}

/** Makes a shard; nothing of it is opened before its `start`. */
export type ShardOpener = (fullShardId: number, slave: SlaveApi) => HostedShard;

/** Each shard in a thread of its own, so that none holds up the links or another one. */
export function threadedShards(workerFile: URL, options: Omit<ShardOptions, "fullShardId">): ShardOpener {
  return (fullShardId, slave) => {
    const data: ShardOptions = { ...options, fullShardId };
    const worker = new Worker(workerFile, { workerData: data });
    const calls = new PortCalls<ShardApi>(worker);
    calls.answer<SlaveApi>(slave);
    let isEnding = false;
    const ended = (reason: string) => {
      calls.end(new QkcError("INTERNAL", `the thread of shard ${fullShardId} ended: ${reason}`));
      if (!isEnding) void slave.failed(`the thread of shard ${fullShardId} ended: ${reason}`);
    };
    worker.on("error", (error: Error) => ended(error.message));
    worker.on("exit", (code) => ended(`exit code ${code}`));
    const end = async () => {
      isEnding = true;
      await worker.terminate();
    };
    return { api: calls.remote, end };
  };
}
