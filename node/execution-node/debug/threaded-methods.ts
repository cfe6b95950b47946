import type { z } from "zod";
import { QkcError } from "../../codec/errors.ts";
import { ENGINE_METHODS } from "../../engine/api/methods.ts";
import type { QkcPayload } from "../../engine/engine-api.ts";
import { type RpcMethod, type RpcMethods, rpcMethod } from "../../engine/json-rpc/rpc-method.ts";
import type { CallThreads } from "../calls/call-threads.ts";
import { refusePruned } from "../chain-queries.ts";
import type { ExecutionNode } from "../execution-node.ts";

/**
 * The methods that execute a block to look closer at it, in threads, so that whoever answers stays free: they wait for no
 * other method and none for them, end when their time is over, and are given up with their caller.
 */
export function threadedTracingMethods(node: ExecutionNode, calls: CallThreads): RpcMethods {
  const { traceBlock, preState } = ENGINE_METHODS;
  return Object.fromEntries(
    [traceBlock, preState].map((method) => [method.name, threaded(method, node, calls)] as const),
  );
}

function threaded(
  { name, params: schema }: { readonly name: string; readonly params: z.ZodType<readonly [QkcPayload, object]> },
  { store }: ExecutionNode,
  calls: CallThreads,
): RpcMethod {
  const refuseGone = ({ block: { header } }: QkcPayload) => {
    const parent = store.findBlock(header.prevMinorBlockHash);
    if (parent !== undefined) refusePruned(store, parent);
  };
  return {
    isOrdered: false,
    call: (params, caller) =>
      rpcMethod(schema, async ([payload], { lane, signal }) => {
        refuseGone(payload);
        // A thread reads from the disk, what came before this request among it.
        await store.committed();
        try {
          return await calls.runMethod(name, params, { lane, signal });
        } catch (error) {
          // The state may have gone meanwhile; a thread does not hear of pruning.
          if (error instanceof QkcError && error.code === "DATABASE_DAMAGED") refuseGone(payload);
          throw error;
        }
      }).call(params, caller),
  };
}
