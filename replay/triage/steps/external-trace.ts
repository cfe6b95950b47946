import type { Hash32 } from "../../../node/codec/bytes.ts";
import type { TraceLine } from "../../../node/el/tracing/eip3155-writer.ts";
import type { UnitPlace, UnitTraceOutcome } from "../../../node/engine/tracing-engine.ts";

/** One unit of a block as an execution layer that is not ours tells of it. */
export interface ExternalUnit extends UnitPlace {
  readonly hash: Hash32 | null;
  readonly steps: readonly TraceLine[];
  readonly output?: Uint8Array;
  /** What is told of its end; null where the unit makes the block invalid. */
  readonly outcome: Partial<UnitTraceOutcome> | null;
}

/** What there is of another execution besides its result. */
export interface ExternalTrace {
  /** Of whoever made it. */
  readonly name: string;
  readonly units: readonly ExternalUnit[];
  /** Whether a unit that is not there was not executed; otherwise it was not told of. */
  readonly isWhole: boolean;
  /** Whether costs, errors, refunds and return data are meant as ours are (docs/engine-api.md). */
  readonly isExact: boolean;
}
