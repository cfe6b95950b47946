import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseClusterConfig } from "../../node/chain/config-file.ts";
import { fromHex, toHex } from "../../node/codec/bytes.ts";
import { readVectors } from "../../node/execution-node/reads/read-vectors.testkit.ts";
import { memoryLinks } from "../../node/net/memory-link.testkit.ts";
import { RawEnd } from "../../node/net/raw-end.testkit.ts";
import type { Slave } from "../../node/slave/slave.ts";
import { CLUSTER_RPC } from "../../node/wire/cluster-ops.ts";
import { ModelCluster } from "./model-cluster.testkit.ts";

/** One line of fixtures/wire/bringup.jsonl.gz: see the README there. */
interface Recorded {
  readonly slave: string;
  readonly from: "master" | "slave";
  readonly op: number;
  readonly id: string;
  readonly payload: string;
}

let folder: string;
let slaves: Slave[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qkc-bringup-"));
  slaves = [];
});

afterEach(async () => {
  for (const slave of slaves) await slave.close("the test is over");
  rmSync(folder, { recursive: true, force: true });
});

test("with empty stores two slaves say to a master what pyquarkchain's said, byte for byte and in that order", async () => {
  const model = new ModelCluster(recordedCluster(), folder);
  const ends = new Map<string, { readonly master: RawEnd; readonly wanted: Recorded[] }>();
  for (const config of recordedCluster().slaves) {
    const [theirs, ours] = memoryLinks(["master", config.id]);
    slaves.push(model.startUnder(ours, config).slave);
    ends.set(config.id, { master: new RawEnd(theirs, 12), wanted: [] });
  }
  const heardAll = async () => {
    for (const { master, wanted } of ends.values()) {
      await expect.poll(() => master.frames.length, { timeout: 20_000 }).toBe(wanted.length);
    }
  };
  for (const line of inTurns(recordedLines())) {
    const end = ends.get(line.slave);
    if (end === undefined) throw new Error(`the recording has no slave ${line.slave}`);
    if (line.from === "slave") end.wanted.push(line);
    else {
      // The master asks what it asked when it had heard what it had heard.
      await heardAll();
      end.master.frame({ op: line.op, rpcId: BigInt(line.id), payload: fromHex(line.payload, "payload") });
    }
  }
  await heardAll();
  for (const { master, wanted } of ends.values()) {
    const heard = master.frames.map(({ op, rpcId, branch, clusterPeerId, payload }) => {
      expect([branch, clusterPeerId]).toEqual([0, 0n]);
      return { op, id: String(rpcId), payload: toHex(payload) };
    });
    expect(inOrder(heard)).toEqual(inOrder(wanted.map(({ op, id, payload }) => ({ op, id, payload }))));
  }
  expect(model.network.dialled).toHaveLength(1);
});

function recordedCluster() {
  return parseClusterConfig(readVectors<{ readonly config: string }>("recorded").config, "the recording");
}

function recordedLines(): Recorded[] {
  const packed = readFileSync(new URL("../../fixtures/wire/bringup.jsonl.gz", import.meta.url));
  const lines = gunzipSync(packed).toString("utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Recorded);
}

/** The master acknowledged some headers before others were reported; here it waits until all shards have reported theirs. */
function inTurns(lines: readonly Recorded[]): Recorded[] {
  const isHeader = ({ op }: Recorded) => op === CLUSTER_RPC.addMinorBlockHeader.op;
  const isAcknowledged = ({ op }: Recorded) => op === CLUSTER_RPC.addMinorBlockHeader.responseOp;
  const isLast = ({ from, id }: Recorded) => from === "slave" && id === "3";
  const before = lines.filter((line) => !isHeader(line) && !isAcknowledged(line) && !isLast(line));
  return [...before, ...lines.filter(isHeader), ...lines.filter(isAcknowledged), ...lines.filter(isLast)];
}

/** Shards report at the same time: which of two comes first is nobody's choice. */
function inOrder(frames: readonly { readonly op: number; readonly id: string; readonly payload: string }[]) {
  const isHeader = ({ op }: { op: number }) => op === CLUSTER_RPC.addMinorBlockHeader.op;
  const headers = frames
    .filter(isHeader)
    .map(({ payload }) => payload)
    .sort();
  let next = 0;
  return frames.map((frame) => (isHeader(frame) ? { ...frame, payload: headers[next++] } : frame));
}
