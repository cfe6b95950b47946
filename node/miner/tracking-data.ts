import { utf8 } from "../codec/bytes.ts";

/** Behind every block, unhashed: how long it took to get where it is. Times in milliseconds. */
export interface TrackingData {
  /** Since 1970, when the block was begun. */
  readonly inception: number;
  readonly cluster: string;
  readonly creationMs: number;
  /** Since 1970, when a local miner sealed it. */
  readonly mined?: number;
}

/** As Python's json.dumps writes it, which is what the other clusters send (shard_state.py create_block_to_mine). */
export function trackingDataOf({ inception, cluster, creationMs, mined }: TrackingData): Uint8Array {
  const fields = [
    `"inception": ${Math.floor(inception)}`,
    `"cluster": ${asciiJson(cluster)}`,
    `"creation_ms": ${Math.floor(creationMs)}`,
  ];
  if (mined !== undefined) fields.push(`"mined": ${Math.floor(mined)}`);
  return utf8(`{${fields.join(", ")}}`);
}

/** Tracking data of a template with the moment of its seal (pyquarkchain miner.py _track). */
export function withMined(trackingData: Uint8Array, mined: number): Uint8Array {
  const text = Buffer.from(trackingData).toString("utf8");
  return utf8(`${text.slice(0, -1)}, "mined": ${Math.floor(mined)}}`);
}

/** json.dumps escapes what is not ASCII. */
function asciiJson(text: string): string {
  return JSON.stringify(text).replace(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
