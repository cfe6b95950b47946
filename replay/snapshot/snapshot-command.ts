import type { Command } from "commander";
import type { RunCommand } from "../terminal/command.ts";
import { exitCodesText } from "../terminal/exit-code.ts";

const EXAMPLES = [
  "qkc snapshot data.tar.gz --to data/mainnet",
  "qkc snapshot https://example.org/qkc/VERSION --to data/mainnet     the archive that VERSION names",
];

/** `qkc snapshot`: a database out of an archive of it. */
export function addSnapshotCommand(program: Command, run: RunCommand): void {
  program
    .command("snapshot")
    .summary("unpack a database's archive while it is read, from a file or a server")
    .description(
      "Unpacks a tar archive, gzipped or not, as it comes: it is never on the disk as a whole. A connection that breaks is " +
        "taken up where it broke. A file called VERSION names the archive beside it. The folder is there when all of it is " +
        "unpacked; nothing is done where it has this archive's contents already.",
    )
    .argument("<archive>", "file, or http or https URL")
    .requiredOption("--to <dir>", "folder of the database; an older one there is replaced")
    .addHelpText(
      "after",
      `\nExamples:\n${EXAMPLES.map((line) => `  ${line}`).join("\n")}\n\n` +
        exitCodesText({
          clean: "the folder has the archive's contents",
          error: "it has not: no such archive, too little space, a server that does not answer",
          unsupported: "the archive is of a kind that this version does not unpack",
        }),
    )
    .action((archive: string, { to }: { readonly to: string }) =>
      run(async () => (await import("./run-snapshot.ts")).runSnapshot(archive, to)),
    );
}
