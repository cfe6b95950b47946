import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What the reference says first. */
export interface ReferenceStart {
  /** The text of a cluster_config.json. */
  readonly config: string;
  /** Private keys of accounts that have tokens on every shard. */
  readonly keys: readonly string[];
}

export interface ReferenceTemplate {
  readonly block: string;
  readonly tracking: unknown;
  /** As staking lowers it. */
  readonly difficulty: string;
  /** Hashes in the order of its queue, afterwards. */
  readonly pooled: readonly string[];
}

export interface ReferenceBlock {
  readonly isTip: boolean;
  /** Of its head. */
  readonly stateRoot: string;
  readonly deposits: number;
  readonly pooled: readonly string[];
}

export interface ReferenceRoot {
  readonly block: string;
  /** In the order of the shards, afterwards. */
  readonly shards: readonly { readonly head: string; readonly pooled: readonly string[] }[];
}

/** pyquarkchain's states in a process of their own (reference.py). */
export class Reference {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #stderr = "";

  constructor(checkout: string, python: string) {
    const script = fileURLToPath(new URL("reference.py", import.meta.url));
    this.#child = spawn(python, ["-W", "ignore", script], {
      env: { ...process.env, PYQUARKCHAIN: checkout, PYTHONDONTWRITEBYTECODE: "1" },
    });
    this.#child.stderr.on("data", (bytes: Buffer) => {
      this.#stderr = (this.#stderr + bytes.toString()).slice(-4000);
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async start(): Promise<ReferenceStart> {
    return await this.#answer();
  }

  async transaction(shard: number, typed: string): Promise<boolean> {
    const { accepted } = await this.#ask<{ accepted: boolean }>({ op: "transaction", shard, typed });
    return accepted;
  }

  /** Its own block, as it would mine it. */
  async template(shard: number, time: number, coinbase: string): Promise<ReferenceTemplate> {
    return await this.#ask({ op: "template", shard, time, coinbase });
  }

  /** Adds a block; rejects with what it says where it does not take it. */
  async block(shard: number, encoded: string): Promise<ReferenceBlock> {
    return await this.#ask({ op: "block", shard, encoded });
  }

  /** The next root blocks do not confirm this block. */
  async leaveOut(shard: number, hash: string): Promise<void> {
    await this.#ask({ op: "leave_out", shard, hash });
  }

  /** A root block with what is not confirmed yet, added to its own states; `time` is the least that it has. */
  async rootBlock(time: number, coinbase: string): Promise<ReferenceRoot> {
    return await this.#ask({ op: "root_block", time, coinbase });
  }

  close(): void {
    this.#child.stdin.end();
  }

  async #ask<T>(request: Readonly<Record<string, unknown>>): Promise<T> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    return await this.#answer();
  }

  async #answer<T>(): Promise<T> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`the reference ended: ${this.#stderr}`);
    const answer = JSON.parse(value);
    if (typeof answer.error === "string") throw new Error(`pyquarkchain: ${answer.error}`);
    return answer;
  }
}
