import { expect, it } from "vitest";
import { BLOCK_SECONDS, type ShardGauges, ShardMeter } from "../../node/slave/shard-gauges.ts";
import { illness, type SlaveGauges } from "../../node/slave/slave-gauges.ts";
import { samplesOf } from "../terminal/metrics/metrics-samples.testkit.ts";
import { slaveMetrics } from "./slave-metrics.ts";

const COUNTS = BLOCK_SECONDS.map((_, i) => i).concat(3);
const SHARD: ShardGauges = {
  ...{ height: 42, confirmedHeight: 40, rootHeight: 7, headTime: 1000, pending: 3, uncommitted: 1, isSyncing: true },
  ...{
    peers: 2,
    blocks: 48,
    transactions: 9,
    gas: 21_000,
    blockSeconds: { sum: 1.5, counts: COUNTS },
    loopDelay: 0.01,
  },
};
const GAUGES: SlaveGauges = {
  ...{ isMasterConnected: true, fellows: 3, linkedFellows: 2 },
  shards: [
    { fullShardId: 1, isAlive: true, gauges: SHARD },
    { fullShardId: 0x10002, isAlive: false, gauges: undefined },
  ],
};

it("has a slave's numbers by shard, in the format's grammar", () => {
  const text = slaveMetrics({ version: "1.2.3", startedAt: 0, now: 1_012_000, gauges: GAUGES, loopDelay: 0.02 });
  const samples = samplesOf(text);
  expect(samples.get('qkc_slave_head_height{branch="0x1"}')).toBe(42);
  expect(samples.get('qkc_slave_head_age_seconds{branch="0x1"}')).toBe(12);
  expect(samples.get('qkc_slave_blocks_total{branch="0x1"}')).toBe(48);
  expect(samples.get('qkc_slave_shard_alive{branch="0x10002"}')).toBe(0);
  expect(samples.get("qkc_slave_linked_fellows")).toBe(2);
  expect(samples.get("qkc_slave_links_delay_seconds")).toBe(0.02);
  const total = COUNTS.reduce((a, b) => a + b);
  expect(samples.get('qkc_slave_block_seconds_bucket{branch="0x1",le="0.01"}')).toBe(1);
  expect(samples.get('qkc_slave_block_seconds_bucket{branch="0x1",le="+Inf"}')).toBe(total);
  expect(samples.get('qkc_slave_block_seconds_count{branch="0x1"}')).toBe(total);
  expect(samples.get('qkc_slave_block_seconds_sum{branch="0x1"}')).toBe(1.5);
  expect([...samples.keys()].filter((name) => name.includes("0x10002"))).toHaveLength(1);
});

it("is unwell without a master, and with a shard that is alive and does not answer", () => {
  expect(illness(GAUGES)).toBeUndefined();
  expect(illness({ ...GAUGES, isMasterConnected: false })).toBe("no master is connected");
  const [, other] = GAUGES.shards;
  expect(illness({ ...GAUGES, shards: [{ ...other, isAlive: true }] })).toBe("no answer of shard 65538");
});

it("counts each block in the class of its time", async () => {
  const meter = new ShardMeter();
  const block = { transactions: [1, 2], meta: { gasUsed: 21_000n } } as unknown as Parameters<
    ShardMeter["blockStored"]
  >[0]["block"];
  for (const milliseconds of [0, 5, 6, 5000, 5001]) meter.blockStored({ block }, 1000, 1000 + milliseconds);
  const snapshot = {
    head: { height: 1 },
    headBlock: { header: { createTime: 1 } },
    rootTip: { header: { height: 1 } },
  };
  const shard = { chain: { unfinished: async () => [] }, pool: { size: 0 }, snapshot: () => snapshot };
  const peers = { synchronizer: { isSyncing: false }, size: 0 };
  const { blocks, transactions, gas, blockSeconds } = await meter.read(
    shard as unknown as Parameters<ShardMeter["read"]>[0],
    peers as unknown as Parameters<ShardMeter["read"]>[1],
  );
  meter.stop();
  expect({ blocks, transactions, gas }).toEqual({ blocks: 5, transactions: 10, gas: 105_000 });
  expect(blockSeconds.counts).toEqual([2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
  expect(blockSeconds.sum).toBeCloseTo(10.012);
});
