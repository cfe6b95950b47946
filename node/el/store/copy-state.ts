import { setImmediate } from "node:timers/promises";
import type { Hash32 } from "../../codec/bytes.ts";
import { bytesEqual } from "../../codec/bytes.ts";
import { EMPTY_TRIE_ROOT } from "../../codec/keccak.ts";
import type { ExecutionStore } from "./execution-store.ts";
import { HashSet } from "./hash-set.ts";
import { markOf, type RowReference, referencesOf } from "./row-references.ts";

/** Of rows that are written together. */
const BATCH_BYTES = 4 * 1024 * 1024;

/**
 * Writes every row of a state into the store's own rows, wherever the store has them from. Each is proved by its hash, so
 * that a state which is not whole is found here. `onRows`: told of each batch, and may throw to end it.
 */
export async function copyState(
  store: ExecutionStore,
  stateRoot: Hash32,
  onRows: (count: number) => void,
): Promise<void> {
  const seen = new HashSet();
  const pending: RowReference[] = bytesEqual(stateRoot, EMPTY_TRIE_ROOT) ? [] : [{ kind: "accounts", hash: stateRoot }];
  let batch: { readonly hash: Hash32; readonly value: Uint8Array }[] = [];
  let bytes = 0;
  const flush = async () => {
    await store.commitNodes(batch);
    onRows(batch.length);
    batch = [];
    bytes = 0;
    await setImmediate();
  };
  for (let reference = pending.pop(); reference !== undefined; reference = pending.pop()) {
    if (!seen.add(markOf(reference))) continue;
    const { hash } = reference;
    const value = store.nodes.getOnce(hash);
    pending.push(...referencesOf(value, reference));
    batch.push({ hash, value });
    bytes += value.length;
    if (bytes >= BATCH_BYTES) await flush();
  }
  await flush();
}
