import { bigIntToMinimalBytes } from "../../codec/bytes.ts";
import type { Caller } from "../../engine/json-rpc/caller.ts";
import { ancestorsFrom } from "../chain-queries.ts";
import { type StoredTrace, type TraceHost, traceStored } from "../debug/stored-tracer.ts";
import type { CallRequest } from "../eth-api/fields.ts";
import { type CallBlock, Simulation } from "./simulation.ts";

/** What eth_call or eth_estimateGas asks for, on a block that is stored. */
export interface Call {
  readonly kind: "call" | "estimateGas";
  readonly request: CallRequest;
  readonly block: CallBlock;
}

/** Runs calls somewhere. */
export interface CallRunner {
  /** What the call returns, or the estimate as a number. Throws EngineError where it cannot run, fails, or is given up. */
  run(call: Call, caller: Caller): Promise<Uint8Array>;
  /** The trace, as the answer's JSON has it. Throws EngineError where there is none, or it is given up. */
  trace(asked: StoredTrace, caller: Caller): Promise<unknown>;
}

/** Runs a call to its end in this thread. Throws EngineError. */
export function runCall(
  { execution, store }: Pick<TraceHost, "execution" | "store">,
  { kind, request, block }: Call,
): Uint8Array {
  const simulation = new Simulation({
    execution,
    block,
    nodes: store.nodes.layer(),
    ancestorHash: ancestorsFrom(store, block.header.prevMinorBlockHash),
  });
  return kind === "call" ? simulation.call(request) : bigIntToMinimalBytes(simulation.estimateGas(request));
}

/** Calls in the thread of whoever makes them: nobody is served meanwhile. */
export class LocalCalls implements CallRunner {
  readonly #host: TraceHost;

  constructor(host: TraceHost) {
    this.#host = host;
  }

  async run(call: Call): Promise<Uint8Array> {
    return runCall(this.#host, call);
  }

  async trace(asked: StoredTrace): Promise<unknown> {
    return traceStored(this.#host, asked);
  }
}
