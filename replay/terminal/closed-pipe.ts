/**
 * A reader that has seen enough and closes its end, such as `head`, is no error: what follows is not written. A stdout
 * that fails otherwise is told on stderr, and the process does not end as if it had answered; of a stderr that fails
 * nobody can be told.
 */
export function tolerateClosedPipes(): void {
  if (process.stdout.listeners("error").includes(stdoutFailed)) return;
  process.stdout.on("error", stdoutFailed);
  process.stderr.on("error", () => {});
}

function stdoutFailed(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE" || isTold) return;
  isTold = true;
  process.stderr.write(`error: stdout takes no more (${error.message})\n`);
  process.on("exit", (code) => {
    if (code === 0) process.exitCode = 1;
  });
}

let isTold = false;
