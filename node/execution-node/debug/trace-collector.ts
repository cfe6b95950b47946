import type { ExecutionUnit, UnitOutcome } from "../../el/evm/tracer.ts";
import { eip3155Line } from "../../el/tracing/eip3155-writer.ts";
import type { TracedStep, TraceWriter } from "../../el/tracing/unit-tracer.ts";
import type { UnitTrace } from "../../engine/tracing-engine.ts";
import { SizeLimit } from "./geth-tracers/size-limit.ts";

/** Keeps a block's trace, up to a size. */
export class TraceCollector implements TraceWriter {
  readonly units: UnitTrace[] = [];
  readonly #limit: SizeLimit;
  #steps: TracedStep[] = [];

  constructor(limitBytes: number | undefined) {
    this.#limit = new SizeLimit(limitBytes);
  }

  unitBegins(): void {
    this.#steps = [];
  }

  step(step: TracedStep): void {
    this.#limit.add(eip3155Line(step));
    this.#steps.push(step);
  }

  unitEnds(
    { kind, index, hash }: ExecutionUnit,
    outcome: UnitOutcome | undefined,
    output: Uint8Array,
    failure?: string,
  ) {
    this.units.push({
      kind,
      index,
      hash: hash ?? null,
      steps: this.#steps,
      output,
      outcome:
        outcome === undefined
          ? null
          : {
              success: outcome.receipt?.success ?? true,
              gasUsed: outcome.gasUsed,
              error: failure ?? null,
              logs: outcome.receipt?.logs ?? [],
            },
    });
  }
}
