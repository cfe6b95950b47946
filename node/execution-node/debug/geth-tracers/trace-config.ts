import { z } from "zod";

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ["ns", 1e-6],
  ["us", 1e-3],
  ["µs", 1e-3],
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);
const DURATION = /^(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+$/;

/** A duration as Go writes it ("1.5s", "2m30s"), in milliseconds. */
const durationField = z
  .string()
  .regex(DURATION, 'a duration such as "500ms" or "1m30s" expected')
  .transform((text) =>
    [...text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g)].reduce(
      (sum, [, count, unit]) => sum + Number(count) * (UNIT_MS.get(unit) ?? 0),
      0,
    ),
  );

/** What would make another execution of it; left out without a word it would answer something else than was asked. */
const refusedField = z.undefined("is not supported: blocks are traced as they were executed").optional();

const tracerConfigField = z.object({
  onlyTopCall: z.boolean().optional(),
  withLog: z.boolean().optional(),
  diffMode: z.boolean().optional(),
  disableCode: z.boolean().optional(),
  disableStorage: z.boolean().optional(),
  includeEmpty: z.boolean().optional(),
});

const TRACER_NAMES = ["callTracer", "prestateTracer"] as const;

/**
 * The options of go-ethereum's tracing methods (eth/tracers/api.go TraceConfig, logger.Config). `reexec` says how far back
 * a state may be made again, which no block here needs: it is passed over, as what go-ethereum does not know is.
 */
export const traceConfigField = z.object({
  enableMemory: z.boolean().optional(),
  disableStack: z.boolean().optional(),
  disableStorage: z.boolean().optional(),
  enableReturnData: z.boolean().optional(),
  /** Bytes of steps after which no more are told; 0: all. */
  limit: z.int().nonnegative().optional(),
  tracer: z
    .enum(TRACER_NAMES, `no such tracer: there are ${TRACER_NAMES.join(" and ")}, and without one each step is told`)
    .nullish(),
  tracerConfig: tracerConfigField.nullish(),
  /** Milliseconds. */
  timeout: durationField.nullish(),
  overrides: refusedField,
  stateOverrides: refusedField,
  blockOverrides: refusedField,
  txIndex: refusedField,
});

export type TraceConfig = z.output<typeof traceConfigField>;
export type TracerConfig = z.output<typeof tracerConfigField>;
