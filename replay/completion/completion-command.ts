import { Argument, type Command } from "commander";
import type { RunCommand } from "../terminal/command.ts";
import { EXIT, exitCodesText } from "../terminal/exit-code.ts";
import { SHELLS, type Shell } from "./shells.ts";

const EXAMPLES = [
  "source <(qkc completion bash)                                      in ~/.bashrc",
  "source <(qkc completion zsh)                                       in ~/.zshrc, behind compinit",
  "qkc completion fish > ~/.config/fish/completions/qkc.fish",
];

/** `qkc completion`: what a shell completes of this command line. */
export function addCompletionCommand(program: Command, run: RunCommand): void {
  program
    .command("completion")
    .summary("print what bash, zsh or fish need to complete this command line")
    .description(
      "Prints a script that completes commands, options and their choices; made from the command line's own definition.",
    )
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .addHelpText(
      "after",
      `\nExamples:\n${EXAMPLES.map((line) => `  ${line}`).join("\n")}\n\n` +
        exitCodesText({ clean: "printed", error: "there is no such shell" }),
    )
    .action((shell: Shell) =>
      run(async () => {
        const { completionScript } = await import("./completion-script.ts");
        process.stdout.write(completionScript(program, shell));
        return EXIT.clean;
      }),
    );
}
