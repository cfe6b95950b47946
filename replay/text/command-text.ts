import { relative } from "node:path";

/** A command line of this program that can be pasted into a shell. */
export function commandText(args: readonly string[]): string {
  return `${programText()} ${quotedArguments(args)}`;
}

/** Arguments as a shell reads them. */
export function quotedArguments(args: readonly string[]): string {
  return args.map(quoted).join(" ");
}

/** How this program was started: by its name, or as a script of Node.js. */
export function programText(
  { argv, execArgv }: Pick<NodeJS.Process, "argv" | "execArgv"> = process,
  folder: string = process.cwd(),
): string {
  const [, script = ""] = argv;
  if (!/[\\/]cli[\\/]main\.[jt]s$/.test(script)) return NAME;
  const path = relative(folder, script);
  return ["node", ...execArgv, path.startsWith("..") ? script : path].map(quoted).join(" ");
}

const NAME = "qkc";

/** What a command of a report, which must not depend on where things lie, is filled in with. */
export interface CommandPlaces {
  /** Absent: `qkc`. */
  readonly program?: string;
  /** Stands for DIR. */
  readonly db: string;
  /** Where the database does not say itself. */
  readonly configPath?: string;
  /** Options behind it. */
  readonly more?: readonly string[];
}

/** A command that a report names, for the database and program at hand. */
export function withPlaces(command: string, { program = NAME, db, configPath, more = [] }: CommandPlaces): string {
  const config = configPath === undefined || / --config /.test(command) ? "" : ` --config ${quoted(configPath)}`;
  const filled = command.replace(/^qkc /, () => `${program} `).replace("--db DIR", () => `--db ${quoted(db)}${config}`);
  return [filled, ...more.map(quoted)].join(" ");
}

function quoted(text: string): string {
  return /^[\w./:=,@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
