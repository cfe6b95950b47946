import { createHash } from "node:crypto";

const DIGEST_DIGITS = 32;

/**
 * A row's value behind a digest of its key and itself. LevelDB is opened here without a way to have it look at its
 * tables' checksums, so a row proves itself: what a disk has altered is never taken for a result.
 */
export function sealedRow(key: string, value: unknown): string {
  const json = JSON.stringify(value);
  return `${digestOf(key, json)} ${json}`;
}

/** The value of a sealed row; undefined for a row that does not prove itself. */
export function openedRow(key: string, text: string): unknown {
  const json = text.slice(DIGEST_DIGITS + 1);
  return text === `${digestOf(key, json)} ${json}` ? JSON.parse(json) : undefined;
}

function digestOf(key: string, json: string): string {
  return createHash("sha256").update(`${key}\n${json}`).digest("hex").slice(0, DIGEST_DIGITS);
}
