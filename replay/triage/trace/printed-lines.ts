const BUFFER_CHARACTERS = 1 << 16;

/** Lines on stdout. A reader that has seen enough and closes it is no error. */
export class PrintedLines {
  private buffer = "";

  constructor() {
    if (!process.stdout.listeners("error").includes(tolerateClosedPipe)) {
      process.stdout.on("error", tolerateClosedPipe);
    }
  }

  write(line: string): void {
    this.buffer += `${line}\n`;
    if (this.buffer.length > BUFFER_CHARACTERS) this.flush();
  }

  flush(): void {
    process.stdout.write(this.buffer);
    this.buffer = "";
  }
}

function tolerateClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}
