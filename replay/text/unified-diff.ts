import { createTwoFilesPatch } from "diff";

interface DiffSide {
  readonly name: string;
  readonly lines: readonly string[];
}

const CONTEXT_LINES = 2;

/** Lines of two sides as a unified diff. */
export function unifiedDiff(before: DiffSide, after: DiffSide, context = CONTEXT_LINES): string {
  const text = ({ lines }: DiffSide) => lines.map((line) => `${line}\n`).join("");
  const patch = createTwoFilesPatch(before.name, after.name, text(before), text(after), "", "", { context });
  return patch.slice(patch.indexOf("---"));
}
