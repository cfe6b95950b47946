import type { ToldHypothesis } from "../../report/triage-schema.ts";
import type { FoundHypothesis, WeighedHypothesis } from "./scales.ts";

/** A sentence on what was found, how it stood the test, and what would show that it is wrong. */
export function hypothesisText({ hypothesis, explains, of, spares, others }: FoundHypothesis): string {
  const tested =
    `with it ${explains} of ${of} differing ${of === 1 ? "block" : "blocks"} tried match what they declare` +
    (spares > 0 ? `, and ${spares} that match already stay so` : "");
  const as = others.map((other) => other.hypothesis.says);
  const alike = as.length === 0 ? [] : [`as good: ${as.join(" · ")}`];
  return [
    `hypothesis, no rule of a client: as if ${hypothesis.says}`,
    tested,
    ...alike,
    `refuted by ${hypothesis.refutedBy}`,
  ].join("; ");
}

/** As a report lists them, the named one first. */
export function toldHypotheses(found: FoundHypothesis): ToldHypothesis[] {
  return [found, ...found.others].map(told);
}

function told({ hypothesis, explains, of, spares }: WeighedHypothesis): ToldHypothesis {
  const { id, says, refutedBy } = hypothesis;
  return { id, says, explains, of, spares, refutedBy };
}
