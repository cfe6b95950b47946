import { describe, expect, it } from "vitest";
import type { Snapshot } from "../../work/monitor.ts";
import { parseListenAddress } from "./listen-address.ts";
import { samplesOf } from "./metrics-samples.testkit.ts";
import { serveMetrics } from "./metrics-server.ts";
import { CONTENT_TYPE } from "./metrics-text.ts";
import { openMetrics } from "./open-metrics.ts";

const SNAPSHOT: Snapshot = {
  shards: [
    { fullShardId: 1, blocks: 5, expected: 10 },
    { fullShardId: 0x10002, blocks: 0, expected: 7 },
  ],
  ...{ blocks: 5, expected: 17, fraction: 0.25, blocksPerSecond: 2, mgasPerSecond: 1, etaSeconds: undefined },
  ...{ divergences: 3, gas: 21_000, newStalls: [] },
};

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
    const server = await serveMetrics({ host: "127.0.0.1", port: 0 }, { text: () => `${++asked}\n` });
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
      await expect(serveMetrics({ host: "127.0.0.1", port }, { text: () => "" })).rejects.toThrow("cannot be opened");
    } finally {
      server.close();
    }
  });
});

describe("a server that can be unwell", () => {
  it("says what is wrong with status 503, and ok when it is over", async () => {
    let wrong: string | undefined = "no master is connected";
    const answers = { text: () => Promise.resolve("# EOF\n"), illness: async () => wrong };
    const server = await serveMetrics({ host: "127.0.0.1", port: 0 }, answers);
    try {
      const health = async () => {
        const answer = await fetch(`${server.url}/healthz`);
        return [answer.status, await answer.text()];
      };
      expect(await health()).toEqual([503, "no master is connected\n"]);
      wrong = undefined;
      expect(await health()).toEqual([200, "ok\n"]);
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
