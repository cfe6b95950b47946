import type { Report, Verdict } from "./schema.ts";

export type Findings = Pick<Report, "divergences" | "allowlist" | "unsupported" | "damage" | "error"> & {
  readonly interrupted: boolean;
};

/**
 * The one word for a run. First whether there is an answer at all (error, interrupted), then the strongest finding: a
 * divergence is proved from rows that proved themselves, so no repair of a damaged database and no new feature takes
 * it back; damage may be repaired by a fresh copy; unsupported input is a limit of this program. The report lists all
 * of them whatever the word. A divergence that the allowlist covers does not count; an entry of it that has expired or
 * covers nothing does: what was expected of the database is not what it gave.
 */
export function decideVerdict(findings: Findings): Verdict {
  if (findings.error !== null) return "error";
  if (findings.interrupted) return "interrupted";
  if (findings.divergences.some(({ allowed }) => allowed === null)) return "divergent";
  if (findings.allowlist.some(({ status }) => status === "expired" || status === "unmatched")) return "divergent";
  if (findings.damage.length > 0) return "damaged";
  if (findings.unsupported.length > 0) return "unsupported";
  return "clean";
}
