import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What the reference cannot do, or its end. */
export class ReferenceGoneError extends Error {}

/** A checkout of pyquarkchain and the Python that has its requirements. */
export interface ReferencePlace {
  readonly checkout: string;
  readonly python: string;
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** PYQUARKCHAIN and ORACLE_PYTHON of the environment; undefined without a checkout. */
export function referencePlace(): ReferencePlace | undefined {
  const checkout = process.env.PYQUARKCHAIN;
  return checkout === undefined ? undefined : { checkout, python: process.env.ORACLE_PYTHON ?? "python3" };
}

/** pyquarkchain in a process of its own (reference.py). Requests are answered in order; several may be under way. */
export class Reference {
  readonly #process: ChildProcess;
  readonly #waiting: Waiting[] = [];
  #lastWords = "";

  constructor({ checkout, python }: ReferencePlace) {
    const script = fileURLToPath(new URL("reference.py", import.meta.url));
    this.#process = spawn(python, ["-W", "ignore", script], {
      env: { ...process.env, PYTHONPATH: checkout, PYTHONDONTWRITEBYTECODE: "1", PYTHONHASHSEED: "0" },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const { stdout, stderr, stdin } = this.#process;
    if (stdout === null || stderr === null || stdin === null)
      throw new ReferenceGoneError("the reference has no pipes");
    createInterface({ input: stdout, crlfDelay: Number.POSITIVE_INFINITY }).on("line", (line) => this.#receive(line));
    stderr.on("data", (chunk) => {
      this.#lastWords = `${this.#lastWords}${chunk}`.slice(-2000);
    });
    stdin.on("error", () => undefined);
    this.#process.on("error", (error) => this.#fail(error.message));
    this.#process.on("close", (code) => this.#fail(`it ended with ${code}: ${this.#lastWords}`));
  }

  /** Throws ReferenceGoneError when the reference raises or ends. */
  ask<T>(request: Readonly<Record<string, unknown>>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve: (answer) => resolve(answer as T), reject });
      this.#process.stdin?.write(`${JSON.stringify(request)}\n`);
    });
  }

  close(): void {
    this.#process.stdin?.end();
  }

  #receive(line: string): void {
    const answer = JSON.parse(line) as { answer?: unknown; error?: string };
    const waiting = this.#waiting.shift();
    if (answer.error === undefined) waiting?.resolve(answer.answer);
    else waiting?.reject(new ReferenceGoneError(`pyquarkchain raised ${answer.error}`));
  }

  #fail(reason: string): void {
    for (const { reject } of this.#waiting.splice(0))
      reject(new ReferenceGoneError(`the reference is gone: ${reason}`));
  }
}
