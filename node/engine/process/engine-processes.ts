import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { QkcError, UsageError } from "../../codec/errors.ts";
import { makeFolder } from "../../codec/make-folder.ts";

const FIRST_DELAY_MILLISECONDS = 100;
const LONGEST_DELAY_MILLISECONDS = 10_000;
/** A process that ran for so long had started well: the count of its failures begins anew. */
const HEALTHY_MILLISECONDS = 5000;
const MOST_FAILED_STARTS = 5;
const STOP_MILLISECONDS = 30_000;
/** What a shell ends with where a command cannot be run, and where there is none of that name. */
const NOT_RUN: ReadonlySet<number | null> = new Set([126, 127]);
/**
 * Runs a command for as long as its input stays open, which ends with the process that holds it, however that ends: an
 * engine that outlived us would keep its data directory from the next run.
 */
const WATCHED =
  'exec 3<&0; "$@" </dev/null 3<&- & engine=$!; { cat <&3 >/dev/null; kill "$engine"; } 2>/dev/null & wait "$engine"';

export interface EngineProcessOptions {
  readonly fullShardId: number;
  /** As the user wrote it. */
  readonly command: string;
  readonly datadir: string;
  readonly port: number;
  readonly jwtPath: string;
  readonly configPath: string;
  /** Folder of the logs. */
  readonly logs: string;
  /** Told when the process cannot be kept running. */
  readonly onGivenUp: (error: Error) => void;
  readonly onRestart: (text: string) => void;
}

/** An execution layer in a process of its own, started again when it ends by itself. */
export class EngineProcess {
  readonly url: string;
  readonly fullShardId: number;
  readonly #options: EngineProcessOptions;
  readonly #argv: readonly string[];
  readonly #logPath: string;
  #child: ChildProcess | undefined;
  #isStopping = false;
  #failures = 0;

  constructor(options: EngineProcessOptions) {
    this.#options = options;
    this.fullShardId = options.fullShardId;
    this.url = `http://127.0.0.1:${options.port}`;
    this.#argv = argvOf(options);
    makeFolder(options.logs);
    this.#logPath = join(options.logs, `el-${options.fullShardId}.log`);
  }

  start(): void {
    const log = openSync(this.#logPath, "a");
    writeSync(log, `# ${new Date().toISOString()} ${this.#argv.join(" ")}\n`);
    const startedAt = performance.now();
    // In a group of its own: Ctrl-C at the terminal is ours, the engine is stopped when we are done with it.
    const child = spawn("/bin/sh", ["-c", WATCHED, "sh", ...this.#argv], { stdio: ["pipe", log, log], detached: true });
    closeSync(log);
    this.#child = child;
    const ended = (how: string, code: number | null) => {
      child.removeAllListeners();
      child.stdin?.destroy();
      if (this.#failures === 0 && NOT_RUN.has(code)) this.#options.onGivenUp(this.#notRun(how));
      else void this.#restart(how, performance.now() - startedAt);
    };
    child.on("error", (error) => ended(`could not be started (${error.message})`, null));
    child.on("exit", (code, signal) =>
      ended(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`, code),
    );
  }

  /** SIGTERM, and SIGKILL where that does not help in time. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((done) => child.once("exit", done));
    child.stdin?.end();
    const timer = setTimeout(() => killGroup(child), STOP_MILLISECONDS);
    await exited;
    clearTimeout(timer);
  }

  /** At the first start only: a program that was there once may be in the midst of an upgrade. */
  #notRun(how: string): Error {
    return new QkcError(
      "ENGINE",
      `the engine of shard ${this.fullShardId} ${how}: ${this.#argv[0]}, of --engine-cmd, cannot be run; name a program on the PATH or its path (a shell's aliases are not known here), and see ${this.#logPath}`,
    );
  }

  async #restart(how: string, ranMilliseconds: number): Promise<void> {
    this.#child = undefined;
    if (this.#isStopping) return;
    this.#failures = ranMilliseconds >= HEALTHY_MILLISECONDS ? 1 : this.#failures + 1;
    const what = `the engine of shard ${this.fullShardId} ${how}`;
    if (this.#failures > MOST_FAILED_STARTS) {
      this.#options.onGivenUp(
        new QkcError("ENGINE", `${what}, ${this.#failures} times in a row: see ${this.#logPath}`),
      );
      return;
    }
    const delay = Math.min(FIRST_DELAY_MILLISECONDS * 2 ** (this.#failures - 1), LONGEST_DELAY_MILLISECONDS);
    this.#options.onRestart(`${what}; starting it again in ${(delay / 1000).toFixed(1)} s (${this.#logPath})`);
    await sleep(delay, undefined, { ref: false });
    if (!this.#isStopping) this.start();
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, "SIGKILL");
}

/** Ports that are free now, on loopback. All are taken before one is given back: no two are the same. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listening));
  return Promise.all(servers.map(portOfClosed));
}

function listening(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

function portOfClosed(server: Server): Promise<number> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve) => server.close(() => resolve(port)));
}

const STANDARD_ARGUMENTS =
  "--datadir {datadir} --config {config} --shard {shard} --authrpc.port {port} --jwt-secret {jwt}";

/** The command's words, with its placeholders filled in. */
function argvOf({ command, fullShardId, datadir, port, jwtPath, configPath }: EngineProcessOptions): readonly string[] {
  const values: Readonly<Record<string, string>> = {
    shard: `${fullShardId}`,
    datadir,
    port: `${port}`,
    jwt: jwtPath,
    config: configPath,
  };
  const hasPlaceholders = Object.keys(values).some((name) => command.includes(`{${name}}`));
  const words = wordsOf(hasPlaceholders ? command : `${command} ${STANDARD_ARGUMENTS}`);
  return words.map((word) => word.replace(/\{(\w+)\}/g, (text, name: string) => values[name] ?? text));
}

/** Splits at blanks; quotes keep them, as a shell's do. */
function wordsOf(command: string): string[] {
  const words = command.match(/(?:[^\s'"]+|'[^']*'|"[^"]*")+/g) ?? [];
  if (words.length === 0) throw new UsageError("--engine-cmd is empty: give a command, such as 'qkc el'");
  return words.map((word) => word.replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double));
}
