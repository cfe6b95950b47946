import { z } from "zod";
import { QkcError } from "../../codec/errors.ts";
import { hashField } from "../../engine/api/json-fields.ts";
import { ENGINE_ERROR, EngineError } from "../../engine/engine-error.ts";
import type { Caller } from "../../engine/json-rpc/caller.ts";
import { type RpcMethods, rpcMethod } from "../../engine/json-rpc/rpc-method.ts";
import type { UnitPlace } from "../../engine/tracing-engine.ts";
import type { CallRunner } from "../calls/call-runner.ts";
import type { ChainView, PlacedBlock } from "../chain-view.ts";
import { type TraceConfig, traceConfigField } from "../debug/geth-tracers/trace-config.ts";
import { blockNumberField } from "./fields.ts";

const configField = traceConfigField.nullish().transform((config): TraceConfig => config ?? {});

/** go-ethereum's tracing methods (eth/tracers/api.go) over stored blocks (docs/el.md). */
export function traceMethods(chain: ChainView, calls: CallRunner): RpcMethods {
  const trace = (placed: PlacedBlock, unit: UnitPlace | undefined, config: TraceConfig, caller: Caller) =>
    traced(chain, calls, placed, unit, config, caller);
  return {
    debug_traceTransaction: rpcMethod(z.tuple([hashField, configField]), ([hash, config], caller) => {
      const place = chain.placeOf(hash);
      if (place === undefined) throw new EngineError(ENGINE_ERROR.server, "transaction not found");
      return trace(chain.get({ hash: place.blockHash }), { kind: place.kind, index: place.index }, config, caller);
    }),
    debug_traceBlockByHash: rpcMethod(z.tuple([hashField, configField]), ([hash, config], caller) =>
      trace(chain.get({ hash }), undefined, config, caller),
    ),
    debug_traceBlockByNumber: rpcMethod(z.tuple([blockNumberField, configField]), ([block, config], caller) =>
      trace(chain.get(block), undefined, config, caller),
    ),
  };
}

async function traced(
  chain: ChainView,
  calls: CallRunner,
  placed: PlacedBlock,
  unit: UnitPlace | undefined,
  config: TraceConfig,
  caller: Caller,
): Promise<unknown> {
  const { store } = chain.node;
  const { header } = placed.block;
  if (header.height === 0) throw new EngineError(ENGINE_ERROR.server, "genesis is not traceable");
  const parent = chain.get({ hash: header.prevMinorBlockHash });
  chain.refusePruned(parent);
  // A thread reads from the disk.
  await store.committed();
  try {
    return await calls.trace({ kind: "trace", blockHash: placed.hash, unit, config }, caller);
  } catch (error) {
    // The state may have gone meanwhile.
    if (error instanceof QkcError && error.code === "DATABASE_DAMAGED") chain.refusePruned(parent);
    throw error;
  }
}
