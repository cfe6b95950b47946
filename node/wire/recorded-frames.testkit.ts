import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { fromHex } from "../codec/bytes.ts";
import type { Frame, MetadataBytes } from "./frame.ts";

/** A frame that pyquarkchain's processes sent each other. */
export interface RecordedFrame {
  readonly metadataBytes: MetadataBytes;
  readonly name: string;
  readonly frame: Frame;
}

interface Row {
  readonly metadata: MetadataBytes;
  readonly branch: number;
  readonly peer: string;
  readonly op: number;
  readonly name: string;
  readonly id: string;
  readonly payload: string;
}

/** See fixtures/wire/README.md. */
export function recordedFrames(): RecordedFrame[] {
  const text = gunzipSync(readFileSync(new URL("../../fixtures/wire/frames.jsonl.gz", import.meta.url))).toString(
    "utf8",
  );
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const { metadata, branch, peer, op, name, id, payload } = JSON.parse(line) as Row;
      const frame = {
        branch,
        clusterPeerId: BigInt(peer),
        op,
        rpcId: BigInt(id),
        payload: fromHex(payload, "payload"),
      };
      return { metadataBytes: metadata, name, frame };
    });
}
