import { expect, test } from "vitest";
import { trackingDataOf, withMined } from "./tracking-data.ts";

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

// As json.dumps writes the same.
test("is written as Python writes it", () => {
  const data = trackingDataOf({ inception: 1700000000123, cluster: 'h"ö\u{1F600}', creationMs: 7.9 });
  expect(text(data)).toBe('{"inception": 1700000000123, "cluster": "h\\"\\u00f6\\ud83d\\ude00", "creation_ms": 7}');
  expect(text(withMined(data, 1700000000999.5))).toBe(
    '{"inception": 1700000000123, "cluster": "h\\"\\u00f6\\ud83d\\ude00", "creation_ms": 7, "mined": 1700000000999}',
  );
});
