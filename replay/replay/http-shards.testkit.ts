import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { readClusterConfig } from "../../node/chain/config-file.ts";
import { QUARKCHAIN_RULES, type Rules } from "../../node/el/evm/rules.ts";
import type { EngineApi } from "../../node/engine/engine-api.ts";
import { engineMethods } from "../../node/engine/server/engine-methods.ts";
import { startRpcServer } from "../../node/engine/server/rpc-server.ts";
import { ExecutionNode } from "../../node/execution-node/execution-node.ts";
import { SMALL } from "../database/small-fixture.testkit.ts";

export interface ServedShard {
  readonly url: string;
  close(): Promise<void>;
}

export interface ServeOptions {
  /** Folder with cluster_config.json; default: the small fixture. */
  readonly db?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Default: the chain's own. */
  readonly rules?: Rules;
}

/** An execution layer of one shard, behind a port of this process. */
export async function serveShard(
  folder: string,
  fullShardId: number,
  wrap: (engine: EngineApi) => EngineApi = (engine) => engine,
  { db = SMALL, port = 0, rules = QUARKCHAIN_RULES }: ServeOptions = {},
): Promise<ServedShard> {
  const node = await ExecutionNode.open({
    folder: join(folder, `served-${fullShardId}`),
    config: readClusterConfig(join(db, "cluster_config.json")).quarkchain,
    fullShardId,
    rules,
    durability: "process",
    cacheBytes: 16 * 1024 * 1024,
    retention: "archive",
    version: "0.0.0",
  });
  const server = await startRpcServer({ methods: engineMethods(wrap(node)), port });
  const close = async () => {
    await server.close();
    await node.close();
  };
  return { url: server.url, close };
}

/** A way to a server that breaks off: `breaks` says for each piece of an answer whether the connection ends there. */
export async function unreliableWay(url: string, breaks: () => boolean): Promise<ServedShard> {
  const target = new URL(url);
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        open.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    upstream.on("data", (data) => {
      if (!breaks()) client.write(data);
      else client.end(data.subarray(0, data.length / 2), () => client.destroy());
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    for (const socket of open) socket.destroy();
    await new Promise((closed) => server.close(closed));
  };
  return { url: `http://127.0.0.1:${port}`, close };
}
