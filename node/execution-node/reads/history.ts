import { type Address, bytesKey, compareBytes, type Hash32 } from "../../codec/bytes.ts";
import { Turns } from "../../engine/json-rpc/turns.ts";
import { decodeHistoryKey, type HistoryPlace, historyPrefix, neighbourKey } from "./history-index.ts";

/** pyquarkchain has no limit of its own: an answer this long has 10 MB. */
const MOST_ENTRIES = 50_000;

/** What a page is judged by; the rest is the caller's. */
export interface HistoryEntry {
  readonly hash: Hash32;
  readonly transferTokenId: bigint;
  readonly value: bigint;
  readonly isFromRootChain: boolean;
}

export interface HistoryRows<T extends HistoryEntry> {
  /** Keys above `end` up to and with `start`, the greatest first. */
  keysBelow(start: Uint8Array, end: Uint8Array): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** What a row points at in the canonical chain. */
  entry(place: HistoryPlace): T;
}

export interface HistoryQuery {
  /** Undefined lists all of the shard, without rewards from the root chain. */
  readonly address?: Address;
  /** Only transfers of this token; rewards in any. */
  readonly transferTokenId?: bigint;
  /** Where the last page ended; empty begins with the newest. */
  readonly start: Uint8Array;
  readonly limit: number;
}

export interface HistoryPage<T> {
  readonly entries: readonly T[];
  /** Start of the next page; the prefix where nothing was looked at. */
  readonly next: Uint8Array;
}

/**
 * A page of the history, newest first (pyquarkchain cluster/shard_db_operator.py __get_transaction_details). What is
 * left out (another token, a hash that the page has already, a reward that does not count) does not count against the
 * limit. Gives way to other work; throws what `signal` says once nobody waits any more.
 */
export async function historyPage<T extends HistoryEntry>(
  rows: HistoryRows<T>,
  { address, transferTokenId, start, limit }: HistoryQuery,
  signal: AbortSignal,
): Promise<HistoryPage<T>> {
  const prefix = historyPrefix(address);
  const newest = neighbourKey(prefix, 1n);
  const from = start.length === 0 || compareBytes(start, newest) > 0 ? newest : start;
  const most = Math.min(limit, MOST_ENTRIES);
  const entries: T[] = [];
  const seen = new Set<string>();
  const turns = new Turns();
  let next = prefix;
  if (most <= 0) return { entries, next };
  for await (const key of rows.keysBelow(from, prefix)) {
    if (entries.length >= most) break;
    await turns.pause();
    signal.throwIfAborted();
    const place = decodeHistoryKey(key, prefix);
    if (place === undefined) continue;
    const entry = rows.entry(place);
    if (!seen.has(bytesKey(entry.hash)) && counts(entry, address === undefined, transferTokenId)) {
      seen.add(bytesKey(entry.hash));
      entries.push(entry);
    }
    next = neighbourKey(key, -1n);
  }
  return { entries, next };
}

function counts(entry: HistoryEntry, withoutRewards: boolean, tokenId: bigint | undefined): boolean {
  if (entry.isFromRootChain) return !withoutRewards && entry.value !== 0n;
  return tokenId === undefined || entry.transferTokenId === tokenId;
}
