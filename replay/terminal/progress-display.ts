import { MultiBar, type SingleBar } from "cli-progress";
import { shown } from "../../node/codec/shown.ts";
import { shardName } from "../text/block-name.ts";
import { grouped } from "../text/grouped.ts";
import type { ShardProgress, Snapshot, Stall } from "../work/monitor.ts";
import { isJsonLog, logLine } from "./log-format.ts";

const LINE_INTERVAL_MILLISECONDS = 10_000;
/** Rows of the terminal that are left to everything but shards' bars. */
const SPARE_ROWS = 4;
const BAR_STEPS = 1000;
const LONGEST_BAR = 30;
/** A shorter one says less than the words that it would push out. */
const SHORTEST_BAR = 8;

/** Shows a run on stderr while it works. */
interface ProgressDisplay {
  update(snapshot: Snapshot, now: number): void;
  /** A line for the user that must not be lost between the bars. */
  message(text: string): void;
  stop(): void;
}

/**
 * Bars on a terminal, a plain line every 10 s elsewhere and in CI, nothing under --quiet.
 * @param counted what the divergences of a run are called
 */
export function createProgressDisplay(
  stderr: NodeJS.WriteStream,
  env: NodeJS.ProcessEnv,
  quiet: boolean,
  counted = "divergences",
): ProgressDisplay {
  if (quiet) return { update: () => {}, message: () => {}, stop: () => {} };
  if (isJsonLog()) return new ProgressRecords((line) => stderr.write(line));
  return stderr.isTTY && !env.CI
    ? new ProgressBars(stderr, counted)
    : new ProgressLines((line) => stderr.write(`${line}\n`), counted);
}

/** The sentence of the stall watchdog. */
export function stallText({ fullShardId, height, seconds }: Stall): string {
  const block = fullShardId === null ? `root block ${height}` : `block ${height} of shard ${shardName(fullShardId)}`;
  return `${block} has been running for ${Math.floor(seconds)} s and does not end`;
}

/**
 * A bar's line in a terminal of so many columns: the longest of the texts that leaves room for a bar.
 * @param fraction 0 to 1
 * @param texts longest first
 */
export function barLine(name: string, fraction: number, texts: readonly string[], columns: number): string {
  for (const text of texts) {
    const room = Math.min(columns - name.length - text.length - " [] ".length, LONGEST_BAR);
    if (room < SHORTEST_BAR) continue;
    const done = Math.round(Math.min(fraction, 1) * room);
    return `${name} [${"=".repeat(done)}${"-".repeat(room - done)}] ${text}`;
  }
  return `${name} ${texts.at(-1)}`.slice(0, columns);
}

/** A snapshot in one line. */
export function progressLine(snapshot: Snapshot, counted = "divergences"): string {
  const { blocks, expected } = snapshot;
  const speed = speedText(snapshot, counted);
  return `${percent(snapshot.fraction)} ${grouped(blocks)}/${grouped(expected)} blocks, ${speed}`;
}

export class ProgressLines implements ProgressDisplay {
  readonly #write: (line: string) => void;
  readonly #counted: string | undefined;
  #lastLineAt: number | undefined;

  constructor(write: (line: string) => void, counted?: string) {
    this.#write = write;
    this.#counted = counted;
  }

  update(snapshot: Snapshot, now: number): void {
    this.#lastLineAt ??= now;
    if (now - this.#lastLineAt < LINE_INTERVAL_MILLISECONDS) return;
    this.#lastLineAt = now;
    this.#write(progressLine(snapshot, this.#counted));
  }

  message(text: string): void {
    this.#write(shown(text));
  }

  stop(): void {}
}

/** For machines that collect logs. */
class ProgressRecords implements ProgressDisplay {
  readonly #write: (line: string) => void;
  #lastLineAt: number | undefined;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  update({ newStalls: _, ...snapshot }: Snapshot, now: number): void {
    this.#lastLineAt ??= now;
    if (now - this.#lastLineAt < LINE_INTERVAL_MILLISECONDS) return;
    this.#lastLineAt = now;
    this.#write(logLine("info", "progress", snapshot));
  }

  message(text: string): void {
    this.#write(logLine("info", text));
  }

  stop(): void {}
}

interface BarPayload {
  readonly name: string;
  /** Longest first. */
  readonly texts: readonly string[];
}

class ProgressBars implements ProgressDisplay {
  readonly #bars: MultiBar;
  readonly #counted: string;
  readonly #rows: number;
  readonly #shardBars = new Map<number, SingleBar>();
  #overall: SingleBar | undefined;

  constructor(stderr: NodeJS.WriteStream, counted: string) {
    this.#counted = counted;
    this.#rows = stderr.rows;
    this.#bars = new MultiBar({
      stream: stderr,
      format: (_options, { progress }, { name, texts }: BarPayload) => barLine(name, progress, texts, stderr.columns),
      hideCursor: true,
      // The command handles signals itself: bars stay until the run has stopped in good order.
      gracefulExit: false,
      clearOnComplete: true,
    });
    // Whatever ends the process, the terminal is left as it was: with a cursor, and with lines that wrap.
    process.on("exit", this.#restore);
  }

  update(snapshot: Snapshot): void {
    const names = [...snapshot.shards.map(({ fullShardId }) => shardName(fullShardId)), "all"];
    const width = Math.max(...names.map((name) => name.length));
    if (snapshot.shards.length <= this.#rows - SPARE_ROWS) {
      for (const shard of snapshot.shards) this.#updateShard(shard, width);
    }
    const payload: BarPayload = { name: "all".padEnd(width), texts: overallTexts(snapshot, this.#counted) };
    this.#overall ??= this.#bars.create(BAR_STEPS, 0, payload);
    this.#overall.update(Math.round(snapshot.fraction * BAR_STEPS), payload);
  }

  message(text: string): void {
    this.#bars.log(`${shown(text)}\n`);
  }

  stop(): void {
    process.off("exit", this.#restore);
    this.#restore();
  }

  #restore = () => {
    // Draws once more what messages there are, which would be lost otherwise.
    this.#bars.update();
    this.#bars.stop();
  };

  #updateShard({ fullShardId, blocks, expected }: ShardProgress, width: number): void {
    const texts = [`${grouped(blocks)}/${grouped(expected)}`];
    const payload: BarPayload = { name: shardName(fullShardId).padEnd(width), texts };
    let bar = this.#shardBars.get(fullShardId);
    if (bar === undefined) {
      bar = this.#bars.create(Math.max(expected, 1), 0, payload);
      this.#shardBars.set(fullShardId, bar);
    }
    // Unconfirmed blocks come on top of what the root chain announced.
    bar.setTotal(Math.max(expected, blocks, 1));
    bar.update(blocks, payload);
  }
}

function overallTexts(snapshot: Snapshot, counted: string): string[] {
  const done = percent(snapshot.fraction);
  const found = `${snapshot.divergences} ${counted}`;
  return [
    `${done} ${speedText(snapshot, counted)}`,
    `${done} ETA ${etaText(snapshot)}, ${found}`,
    `${done}, ${found}`,
    `${done}, ${snapshot.divergences}`,
  ];
}

function etaText({ etaSeconds }: Snapshot): string {
  return etaSeconds === undefined ? "unknown" : durationText(etaSeconds);
}

function speedText(snapshot: Snapshot, counted: string): string {
  const { blocksPerSecond, mgasPerSecond, divergences } = snapshot;
  const speed = `${blocksPerSecond.toFixed(0)} blocks/s, ${mgasPerSecond.toFixed(2)} Mgas/s`;
  return `${speed}, ETA ${etaText(snapshot)}, ${divergences} ${counted}`;
}

function durationText(seconds: number): string {
  const whole = Math.ceil(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes === 0) return `${whole} s`;
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)}%`;
}
