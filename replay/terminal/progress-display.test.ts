import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { Snapshot } from "../work/monitor.ts";
import { barLine, createProgressDisplay, ProgressLines, progressLine, stallText } from "./progress-display.ts";

const SNAPSHOT: Snapshot = {
  shards: [{ fullShardId: 1, blocks: 500, expected: 1000 }],
  blocks: 500,
  expected: 1000,
  fraction: 0.4321,
  blocksPerSecond: 250.4,
  mgasPerSecond: 12.345,
  etaSeconds: 61.2,
  divergences: 2,
  gas: 0,
  newStalls: [],
};

describe("progressLine", () => {
  it.each([
    [61.2, "ETA 1 min 2 s"],
    [0.2, "ETA 1 s"],
    [7260, "ETA 2 h 1 min"],
    [undefined, "ETA unknown"],
  ])("time left of %s s", (etaSeconds, text) => {
    expect(progressLine({ ...SNAPSHOT, etaSeconds })).toBe(
      `43.2% 500/1,000 blocks, 250 blocks/s, 12.35 Mgas/s, ${text}, 2 divergences`,
    );
  });
});

describe("ProgressLines", () => {
  it("writes every ten seconds, and messages at once", () => {
    const lines: string[] = [];
    const display = new ProgressLines((line) => lines.push(line));
    for (let now = 0; now <= 30_000; now += 500) display.update(SNAPSHOT, now);
    expect(lines).toHaveLength(3);
    display.message("hello");
    expect(lines[3]).toBe("hello");
  });
});

describe("the end of a process", () => {
  it("gives a terminal its cursor and its line wrapping back, and shows what was to be said", () => {
    let written = "";
    const sink = new Writable({
      write: (chunk, _, done) => {
        written += chunk;
        done();
      },
    });
    const size = { columns: 80, rows: 24, getWindowSize: () => [80, 24] };
    const stream = Object.assign(sink, { isTTY: true, ...size }) as unknown as NodeJS.WriteStream;
    const before = process.listeners("exit");
    const display = createProgressDisplay(stream, {}, false);
    const added = process.listeners("exit").filter((listener) => !before.includes(listener));
    display.update(SNAPSHOT, 0);
    display.message("SIGINT: stopping at the next block");
    expect(written).toContain("\u001b[?25l");
    // A second signal ends the process without the display's own end.
    for (const listener of added) listener.call(process, 130);
    expect(written).toContain("SIGINT: stopping at the next block");
    const last = (sequence: string) => written.lastIndexOf(sequence);
    expect(last("\u001b[?25h")).toBeGreaterThan(last("\u001b[?25l"));
    expect(last("\u001b[?7h")).toBeGreaterThan(last("\u001b[?7l"));
    display.stop();
    expect(process.listeners("exit")).toEqual(before);
  });
});

describe("barLine", () => {
  const texts = ["43.2% 250 blocks/s, 12.35 Mgas/s, ETA 1 min 2 s, 2 divergences", "43.2%, 2 divergences", "43.2%"];

  it.each([
    [120, `65538 (0x10002) [${"=".repeat(13)}${"-".repeat(17)}] ${texts[0]}`],
    [90, "65538 (0x10002) [====-----] 43.2% 250"],
    [50, "65538 (0x10002) [=====------] 43.2%, 2 divergences"],
    [40, "65538 (0x10002) [=======---------] 43.2%"],
    [18, "65538 (0x10002) 43"],
  ])("fits %i columns", (columns, start) => {
    const line = barLine("65538 (0x10002)", 0.432, texts, columns);
    expect(line).toContain(start);
    expect(line.length).toBeLessThanOrEqual(columns);
  });
});

describe("stallText", () => {
  it("names a minor or a root block", () => {
    expect(stallText({ fullShardId: 65538, height: 12, seconds: 60.9 })).toBe(
      "block 12 of shard 65538 (0x10002) has been running for 60 s and does not end",
    );
    expect(stallText({ fullShardId: null, height: 12, seconds: 60 })).toMatch(/^root block 12 /);
  });
});
