import type { QuarkChainConfig } from "../../chain/config.ts";
import type { CrossShardDeposit } from "../../chain/deposit.ts";
import { decodeEvmTransaction, isCrossShard } from "../../chain/evm-transaction.ts";
import type { MinorBlock } from "../../chain/minor-block.ts";
import { bytesEqual, type Hash32 } from "../../codec/bytes.ts";
import type { ExecutionUnit } from "../../el/evm/tracer.ts";
import type { ExecutionConfig } from "../../el/execution-config.ts";
import { payloadOf } from "../../el/payload.ts";
import type { BlockRecord } from "../../el/store/block-record.ts";
import type { ExecutionStore } from "../../el/store/execution-store.ts";
import { dataToJson } from "../../engine/api/json-fields.ts";
import { ENGINE_ERROR, EngineError } from "../../engine/engine-error.ts";
import type { UnitPlace } from "../../engine/tracing-engine.ts";
import { ancestorsFrom } from "../chain-queries.ts";
import { BlockExecutor } from "../payload-executor.ts";
import { CallTracer } from "./geth-tracers/call-tracer.ts";
import { PrestateTracer } from "./geth-tracers/prestate-tracer.ts";
import { StructLogger } from "./geth-tracers/struct-logger.ts";
import type { TraceConfig } from "./geth-tracers/trace-config.ts";
import type { GethTracer, SubjectChoice, TracedSubject } from "./geth-tracers/traced-units.ts";
import { storedInputs } from "./stored-inputs.ts";

/** A stored block that is to be traced, as it crosses to a thread. */
export interface StoredTrace {
  readonly kind: "trace";
  readonly blockHash: Hash32;
  /** Absent: all transactions, then all deposits. */
  readonly unit?: UnitPlace;
  readonly config: TraceConfig;
}

/** Whatever a trace needs. */
export interface TraceHost {
  readonly execution: ExecutionConfig;
  readonly config: QuarkChainConfig;
  readonly store: ExecutionStore;
}

const CACHE_BYTES = 8 * 1024 * 1024;

/** What a stored block or one unit of it does, in the form that go-ethereum's methods have for it. Throws EngineError. */
export function traceStored(host: TraceHost, { blockHash, unit, config }: StoredTrace): unknown {
  const block = host.store.block(blockHash);
  const record = host.store.record(blockHash);
  const subjectOf = subjectChoice(host.execution, block, record, unit);
  const tracer = gethTracer(config, subjectOf, host.execution.genesisToken);
  execute(host, blockHash, block, tracer);
  if (unit !== undefined) return tracer.results[0].result;
  // Deposits run first, but stand last wherever a block's units are listed.
  const [transactions, deposits] = (["transaction", "deposit"] as const).map((kind) =>
    tracer.results.filter((traced) => traced.unit.kind === kind),
  );
  return [...transactions, ...deposits].map(({ unit: { kind, hash }, result }) => ({
    txHash: hash === undefined ? null : dataToJson(hash),
    result,
    ...(kind === "deposit" ? { isXshardDeposit: true } : {}),
  }));
}

function gethTracer(config: TraceConfig, subjectOf: SubjectChoice, defaultToken: bigint): GethTracer {
  const tracerConfig = config.tracerConfig ?? {};
  if (config.tracer === "callTracer") return new CallTracer(subjectOf, tracerConfig, defaultToken);
  if (config.tracer === "prestateTracer") return new PrestateTracer(subjectOf, tracerConfig, defaultToken);
  return new StructLogger(subjectOf, config);
}

/** Throws EngineError where the block does not come to what it is stored with. */
function execute({ store, config, execution }: TraceHost, hash: Hash32, block: MinorBlock, tracer: GethTracer): void {
  const { header, meta } = block;
  const inputs = storedInputs(store, config, hash, block);
  const parentStateRoot = store.block(header.prevMinorBlockHash).meta.stateRoot;
  const ancestorHash = ancestorsFrom(store, header.prevMinorBlockHash);
  const executor = new BlockExecutor(execution, store.nodes, CACHE_BYTES);
  const { outcome } = executor.execute(payloadOf(block, inputs, { parentStateRoot, ancestorHash }), tracer);
  if (outcome.status === "EXECUTED" && bytesEqual(outcome.computed.stateRoot, meta.stateRoot)) return;
  const cause = outcome.status === "EXECUTED" ? "ends with another state" : `is refused: ${outcome.rejection.reason}`;
  throw new EngineError(
    ENGINE_ERROR.server,
    `block ${header.height} executed again ${cause}; not all that it depended on is stored: trace it with qkc_debugTraceBlockV1`,
  );
}

function subjectChoice(
  execution: ExecutionConfig,
  { transactions }: MinorBlock,
  { senders, deposits }: BlockRecord,
  chosen: UnitPlace | undefined,
): SubjectChoice {
  return ({ kind, index }: ExecutionUnit): TracedSubject | undefined => {
    if (kind === "reward") return undefined;
    if (chosen !== undefined && (chosen.kind !== kind || chosen.index !== index)) return undefined;
    if (kind === "deposit") return depositSubject(deposits[index]);
    const transaction = decodeEvmTransaction(transactions[index].rlp);
    return {
      from: senders[index],
      to: transaction.to,
      value: transaction.value,
      tokenId: transaction.transferTokenId,
      input: transaction.data,
      gas: transaction.startGas,
      isSent: isCrossShard(transaction, execution.shardSizes),
    };
  };
}

function depositSubject({
  from,
  to,
  createContract,
  value,
  transferTokenId,
  messageData,
  gasRemained,
}: CrossShardDeposit): TracedSubject {
  return {
    from: from.recipient,
    to: createContract ? undefined : to.recipient,
    value,
    tokenId: transferTokenId,
    input: messageData,
    gas: gasRemained,
    isSent: false,
  };
}
