import { runFile } from "./run-file.ts";

export interface FilesTask {
  readonly folder: string;
  /** Paths below it. */
  readonly files: readonly string[];
  /** Whose results are held against. */
  readonly forks: readonly string[];
}

/** A child process of runFolder: takes one task, answers with its outcomes and ends. */
process.once("message", ({ folder, files, forks }: FilesTask) => {
  process.send?.(
    files.flatMap((file) => runFile(folder, file, forks)),
    () => process.disconnect(),
  );
});
