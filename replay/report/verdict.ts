import type { Report, Verdict } from "./schema.ts";

export type Findings = Pick<Report, "divergences" | "unsupported" | "damage" | "error"> & {
  readonly interrupted: boolean;
};

/**
 * The one word for a run. First whether there is an answer at all (error, interrupted), then the strongest finding: a
 * divergence is proved from rows that proved themselves, so no repair of a damaged database and no new feature takes
 * it back; damage may be repaired by a fresh copy; unsupported input is a limit of this program. The report lists all
 * of them whatever the word.
 */
export function decideVerdict(findings: Findings): Verdict {
  if (findings.error !== null) return "error";
  if (findings.interrupted) return "interrupted";
  if (findings.divergences.length > 0) return "divergent";
  if (findings.damage.length > 0) return "damaged";
  if (findings.unsupported.length > 0) return "unsupported";
  return "clean";
}
