import type { Command } from "commander";

/** Width of a terminal, so that the page does not depend on where it is made. */
const HELP_WIDTH = 100;

/** docs/cli.md: the help of every command, from the definitions that parse the command line. */
export function cliReference(program: Command): string {
  const sections = withSubcommands(program).map(
    (command) => `## ${commandName(command)}\n\n\`\`\`text\n${helpText(command)}\n\`\`\``,
  );
  return ["# Command line reference", HOW_MADE, ...sections].join("\n\n").concat("\n");
}

function withSubcommands(command: Command): Command[] {
  const own = command.createHelp().visibleCommands(command);
  return [command, ...own.filter((one) => one.name() !== "help").flatMap(withSubcommands)];
}

const HOW_MADE =
  "Made from the command definitions, the `*-command.ts` files of `replay`. After a change there, " +
  "`npx vitest run scripts/docs -u` writes this page anew; the test run fails while it is stale.";

function commandName(command: Command): string {
  return command.parent === null ? command.name() : `${commandName(command.parent)} ${command.name()}`;
}

/** As `--help` prints it, with what the command adds behind the options. */
function helpText(command: Command): string {
  let text = "";
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => HELP_WIDTH,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text.trimEnd();
}
