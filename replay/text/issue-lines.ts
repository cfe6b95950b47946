import { z } from "zod";

/** More says nothing new about a file that is something else. */
const SHOWN = 10;

/** What is wrong with a file, a line for each of the first things. */
export function issueLines({ issues }: Pick<z.ZodError, "issues">): string[] {
  const lines = issues.slice(0, SHOWN).map(({ message, path }) => {
    const place = z.core.toDotPath(path);
    return `  ${message}${place === "" ? "" : ` at ${place}`}`;
  });
  return issues.length > SHOWN ? [...lines, `  … and ${issues.length - SHOWN} more`] : lines;
}
