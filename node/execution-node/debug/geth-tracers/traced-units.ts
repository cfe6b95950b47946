import type { Address } from "../../../codec/bytes.ts";
import type { BlockObserver, ExecutionUnit } from "../../../el/evm/tracer.ts";

/** What is traced: a transaction, or a deposit that came from another shard. */
export interface TracedSubject {
  readonly from: Address;
  /** Undefined for a creation. */
  readonly to: Address | undefined;
  readonly value: bigint;
  readonly tokenId: bigint;
  readonly input: Uint8Array;
  /** With what is taken before anything runs. */
  readonly gas: bigint;
  /** Nothing of it runs here: it goes to another shard. */
  readonly isSent: boolean;
}

/** Of a unit what is to be traced of it; undefined for one that is not. */
export type SubjectChoice = (unit: ExecutionUnit) => TracedSubject | undefined;

export interface TracedUnit {
  readonly unit: ExecutionUnit;
  /** As the answer's JSON has it. */
  readonly result: object;
}

/** Follows a block's execution and tells of its chosen units in one of go-ethereum's forms. */
export interface GethTracer extends BlockObserver {
  /** In the order of execution. */
  readonly results: readonly TracedUnit[];
}
