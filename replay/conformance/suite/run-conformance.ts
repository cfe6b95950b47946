import { EngineProtocolError } from "../../../node/engine/client/engine-failures.ts";
import { EngineError } from "../../../node/engine/engine-error.ts";
import { BUILDING_CHECKS } from "./building-checks.ts";
import type { ChainSample } from "./chain-sample.ts";
import type { Check, ConformanceTarget } from "./check.ts";
import { CheckFailure, CheckSkipped } from "./check-outcome.ts";
import { FORKCHOICE_CHECKS } from "./forkchoice-checks.ts";
import { FOUNDATION_CHECKS } from "./foundation-checks.ts";
import { PAYLOAD_CHECKS } from "./payload-checks.ts";
import { READING_CHECKS } from "./reading-checks.ts";
import { TOKEN_CHECKS } from "./token-checks.ts";
import { WIRE_CHECKS } from "./wire-checks.ts";

export interface CheckResult {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** Null for what passed. */
  readonly reason: string | null;
}

const CHECKS: readonly Check[] = [
  ...TOKEN_CHECKS,
  ...FOUNDATION_CHECKS,
  ...PAYLOAD_CHECKS,
  ...FORKCHOICE_CHECKS,
  ...BUILDING_CHECKS,
  ...READING_CHECKS,
  ...WIRE_CHECKS,
];

/**
 * Tries what docs/engine-api.md says on an engine that is new or holds nothing but the sample. Throws what keeps the
 * engine from being asked (EngineUnavailableError, EngineAuthenticationError).
 * @param onResult told of each check when it is done
 */
export async function runConformance(
  target: ConformanceTarget,
  sample: ChainSample,
  onResult: (result: CheckResult) => void = () => {},
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  let broken: string | undefined;
  for (const check of CHECKS) {
    const result =
      broken === undefined
        ? await resultOf(check, target, sample)
        : { name: check.name, outcome: "skipped" as const, reason: `needs "${broken}"` };
    if (result.outcome === "failed" && check.isFoundation === true) broken = check.name;
    results.push(result);
    onResult(result);
  }
  return results;
}

async function resultOf(check: Check, target: ConformanceTarget, sample: ChainSample): Promise<CheckResult> {
  const { name } = check;
  try {
    await check.run(target, sample);
    return { name, outcome: "passed", reason: null };
  } catch (error) {
    if (error instanceof CheckSkipped) return { name, outcome: "skipped", reason: error.message };
    if (isVerdict(error)) return { name, outcome: "failed", reason: error.message };
    throw error;
  }
}

/** Errors and garbage where a result should have been are the engine's fault; not to reach it is not. */
function isVerdict(error: unknown): error is Error {
  return error instanceof CheckFailure || error instanceof EngineError || error instanceof EngineProtocolError;
}
