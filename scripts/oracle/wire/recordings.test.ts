import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { CLUSTER_OPERATIONS } from "../../../node/wire/cluster-ops.ts";
import { decode, encode } from "../../../node/wire/codec.ts";
import { codecOf } from "../../../node/wire/operation.ts";
import { PEER_OPERATIONS } from "../../../node/wire/peer-ops.ts";

/** Folder of recordings, one folder in it for each, with files wire*.jsonl.gz. */
const { RECORDINGS } = process.env;
if (RECORDINGS === undefined) console.warn("RECORDINGS is not set: recorded wire traffic is skipped");

test.skipIf(RECORDINGS === undefined)("every recorded frame is decoded and encoded again byte for byte", () => {
  let frames = 0;
  for (const file of filesOf(RECORDINGS ?? "")) {
    for (const line of gunzipSync(readFileSync(file)).toString("utf8").trim().split("\n")) {
      const row = JSON.parse(line) as { event?: string; op: number; op_name: string; payload: string };
      const operation = CLUSTER_OPERATIONS.get(row.op) ?? PEER_OPERATIONS.get(row.op);
      // Root chain traffic among clusters never reaches a slave.
      if (row.event !== undefined || operation === undefined) continue;
      const codec = codecOf(operation);
      const value = decode(codec, Buffer.from(row.payload, "hex"), row.op_name);
      const again = Buffer.from(encode(codec, value)).toString("hex");
      expect(again, `${file}: ${row.op_name}`).toBe(row.payload);
      frames++;
    }
  }
  expect(frames).toBeGreaterThan(1000);
});

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => /wire[^/]*\.jsonl\.gz$/.test(file))
    .map((file) => join(folder, file));
}
