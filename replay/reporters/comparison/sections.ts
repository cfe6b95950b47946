import type { Changes, ComparedDivergence, Comparison } from "../../report/comparison/compare.ts";
import type { SpeedChange } from "../../report/comparison/speed.ts";
import type { Damage, Unsupported } from "../../report/schema.ts";
import { counted } from "../../text/grouped.ts";
import { divergenceTitle, placeOf } from "../places.ts";

/** How much a section is to be noticed. */
type SectionKind = "error" | "warning" | "notice";

interface SectionLine {
  readonly title: string;
  readonly message: string;
}

/** One thing that a comparison says, as every form shows it. */
export interface Section {
  readonly title: string;
  readonly kind: SectionKind;
  readonly lines: readonly SectionLine[];
}

/** What there is to tell in one line. */
export function headline(comparison: Comparison): string {
  const { divergences, damage, unsupported, outdated, newer } = comparison;
  if (newer.error !== null) return `no answer: ${newer.error.message}`;
  if (newer.verdict === "interrupted") return "no answer: the newer run was interrupted";
  const fresh = [
    [divergences.fresh.length, "new divergence"],
    [damage.fresh.length, "new damaged place"],
    [unsupported.fresh.length, "new unsupported thing"],
    [outdated.length, "outdated allowlist line"],
  ] as const;
  const found = fresh.filter(([count]) => count > 0).map(([count, name]) => counted(count, name));
  const rest = `${divergences.known.length} known, ${divergences.gone.length} gone`;
  return `${found.length === 0 ? "nothing new" : found.join(", ")}; ${rest}`;
}

/** Most urgent first; empty ones are left out. */
export function sectionsOf(comparison: Comparison): Section[] {
  const { divergences, damage, unsupported, outdated, newer, notes } = comparison;
  const failure = newer.error === null ? [] : [{ title: newer.error.code, message: newer.error.message }];
  const sections: Section[] = [
    { title: "No answer", kind: "error", lines: failure },
    { title: "New divergences", kind: "error", lines: divergences.fresh.map(divergenceLine) },
    { title: "New damage", kind: "error", lines: damage.fresh.map(findingLine) },
    { title: "New unsupported things", kind: "error", lines: unsupported.fresh.map(findingLine) },
    {
      title: "Allowlist out of date",
      kind: "error",
      lines: outdated.map(({ class: name, status, reason, expires }) => ({
        title: name,
        message: `${status}, until ${expires}: ${reason}`,
      })),
    },
    {
      title: "Slower",
      kind: "warning",
      lines: comparison.speed.status === "slower" ? [speedLine(comparison.speed)] : [],
    },
    { title: "Classes", kind: "notice", lines: classLines(comparison) },
    { title: "Known divergences", kind: "notice", lines: divergences.known.map(divergenceLine) },
    { title: "Gone divergences", kind: "notice", lines: divergences.gone.map(divergenceLine) },
    { title: "Not looked at again", kind: "notice", lines: divergences.unseen.map(divergenceLine) },
    { title: "Known and gone damage", kind: "notice", lines: restLines(damage) },
    { title: "Known and gone unsupported things", kind: "notice", lines: restLines(unsupported) },
    {
      title: "Speed",
      kind: "notice",
      lines: comparison.speed.status === "slower" ? [] : [speedLine(comparison.speed)],
    },
    { title: "Notes", kind: "notice", lines: notes.map((message) => ({ title: "note", message })) },
  ];
  return sections.filter(({ lines }) => lines.length > 0);
}

function divergenceLine({ id, divergence }: ComparedDivergence): SectionLine {
  const parts = [divergence.class ?? "no class", divergenceTitle(divergence)];
  const explanation = divergence.triage?.attribution.explanation;
  return {
    title: `${placeOf(divergence)} (${id})`,
    message: [...parts, ...(explanation === undefined ? [] : [explanation])].join(": "),
  };
}

function findingLine(finding: Damage | Unsupported): SectionLine {
  return { title: placeOf(finding), message: finding.message };
}

function restLines({ known, gone }: Changes<Damage> | Changes<Unsupported>): SectionLine[] {
  return [
    ...known.map((finding) => ({ ...findingLine(finding), message: `known: ${finding.message}` })),
    ...gone.map((finding) => ({ ...findingLine(finding), message: `gone: ${finding.message}` })),
  ];
}

function classLines({ classes }: Comparison): SectionLine[] {
  return classes.map(({ name, status, count, fresh, explanation }) => ({
    title: name,
    message: [`${status}: ${counted(count, "block")}, ${fresh} new`, ...(explanation === "" ? [] : [explanation])].join(
      "; ",
    ),
  }));
}

function speedLine({ status, blocksPerCpuSecond, usual, change, noise, runs }: SpeedChange): SectionLine {
  const now = `${blocksPerCpuSecond.toFixed(0)} blocks for each second of processor time`;
  if (usual === null || change === null) {
    return {
      title: "speed",
      message: "unknown: the run is too short, or there is none of its kind to compare it with",
    };
  }
  const percent = `${change >= 0 ? "+" : "−"}${Math.abs(change * 100).toFixed(0)} %`;
  const from = `${usual.toFixed(0)} (${counted(runs, "run")}, noise ${(noise * 100).toFixed(0)} %)`;
  return { title: "speed", message: `${status}: ${now}, usually ${from}: ${percent}` };
}
