import { minorHeaderHash } from "../chain/minor-block.ts";
import { rootHeaderHash } from "../chain/root-block.ts";
import { asHash32, bytesEqual, bytesFromKey, bytesKey, type Hash32, toHex } from "../codec/bytes.ts";
import { RootIndex } from "../shard/root-chains.ts";
import { ShardChain } from "../shard/shard-chain.ts";
import { MemoryRows } from "../shard/shard-lab.testkit.ts";
import { ClBatch } from "../shard/store/cl-batch.ts";
import { ClStore } from "../shard/store/cl-store.ts";
import type { SimCluster } from "./sim-cluster.testkit.ts";
import { checkArrived, checkConserved } from "./sim-conservation.testkit.ts";
import { PEER_ID } from "./sim-peer.testkit.ts";
import { storeOver } from "./sim-rows.testkit.ts";

/** What holds between any two things that happen. */
export function checkAlways(sim: SimCluster): void {
  checkArrived(sim);
  for (const [fullShardId, { rows, engine }] of sim.disks) {
    const store = storeOver(rows, fullShardId);
    for (const hash of committedIn(rows)) {
      if (!store.hasMinorBlock(hash)) throw new Error(`shard ${fullShardId}: marker without rows`);
      if (!engine.holds(hash)) throw new Error(`shard ${fullShardId}: marker without body`);
      if (!sim.history.reported.has(bytesKey(hash))) throw new Error(`shard ${fullShardId}: marker without report`);
    }
    const chain = sim.open.get(fullShardId)?.chain;
    const snapshot = chain?.snapshot;
    if (chain === undefined || snapshot === undefined) continue;
    const { head, rootTip, confirmed } = snapshot;
    if (!isRootAncestor(sim, head.prevRootBlockHash, rootTip.hash)) {
      throw new Error(`shard ${fullShardId}: the head is off the root chain`);
    }
    if (!isUnder(chain, confirmed?.hash, head.hash))
      throw new Error(`shard ${fullShardId}: the head left the confirmed`);
    for (let at = head; ; at = chain.blocks.ref(at.prevMinorBlockHash)) {
      const indexed = chain.hashAt(at.height);
      if (indexed === undefined || !bytesEqual(indexed, at.hash)) {
        throw new Error(`shard ${fullShardId}: the index differs at ${at.height}`);
      }
      if (at.height === 0) break;
    }
    if (chain.hashAt(head.height + 1) !== undefined) {
      throw new Error(`shard ${fullShardId}: the index goes on above the head`);
    }
  }
}

/** What holds when everything that was begun has come to its end. */
export async function checkAtEnd(sim: SimCluster): Promise<void> {
  checkConserved(sim);
  const punished = sim.lines.find((line) => line.includes(` warn peer ${PEER_ID} `));
  if (punished !== undefined && !sim.mayFail) throw new Error(`an honest peer is closed: ${punished}`);
  const { header: best } = sim.history.bestRoot;
  for (const [fullShardId, { rows, engine }] of sim.disks) {
    const shard = sim.open.get(fullShardId);
    const snapshot = shard?.chain.snapshot;
    if (shard === undefined || snapshot === undefined) {
      const bornAt = sim.history.lab.config.shards.get(fullShardId)?.genesis.rootHeight ?? 0;
      if (sim.history.roots.some(({ header }) => header.height >= bornAt))
        throw new Error(`shard ${fullShardId} is not there`);
      continue;
    }
    const { chain } = shard;
    const { rootTip } = snapshot;
    // Of two that weigh the same the first wins, and what was refused for a failure comes again behind the other.
    const isBest = sim.mayFail
      ? rootTip.header.totalDifficulty === best.totalDifficulty
      : bytesEqual(rootTip.hash, rootHeaderHash(best));
    if (!isBest) throw new Error(`shard ${fullShardId}: another root tip`);
    if (!sim.mayFail && (await chain.unfinished()).length > 0)
      throw new Error(`shard ${fullShardId}: blocks are unfinished`);
    for (const root of sim.history.roots) {
      if (root.header.height >= (sim.history.lab.config.shards.get(fullShardId)?.genesis.rootHeight ?? 0)) {
        if (!shard.store.hasRootBlock(rootHeaderHash(root.header)))
          throw new Error("an acknowledged root block is lost");
      }
    }
    for (const [key, block] of sim.history.reported) {
      const isLost = block.header.branch === fullShardId && !shard.store.hasMinorBlock(minorHeaderHash(block.header));
      if (isLost) throw new Error(`shard ${fullShardId}: a reported block is lost: ${toHex(bytesFromKey(key))}`);
    }
    for (const times of engine.executions.values()) {
      if (times !== 1) throw new Error(`shard ${fullShardId}: a block was executed ${times} times`);
    }
    // What is real a pool may find to be spent already when a block is made of it.
    const requeued = sim.weather.executes ? [] : (sim.requeued.get(fullShardId) ?? []);
    for (const [key, { hash }] of requeued) {
      if (shard.pool.find(hash) === undefined)
        throw new Error(`shard ${fullShardId}: a transaction is lost: ${key.length}`);
    }
    expectSameIndex(chain, rows, snapshot.head.hash);
    await expectSameWhenReopened(sim, fullShardId, snapshot.head.hash);
  }
}

/** The index rows are those of the canonical chain and no others, however it came about. */
function expectSameIndex(chain: ShardChain, rows: ReadonlyMap<string, Uint8Array>, head: Hash32): void {
  const batch = new ClBatch();
  for (let at = chain.blocks.ref(head); ; at = chain.blocks.ref(at.prevMinorBlockHash)) {
    batch.index(chain.blocks.indexed(at.hash));
    if (at.height === 0) break;
  }
  const wanted = batch.operations.map(({ key }) => bytesKey(key)).sort();
  const there = [...rows.keys()].filter((key) => /^(?:mi_|txindex_|index_)/.test(key)).sort();
  if (JSON.stringify(wanted) !== JSON.stringify(there)) {
    throw new Error(`index rows differ: ${there.length} are there, ${wanted.length} belong there`);
  }
}

async function expectSameWhenReopened(sim: SimCluster, fullShardId: number, head: Hash32): Promise<void> {
  const disk = sim.disks.get(fullShardId);
  if (disk === undefined) return;
  const store = new ClStore(new MemoryRows(disk.rows), fullShardId);
  const { config } = sim.history.lab;
  const chain = ShardChain.open({
    ...{
      config,
      store,
      roots: new RootIndex(store),
      engine: await disk.engine.opened(),
      keepsHistory: false,
      clock: () => 1000,
    },
  });
  await chain.recover();
  if (!bytesEqual(chain.snapshot?.head.hash ?? new Uint8Array(0), head)) {
    throw new Error(`shard ${fullShardId}: its store opens on another head`);
  }
}

function isRootAncestor(sim: SimCluster, ancestor: Hash32, of: Hash32): boolean {
  for (let at = sim.history.rootOf(of); ; at = sim.history.rootOf(at.header.prevBlockHash)) {
    if (bytesEqual(rootHeaderHash(at.header), ancestor)) return true;
    if (at.header.height === 0) return false;
  }
}

function isUnder({ blocks }: ShardChain, ancestor: Hash32 | undefined, hash: Hash32): boolean {
  if (ancestor === undefined) return true;
  const { height } = blocks.ref(ancestor);
  let at = blocks.ref(hash);
  while (at.height > height) at = blocks.ref(at.prevMinorBlockHash);
  return bytesEqual(at.hash, ancestor);
}

function committedIn(rows: ReadonlyMap<string, Uint8Array>): Hash32[] {
  const prefix = "commit_";
  return [...rows.keys()]
    .filter((key) => key.startsWith(prefix))
    .map((key) => asHash32(bytesFromKey(key.slice(prefix.length))));
}
