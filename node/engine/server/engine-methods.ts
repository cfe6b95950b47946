import { BATCH_CAPABILITY, ENGINE_METHODS, type EngineMethod } from "../api/methods.ts";
import type { EngineApi } from "../engine-api.ts";
import { type RpcMethod, type RpcMethods, rpcMethod } from "../json-rpc/rpc-method.ts";
import { isTracing, type TracingEngine } from "../tracing-engine.ts";

/** The Engine API of `engine` as methods of a server. They run one after the other, in the order in which they came. */
export function engineMethods(engine: EngineApi): RpcMethods {
  const m = ENGINE_METHODS;
  return Object.fromEntries([
    serve(m.exchangeCapabilities, async ([methods]) => [
      ...(await engine.exchangeCapabilities(methods)),
      BATCH_CAPABILITY,
    ]),
    serve(m.getClientVersion, ([caller]) => engine.getClientVersion(caller)),
    serve(m.chainIdentity, () => engine.chainIdentity()),
    serve(m.newPayload, ([payload]) => engine.newPayload(payload)),
    serve(m.forkchoiceUpdated, ([state, attributes]) => engine.forkchoiceUpdated(state, attributes)),
    serve(m.getPayload, ([id]) => engine.getPayload(id)),
    serve(m.getPayloadBodiesByHash, ([hashes]) => engine.getPayloadBodiesByHash(hashes)),
    serve(m.getPayloadBodiesByRange, ([start, count]) => engine.getPayloadBodiesByRange(start, count)),
    serve(m.getBalance, ([request]) => engine.getBalance(request)),
    ...(isTracing(engine) ? debugMethods(engine) : []),
  ]);
}

function debugMethods(engine: TracingEngine) {
  return [
    serve(ENGINE_METHODS.traceBlock, ([payload, options]) => engine.traceBlock(payload, options)),
    serve(ENGINE_METHODS.preState, ([payload, options]) => engine.preState(payload, options)),
  ];
}

function serve<P, R>(method: EngineMethod<P, R>, run: (params: P) => Promise<R>): readonly [string, RpcMethod] {
  const call = async (params: P) => method.resultToJson(await run(params));
  return [method.name, rpcMethod(method.params, call, { isOrdered: true })];
}
