import { bytesKey } from "../codec/bytes.ts";
import { type ClRows, ClStore } from "../shard/store/cl-store.ts";

/** The rows of a disk as a store reads them, without a copy. */
export function storeOver(rows: ReadonlyMap<string, Uint8Array>, fullShardId: number): ClStore {
  const view: ClRows = {
    location: "a disk that is looked at",
    getSync: (key) => rows.get(bytesKey(key)),
    batch: notWritten,
    keys: notWritten,
    keysDown: notWritten,
    close: async () => {},
  };
  return new ClStore(view, fullShardId);
}

function notWritten(): never {
  throw new Error("a disk is only looked at");
}
