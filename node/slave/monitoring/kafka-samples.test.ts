import { expect, test } from "vitest";
import { asHash32, utf8 } from "../../codec/bytes.ts";
import { EMPTY_BLOCK } from "../reads/empty-answers.ts";
import { type HttpPost, KafkaSamples, type KafkaSamplesParts } from "./kafka-samples.ts";

const HASH = asHash32(new Uint8Array(32).fill(0xab));
const MONITORING: KafkaSamplesParts["monitoring"] = {
  networkName: "net",
  clusterId: null,
  kafkaRestAddress: "kafka:8082",
  minerTopic: "qkc_miner",
  propagationTopic: "block_propagation",
  errorTopic: "error",
};

function samplesOver(post: HttpPost, monitoring = MONITORING) {
  const lines: string[] = [];
  const log = (line: string) => lines.push(line);
  return {
    lines,
    samples: new KafkaSamples({ monitoring, clusterId: "c\u00e9", post, now: () => 1_700_000_001_234, log }),
  };
}

function recorder(status = 200) {
  const posts: Parameters<HttpPost>[] = [];
  const post: HttpPost = async (...args) => {
    posts.push(args);
    return status;
  };
  return { posts, post };
}

function storedWith(tracking: string) {
  const block = { ...EMPTY_BLOCK, trackingData: utf8(tracking) };
  return { hash: HASH, block, startedAt: 1_700_000_001_000 };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test("a sample is the body that pyquarkchain posts", () => {
  const { posts, post } = recorder();
  const { samples } = samplesOver(post);
  samples.blockStored(storedWith('{"inception": 5, "cluster": "here", "creation_ms": 7, "mined": 1700000000900}'));
  samples.blockStored(storedWith('{"inception": 5, "cluster": "here", "creation_ms": 7}'));
  samples.lineLogged("error", "it \u2260 well");
  const block = (mined: number, propagation: number) =>
    `{"records": [{"value": {"time": 1700000001, "shard": "1", "network": "net", "cluster": "c\\u00e9", "hash": "${"ab".repeat(32)}", ` +
    '"height": 0, "original_cluster": "here", "inception": 5, "creation_latency_ms": 7, "add_block_latency_ms": 234, ' +
    `"mined": ${mined}, "propagation_latency_ms": ${propagation}, "num_tx": 0}}]}`;
  const headers = {
    "Content-Type": "application/vnd.kafka.json.v2+json",
    Accept: "application/vnd.kafka.v2+json",
  };
  expect(posts).toEqual([
    ["http://kafka:8082/topics/block_propagation", block(1_700_000_000_900, 100), headers],
    ["http://kafka:8082/topics/block_propagation", block(0, 1_700_000_001_000), headers],
    [
      "http://kafka:8082/topics/error",
      '{"records": [{"value": {"time": 1700000001, "network": "net", "cluster": "c\\u00e9", "level": "error", "message": "it \\u2260 well"}}]}',
      headers,
    ],
  ]);
});

test.each([
  "",
  "{",
  "5",
  "null",
  '{"cluster": "here"}',
  '{"cluster": 1, "inception": 2, "creation_ms": 3, "mined": "x"}',
  "\ufffd",
])("tracking data %j is no sample and no trouble", (tracking) => {
  const { posts, post } = recorder();
  const { samples, lines } = samplesOver(post);
  samples.blockStored(storedWith(tracking));
  expect([posts, lines]).toEqual([[], []]);
});

test("without an address or a topic nothing is sent", () => {
  const { posts, post } = recorder();
  samplesOver(post, { ...MONITORING, kafkaRestAddress: "" }).samples.lineLogged("error", "x");
  samplesOver(post, { ...MONITORING, errorTopic: "" }).samples.lineLogged("error", "x");
  expect(posts).toEqual([]);
});

test("one failure in a hundred is logged", async () => {
  const refused = samplesOver(recorder(503).post);
  for (let round = 0; round < 202; round++) {
    refused.samples.lineLogged("error", "x");
    await settle();
  }
  expect(refused.lines).toEqual(Array(3).fill("Failed to log sample to Kafka: non-OK response status code: 503"));
  const lost = samplesOver(() => Promise.reject(new Error("no route")));
  lost.samples.lineLogged("error", "x");
  await settle();
  expect(lost.lines).toEqual(["Failed to log sample to Kafka: no route"]);
});

test("a proxy that never answers holds up no more than so many samples", () => {
  let posts = 0;
  const { samples, lines } = samplesOver(() => {
    posts++;
    return new Promise(() => {});
  });
  for (let i = 0; i < 1000; i++) samples.lineLogged("error", "x");
  expect(posts).toBe(64);
  expect(lines[0]).toContain("under way");
});
