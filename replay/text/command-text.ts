/** A command line of this program that can be pasted into a shell. */
export function commandText(args: readonly string[]): string {
  return ["qkc", ...args.map(quoted)].join(" ");
}

/** A report names the database DIR, so that it does not depend on where that lies: the command for this one. */
export function withDatabase(command: string, db: string): string {
  return command.replace("--db DIR", () => `--db ${quoted(db)}`);
}

function quoted(text: string): string {
  return /^[\w./:=,@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
