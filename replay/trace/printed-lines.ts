import { print } from "../terminal/print.ts";

const BUFFER_CHARACTERS = 1 << 16;

/** Lines on stdout, many at a time. */
export class PrintedLines {
  #buffer = "";

  write(line: string): void {
    this.#buffer += `${line}\n`;
    if (this.#buffer.length > BUFFER_CHARACTERS) this.flush();
  }

  flush(): void {
    print(this.#buffer);
    this.#buffer = "";
  }
}
