import fc from "fast-check";
import { payloadSample, statusSample } from "../api/samples.testkit.ts";
import { HttpEngine, type HttpEngineOptions } from "../client/http-engine.ts";
import type { EngineApi, PayloadStatus, QkcPayload } from "../engine-api.ts";
import { jwtAuthenticator } from "../json-rpc/jwt.ts";
import { engineMethods } from "./engine-methods.ts";
import { type RpcServer, type RpcServerOptions, startRpcServer } from "./rpc-server.ts";

export const SECRET = new Uint8Array(32).fill(7);
export const WRONG_SECRET = new Uint8Array(32).fill(8);
export const [PAYLOAD]: QkcPayload[] = fc.sample(payloadSample, { seed: 3, numRuns: 1 });
export const [STATUS]: PayloadStatus[] = fc.sample(statusSample, { seed: 4, numRuns: 1 });

/** An engine of which only some methods are ever called. */
function stubEngine(answers: Partial<EngineApi>): EngineApi {
  return answers as EngineApi;
}

export interface Served {
  readonly server: RpcServer;
  readonly engine: HttpEngine;
  close(): Promise<void>;
}

/** The engine on a free port with authentication, and a client for it. */
export async function serve(
  answers: Partial<EngineApi>,
  serverOptions: Partial<RpcServerOptions> = {},
  clientOptions: Partial<HttpEngineOptions> = {},
): Promise<Served> {
  const server = await startRpcServer({
    methods: engineMethods(stubEngine(answers)),
    authenticate: jwtAuthenticator(SECRET),
    port: 0,
    ...serverOptions,
  });
  const engine = new HttpEngine({ url: server.url, jwtSecret: SECRET, ...clientOptions });
  const close = async () => {
    engine.close();
    await server.close();
  };
  return { server, engine, close };
}
