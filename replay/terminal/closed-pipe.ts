/** A reader that has seen enough and closes its end, such as `head`, is no error: what follows is not written. */
export function tolerateClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    if (!stream.listeners("error").includes(tolerateClosedPipe)) stream.on("error", tolerateClosedPipe);
  }
}

function tolerateClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}
