import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { BLOCK_SECONDS } from "../../node/slave/shard-gauges.ts";
import { slaveMetrics } from "../../replay/slave/slave-metrics.ts";
import { openMetrics } from "../../replay/terminal/metrics/open-metrics.ts";

it("the dashboard of a run asks for metrics that there are", () => {
  const shards = [{ fullShardId: 1, blocks: 5, expected: 10 }];
  const rest = { blocks: 5, expected: 10, fraction: 0.5, blocksPerSecond: 1, mgasPerSecond: 1, etaSeconds: 1 };
  const snapshot = { shards, ...rest, divergences: 0, gas: 0, newStalls: [] };
  expectAllIn("qkc-replay", openMetrics({ version: "1", startedAt: 0, snapshot, stalls: 0 }));
});

it("the dashboard of a slave asks for metrics that there are", () => {
  const zeros = { height: 0, confirmedHeight: 0, rootHeight: 0, headTime: 0, pending: 0, uncommitted: 0, peers: 0 };
  const counts = [...BLOCK_SECONDS.map(() => 0), 0];
  const work = { blocks: 0, transactions: 0, gas: 0, blockSeconds: { sum: 0, counts }, loopDelay: 0 };
  const shards = [{ fullShardId: 1, isAlive: true, gauges: { ...zeros, ...work, isSyncing: false } }];
  const gauges = { isMasterConnected: true, fellows: 0, linkedFellows: 0, shards };
  expectAllIn("qkc-slave", slaveMetrics({ version: "1", startedAt: 0, now: 0, gauges, loopDelay: 0 }));
});

function expectAllIn(name: string, text: string): void {
  const dashboard = readFileSync(new URL(`../../deploy/grafana/dashboards/${name}.json`, import.meta.url), "utf8");
  const names = [...dashboard.matchAll(/\b(?:qkc_(?:replay|slave)|process)_[a-z_]+/g)].map(([found]) => found);
  expect(names.length).toBeGreaterThan(8);
  for (const found of names) expect(text).toMatch(new RegExp(`^${found}[ {]`, "m"));
}
