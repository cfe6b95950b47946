import { MultiBar, type SingleBar } from "cli-progress";
import { shardName } from "../report/summary.ts";
import { grouped } from "../text/grouped.ts";
import type { ShardProgress, Snapshot, Stall } from "../work/monitor.ts";

const LINE_INTERVAL_MILLISECONDS = 10_000;
/** Rows of the terminal that are left to everything but shards' bars. */
const SPARE_ROWS = 4;
const BAR_STEPS = 1000;

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
  return stderr.isTTY && !env.CI
    ? new ProgressBars(stderr, counted)
    : new ProgressLines((line) => stderr.write(`${line}\n`), counted);
}

/** The sentence of the stall watchdog. */
export function stallText({ fullShardId, height, seconds }: Stall): string {
  const block = fullShardId === null ? `root block ${height}` : `block ${height} of shard ${shardName(fullShardId)}`;
  return `${block} has been running for ${Math.floor(seconds)} s and does not end`;
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
    this.#write(text);
  }

  stop(): void {}
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
      format: "{name} [{bar}] {text}",
      barsize: 30,
      hideCursor: true,
      // The command handles signals itself: bars stay until the run has stopped in good order.
      gracefulExit: false,
      clearOnComplete: true,
    });
  }

  update(snapshot: Snapshot): void {
    const names = [...snapshot.shards.map(({ fullShardId }) => shardName(fullShardId)), "all"];
    const width = Math.max(...names.map((name) => name.length));
    if (snapshot.shards.length <= this.#rows - SPARE_ROWS) {
      for (const shard of snapshot.shards) this.#updateShard(shard, width);
    }
    this.#overall ??= this.#bars.create(BAR_STEPS, 0, { name: "all".padEnd(width), text: "" });
    const text = `${percent(snapshot.fraction)} ${speedText(snapshot, this.#counted)}`;
    this.#overall.update(Math.round(snapshot.fraction * BAR_STEPS), { text });
  }

  message(text: string): void {
    this.#bars.log(`${text}\n`);
  }

  stop(): void {
    this.#bars.stop();
  }

  #updateShard({ fullShardId, blocks, expected }: ShardProgress, width: number): void {
    let bar = this.#shardBars.get(fullShardId);
    if (bar === undefined) {
      bar = this.#bars.create(Math.max(expected, 1), 0, { name: shardName(fullShardId).padEnd(width), text: "" });
      this.#shardBars.set(fullShardId, bar);
    }
    // Unconfirmed blocks come on top of what the root chain announced.
    bar.setTotal(Math.max(expected, blocks, 1));
    bar.update(blocks, { text: `${grouped(blocks)}/${grouped(expected)}` });
  }
}

function speedText({ blocksPerSecond, mgasPerSecond, etaSeconds, divergences }: Snapshot, counted: string): string {
  const eta = etaSeconds === undefined ? "unknown" : durationText(etaSeconds);
  return `${blocksPerSecond.toFixed(0)} blocks/s, ${mgasPerSecond.toFixed(2)} Mgas/s, ETA ${eta}, ${divergences} ${counted}`;
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
