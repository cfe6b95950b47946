/** A command line of this program that can be pasted into a shell. */
export function commandText(args: readonly string[]): string {
  return ["qkc", ...args]
    .map((text) => (/^[\w./:=,@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`))
    .join(" ");
}
