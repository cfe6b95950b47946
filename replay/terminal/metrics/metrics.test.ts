import { describe, expect, it } from "vitest";
import type { Snapshot } from "../../work/monitor.ts";
import { parseListenAddress } from "./listen-address.ts";
import { serveMetrics } from "./metrics-server.ts";
import { CONTENT_TYPE, openMetrics } from "./open-metrics.ts";

const SNAPSHOT: Snapshot = {
  shards: [
    { fullShardId: 1, blocks: 5, expected: 10 },
    { fullShardId: 0x10002, blocks: 0, expected: 7 },
  ],
  ...{ blocks: 5, expected: 17, fraction: 0.25, blocksPerSecond: 2, mgasPerSecond: 1, etaSeconds: undefined },
  ...{ divergences: 3, gas: 21_000, newStalls: [] },
};

/** The format's grammar, as far as it is used here: every sample belongs to the family that was announced last. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split("\n");
  expect(lines.slice(-2)).toEqual(["# EOF", ""]);
  const samples = new Map<string, number>();
  let family = "";
  let type = "";
  for (const line of lines.slice(0, -2)) {
    const announced = /^# TYPE ([a-z_]+) (counter|gauge|info)$/.exec(line);
    if (announced !== null) {
      [, family, type] = announced;
      continue;
    }
    if (line.startsWith("# UNIT ")) {
      const [, name, unit] = /^# UNIT ([a-z_]+) ([a-z]+)$/.exec(line) ?? [];
      expect([name, name?.endsWith(`_${unit}`)]).toEqual([family, true]);
      continue;
    }
    if (line.startsWith("# HELP ")) {
      expect(line).toMatch(new RegExp(`^# HELP ${family} .+\\.$`));
      continue;
    }
    const suffix = { counter: "_total", gauge: "", info: "_info" }[type];
    expect(line).toMatch(
      new RegExp(`^${family}${suffix}(\\{[a-z]+="[^"\\\\]*"(,[a-z]+="[^"\\\\]*")*\\})? (NaN|[0-9.e+-]+)$`),
    );
    const end = line.lastIndexOf(" ");
    expect(samples.has(line.slice(0, end))).toBe(false);
    samples.set(line.slice(0, end), Number(line.slice(end + 1)));
  }
  return samples;
}

describe("openMetrics", () => {
  it("has a run's numbers by shard, in the format's grammar", () => {
    const samples = samplesOf(openMetrics({ version: "1.2.3", startedAt: 5000, snapshot: SNAPSHOT, stalls: 1 }));
    expect(samples.get('qkc_replay_blocks_total{branch="0x1"}')).toBe(5);
    expect(samples.get('qkc_replay_expected_blocks{branch="0x10002"}')).toBe(7);
    expect(samples.get("qkc_replay_divergences_total")).toBe(3);
    expect(samples.get("qkc_replay_gas_total")).toBe(21_000);
    expect(samples.get("qkc_replay_stalled_blocks_total")).toBe(1);
    expect(samples.get("qkc_replay_progress_ratio")).toBe(0.25);
    expect(samples.get("qkc_replay_start_time_seconds")).toBe(5);
    expect(samples.get(`qkc_replay_build_info{version="1.2.3",node="${process.version}"}`)).toBe(1);
    expect(samples.get("process_resident_memory_bytes")).toBeGreaterThan(1e6);
  });

  it("tells of the process before there is a run", () => {
    const samples = samplesOf(openMetrics({ version: "1", startedAt: 0, snapshot: undefined, stalls: 0 }));
    expect([...samples.keys()].filter((name) => name.includes("blocks"))).toEqual([]);
  });
});

describe("serveMetrics", () => {
  it("answers with metrics and health, and with nothing else", async () => {
    let asked = 0;
    const server = await serveMetrics({ host: "127.0.0.1", port: 0 }, () => `${++asked}\n`);
    try {
      const metrics = await fetch(`${server.url}/metrics`);
      expect([metrics.status, metrics.headers.get("content-type"), await metrics.text()]).toEqual([
        200,
        CONTENT_TYPE,
        "1\n",
      ]);
      expect(await (await fetch(`${server.url}/healthz`)).text()).toBe("ok\n");
      expect((await fetch(`${server.url}/other`)).status).toBe(404);
      expect((await fetch(`${server.url}/metrics`, { method: "POST", body: "x" })).status).toBe(405);
      expect(asked).toBe(1);
      const port = Number(new URL(server.url).port);
      await expect(serveMetrics({ host: "127.0.0.1", port }, () => "")).rejects.toThrow("cannot be opened");
    } finally {
      server.close();
    }
  });
});

describe("parseListenAddress", () => {
  it.each([
    ["9464", "127.0.0.1", 9464],
    ["0.0.0.0:9464", "0.0.0.0", 9464],
    ["[::1]:80", "::1", 80],
    ["node-7.internal:0", "node-7.internal", 0],
  ])("%s", (text, host, port) => expect(parseListenAddress(text)).toEqual({ host, port }));

  it.each(["", ":80", "host", "host:", "1:2:3", "65536", "host:99999", "-1"])("refuses %j", (text) =>
    expect(() => parseListenAddress(text)).toThrow("HOST:PORT"),
  );
});
