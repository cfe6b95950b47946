/** Lines of a help text. */
export function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join("\n");
}
