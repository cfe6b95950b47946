import { Command, type CommanderError } from "commander";

/** How Commander refuses what stands behind a word that it takes for an argument, or that word. */
const REFUSALS = ["invalidArgument", "missingArgument", "excessArguments", "unknownOption"].map(
  (code) => `commander.${code}`,
);

/**
 * A line with the word that was meant, where a command takes both arguments and commands of its own, or one of a few words:
 * `qkc report mrge`. Empty where nothing is like it. Commander itself suggests options, and commands where nothing else can
 * stand.
 */
export function suggestWord(program: Command, refusal: CommanderError, args: readonly string[]): string {
  if (!REFUSALS.includes(refusal.code)) return "";
  const { command, word } = follow(program, args);
  const words = [
    ...command.commands.map((child) => child.name()),
    ...(command.registeredArguments[0]?.argChoices ?? []),
  ];
  return word === undefined || words.includes(word) ? "" : suggestionAmong(words, word);
}

/** The command that is named, and the first word behind it that is no option. */
function follow(program: Command, args: readonly string[]): { command: Command; word: string | undefined } {
  let command = program;
  let word: string | undefined;
  for (word of args.filter((argument) => !argument.startsWith("-"))) {
    const child = command.commands.find((candidate) => candidate.name() === word);
    if (child === undefined) return { command, word };
    command = child;
  }
  return { command, word: undefined };
}

/** What Commander would say if all words were commands. */
function suggestionAmong(words: readonly string[], word: string): string {
  const choice = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  for (const name of words) choice.command(name);
  try {
    choice.parse([word], { from: "user" });
  } catch (error) {
    const [suggestion] = /\(Did you mean .+\)/.exec(error instanceof Error ? error.message : "") ?? [];
    if (suggestion !== undefined) return `${suggestion}\n`;
  }
  return "";
}
