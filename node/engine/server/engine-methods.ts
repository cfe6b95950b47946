import { BATCH_CAPABILITY, ENGINE_METHODS, type EngineMethod } from "../api/methods.ts";
import type { EngineApi } from "../engine-api.ts";
import { type RpcMethod, type RpcMethods, rpcMethod } from "../json-rpc/rpc-method.ts";
import { type BlockTrace, isTracing, type PreState, type TracingEngine } from "../tracing-engine.ts";

/** The Engine API of `engine` as methods of a server. They run one after the other, in the order in which they came. */
export function engineMethods(engine: EngineApi): RpcMethods {
  const m = ENGINE_METHODS;
  const methods = Object.fromEntries([
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
  ]);
  return isTracing(engine) ? { ...methods, ...tracingMethods(engine) } : methods;
}

/** What tells of a block, at once or later. */
interface Tracer {
  traceBlock(...params: Parameters<TracingEngine["traceBlock"]>): BlockTrace | Promise<BlockTrace>;
  preState(...params: Parameters<TracingEngine["preState"]>): PreState | Promise<PreState>;
}

/** The methods that look closer at a block. */
export function tracingMethods(tracer: Tracer): RpcMethods {
  return Object.fromEntries([
    serve(ENGINE_METHODS.traceBlock, ([payload, options]) => tracer.traceBlock(payload, options)),
    serve(ENGINE_METHODS.preState, ([payload, options]) => tracer.preState(payload, options)),
  ]);
}

function serve<P, R>(method: EngineMethod<P, R>, run: (params: P) => R | Promise<R>): readonly [string, RpcMethod] {
  const call = async (params: P) => method.resultToJson(await run(params));
  return [method.name, rpcMethod(method.params, call, { isOrdered: true })];
}
