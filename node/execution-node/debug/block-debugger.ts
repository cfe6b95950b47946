import { type Hash32, toHex } from "../../codec/bytes.ts";
import type { NewPayloadResult } from "../../el/block-executor.ts";
import type { BlockObserver, ExecutionUnit } from "../../el/evm/tracer.ts";
import type { ExecutionConfig } from "../../el/execution-config.ts";
import { payloadOf } from "../../el/payload.ts";
import type { ExecutionStore } from "../../el/store/execution-store.ts";
import { UnitTracer } from "../../el/tracing/unit-tracer.ts";
import { UsedEntries } from "../../el/tracing/used-entries.ts";
import { preStateAccountToJson } from "../../engine/api/pre-state-json.ts";
import type { QkcPayload } from "../../engine/engine-api.ts";
import { ENGINE_ERROR, EngineError } from "../../engine/engine-error.ts";
import type { BlockTrace, DebugOptions, PreState, TraceOptions } from "../../engine/tracing-engine.ts";
import { ancestorsFrom, refusePruned } from "../chain-queries.ts";
import { placeMismatches } from "../payload-checks.ts";
import { BlockExecutor } from "../payload-executor.ts";
import { SizeLimit } from "./geth-tracers/size-limit.ts";
import { PreStateReader } from "./pre-state-reader.ts";
import { TraceCollector } from "./trace-collector.ts";

const CACHE_BYTES = 8 * 1024 * 1024;

/** Executes blocks on stored parents for those who want to see what happens; what it produces is dropped. */
export class BlockDebugger {
  readonly #config: ExecutionConfig;
  readonly #store: ExecutionStore;

  constructor(config: ExecutionConfig, store: ExecutionStore) {
    this.#config = config;
    this.#store = store;
  }

  traceBlock(payload: QkcPayload, { unit, limitBytes }: TraceOptions = {}): BlockTrace {
    const collector = new TraceCollector(limitBytes);
    const isChosen = ({ kind, index }: ExecutionUnit) =>
      unit === undefined || (kind === unit.kind && index === unit.index);
    const tracer = new UnitTracer(collector, isChosen);
    const outcome = this.#execute(payload, this.#parentRoot(payload), tracer);
    const traced = tracer.finish();
    if (unit !== undefined && traced === 0) {
      throw new EngineError(ENGINE_ERROR.server, `the block does not come to ${unit.kind} ${unit.index}`);
    }
    return { units: collector.units, rejection: rejectionOf(outcome) };
  }

  preState(payload: QkcPayload, { limitBytes }: DebugOptions = {}): PreState {
    const parentRoot = this.#parentRoot(payload);
    const used = new UsedEntries();
    this.#execute(payload, parentRoot, used);
    const reader = new PreStateReader(this.#store.nodes.layer(), parentRoot);
    const limit = new SizeLimit(limitBytes);
    const accounts = used.accounts.map((entries) => {
      const account = reader.read(entries);
      limit.add(preStateAccountToJson(account));
      return account;
    });
    return { accounts };
  }

  #execute({ block, inputs }: QkcPayload, parentStateRoot: Hash32, observer: BlockObserver): NewPayloadResult {
    const ancestorHash = ancestorsFrom(this.#store, block.header.prevMinorBlockHash);
    const executor = new BlockExecutor(this.#config, this.#store.nodes, CACHE_BYTES);
    return executor.execute(payloadOf(block, inputs, { parentStateRoot, ancestorHash }), observer).outcome;
  }

  /** Root of the state that the block is executed on. */
  #parentRoot({ block: { header } }: QkcPayload): Hash32 {
    if (header.height === 0) {
      throw new EngineError(ENGINE_ERROR.invalidParams, "block 0 is not executed: the configuration makes it");
    }
    const parent = this.#store.findBlock(header.prevMinorBlockHash);
    if (parent === undefined) {
      throw new EngineError(ENGINE_ERROR.server, `the parent ${toHex(header.prevMinorBlockHash)} is not known`);
    }
    const [misplaced] = placeMismatches(header, this.#config.fullShardId, parent.header);
    if (misplaced !== undefined) {
      const { field, declared, computed } = misplaced;
      throw new EngineError(
        ENGINE_ERROR.invalidParams,
        `the block's ${field} is ${declared}, which has to be ${computed}`,
      );
    }
    refusePruned(this.#store, parent);
    return parent.meta.stateRoot;
  }
}

function rejectionOf(outcome: NewPayloadResult): BlockTrace["rejection"] {
  if (outcome.status === "EXECUTED") return null;
  const { transactionIndex = null, reason } = outcome.rejection;
  return { transactionIndex, reason };
}
