/*
 * What the state trie costs next to @ethereumjs/mpt: npx tsx scripts/bench/trie.ts [accounts]
 * Both read the same nodes from the same Map; the other trie is given the same keccak.
 */
import { performance } from "node:perf_hooks";
import { createMPT } from "@ethereumjs/mpt";
import { type Address, asAddress, bytesKey, EMPTY_BYTES, type Hash32, toHex } from "../../node/codec/bytes.ts";
import { EMPTY_TRIE_ROOT, keccak256 } from "../../node/codec/keccak.ts";
import type { NodeStore } from "../../node/el/state/node-store.ts";
import { StateCache } from "../../node/el/state/state-cache.ts";
import { WorldState } from "../../node/el/state/world-state.ts";
import { Trie } from "../../node/el/trie/trie.ts";
import { WarmNodes } from "../../node/el/trie/warm-nodes.ts";

type OtherDatabase = NonNullable<Parameters<typeof createMPT>[0]>["db"];

const ACCOUNTS = Number(process.argv[2] ?? 1_000_000);
const QKC = 35760n;
const ROUNDS = 5;

class MapStore implements NodeStore {
  readonly rows = new Map<string, Uint8Array>();
  get(hash: Hash32): Uint8Array {
    const row = this.rows.get(bytesKey(hash));
    if (row === undefined) throw new Error("missing row");
    return row;
  }
  put(hash: Hash32, value: Uint8Array): void {
    this.rows.set(bytesKey(hash), value);
  }
}

/** The same rows for @ethereumjs/mpt, whose keys are hex. */
class HexView {
  readonly #rows: Map<string, Uint8Array>;
  constructor(rows: Map<string, Uint8Array>) {
    this.#rows = rows;
  }
  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#rows.get(Buffer.from(key, "hex").toString("latin1"));
  }
  async put(key: string, value: Uint8Array): Promise<void> {
    this.#rows.set(Buffer.from(key, "hex").toString("latin1"), value);
  }
  async del(): Promise<void> {}
  async batch(operations: { type: string; key: string; value?: Uint8Array }[]): Promise<void> {
    for (const { key, value } of operations) if (value) await this.put(key, value);
  }
  shallowCopy(): HexView {
    return this;
  }
  async open(): Promise<void> {}
}

let randomState = 1;
function randomAccount(): Address {
  randomState = (Math.imul(randomState, 1664525) + 1013904223) >>> 0;
  return addressOf(randomState % ACCOUNTS);
}

function addressOf(index: number): Address {
  const address = new Uint8Array(20);
  new DataView(address.buffer).setUint32(0, index);
  return asAddress(address);
}

async function measure(what: string, calls: number, call: () => void | Promise<void>): Promise<void> {
  const batches: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) {
      const pending = call();
      if (pending !== undefined) await pending;
    }
    batches.push(((performance.now() - start) * 1000) / calls);
  }
  console.log(
    `${what.padEnd(64)} ${batches
      .sort((a, b) => a - b)
      [ROUNDS >> 1].toFixed(1)
      .padStart(9)} us`,
  );
}

function buildState(store: NodeStore): Hash32 {
  const cache = new StateCache();
  let root: Hash32 = EMPTY_TRIE_ROOT;
  for (let next = 0; next < ACCOUNTS; ) {
    const state = new WorldState(store, root, cache);
    for (const end = Math.min(next + 20_000, ACCOUNTS); next < end; next++) {
      state.fullShardKey = next;
      state.addBalance(addressOf(next), QKC, 10n ** 18n + BigInt(next));
    }
    root = state.commit();
  }
  return root;
}

const store = new MapStore();
const start = performance.now();
const root = buildState(store);
console.log(
  `${ACCOUNTS} accounts, ${store.rows.size} nodes, built in ${((performance.now() - start) / 1000).toFixed(1)} s`,
);

await measure("get, cold", 2000, () => {
  new Trie(store, root).get(keccak256(randomAccount()));
});
const warm = new WarmNodes();
await measure("get, warm upper nodes", 5000, () => {
  new Trie(store, root, warm).get(keccak256(randomAccount()));
});
await measure("10 updates + root, cold", 300, () => {
  const trie = new Trie(store, root);
  for (let i = 0; i < 10; i++) trie.put(keccak256(randomAccount()), new Uint8Array(92).fill(1 + i));
  trie.commit();
});
let head = root;
await measure("10 updates + root, each on the last root", 300, () => {
  const trie = new Trie(store, head, warm);
  for (let i = 0; i < 10; i++) trie.put(keccak256(randomAccount()), new Uint8Array(92).fill(1 + i));
  head = trie.commit();
  warm.nextBlock();
});

async function measureBlocks(what: string, transfers: number, cacheOf: () => StateCache): Promise<void> {
  let parent = root;
  await measure(`block of ${transfers} transfers and a reward, ${what}`, 300, () => {
    const state = new WorldState(store, parent, cacheOf());
    for (let i = 0; i < transfers; i++) {
      const sender = randomAccount();
      const outer = state.snapshot();
      state.incrementNonce(sender);
      state.deduct(sender, QKC, 21000n);
      if (!state.transfer(sender, randomAccount(), QKC, 1n)) state.revert(outer);
    }
    state.addBalance(addressOf(0), QKC, 5n);
    parent = state.commit();
  });
}

const shared = new StateCache();
await measureBlocks("cold", 10, () => new StateCache());
await measureBlocks("warm", 10, () => shared);
await measureBlocks("warm", 0, () => shared);

const hot = new WorldState(store, root, shared);
const [alice, bob] = [addressOf(1), addressOf(2)];
await measure("balance of a cached account", 500_000, () => {
  hot.getBalance(alice, QKC);
});
hot.setStorage(alice, 5n, 1n);
await measure("storage read of a cached slot", 500_000, () => {
  hot.getStorage(alice, 5n);
});
await measure("snapshot, transfer, revert", 200_000, () => {
  const before = hot.snapshot();
  hot.transfer(alice, bob, QKC, 1n);
  hot.revert(before);
});

const other = (cacheSize: number) =>
  createMPT({
    db: new HexView(store.rows) as OtherDatabase,
    root,
    valueEncoding: "view",
    useKeyHashing: false,
    useKeyHashingFunction: keccak256,
    cacheSize,
  });
const cold = await other(0);
await measure("@ethereumjs/mpt: get", 300, async () => {
  await cold.get(keccak256(randomAccount()));
});
await measure("@ethereumjs/mpt: 10 updates + root", 30, async () => {
  for (let i = 0; i < 10; i++) await cold.put(keccak256(randomAccount()), new Uint8Array(92).fill(1 + i));
});
const cached = await other(100_000);
await measure("@ethereumjs/mpt with its node cache: 10 updates + root", 30, async () => {
  for (let i = 0; i < 10; i++) await cached.put(keccak256(randomAccount()), new Uint8Array(92).fill(1 + i));
});
if (toHex(store.get(root)) === toHex(EMPTY_BYTES)) throw new Error("no state was built");
