import { type CrossShardDeposit, decodeDepositList } from "../chain/deposit.ts";
import { minorHeaderHash } from "../chain/minor-block.ts";
import { bytesKey, type Hash32, toHex } from "../codec/bytes.ts";
import type { ShardChain } from "../shard/shard-chain.ts";
import type { SimCluster } from "./sim-cluster.testkit.ts";
import { storeOver } from "./sim-rows.testkit.ts";

/** What of each token. */
type Amounts = Map<bigint, bigint>;

/**
 * What a shard's canonical blocks took in is what root blocks up to its head's have confirmed to be sent to it, each deposit once:
 * none twice, none left out, whatever was reorganized and begun anew.
 */
export function checkArrived(sim: SimCluster): void {
  for (const { chain } of sim.open.values()) {
    const head = chain.snapshot?.head;
    if (head === undefined) continue;
    const arrived = namesOf(arrivedIn(sim, chain, head.hash));
    const due = namesOf(confirmedFor(sim, chain, head.prevRootBlockHash));
    if (JSON.stringify(arrived) !== JSON.stringify(due)) {
      throw new Error(`shard ${chain.fullShardId}: balances differ: ${arrived.length} deposits in, ${due.length} due`);
    }
  }
}

/** For each token, what canonical blocks have sent has arrived, or lies at its destination to be confirmed. */
export function checkConserved(sim: SimCluster): void {
  const [sent, arrived, inFlight]: Amounts[] = [new Map(), new Map(), new Map()];
  for (const { chain } of sim.open.values()) {
    const head = chain.snapshot?.head;
    if (head === undefined) continue;
    for (const hash of canonical(chain, head.hash)) {
      // What an engine's failure left untold is on no disk yet.
      if (sim.history.reported.has(bytesKey(hash))) addTo(sent, sim.history.sentBy(hash));
    }
    addTo(arrived, arrivedIn(sim, chain, head.hash));
    const confirmed = new Set(confirmedFor(sim, chain, head.prevRootBlockHash).map(({ txHash }) => bytesKey(txHash)));
    const waiting = storedFor(sim, chain.fullShardId).filter(({ txHash }) => !confirmed.has(bytesKey(txHash)));
    addTo(inFlight, waiting);
  }
  for (const token of new Set([...sent.keys(), ...arrived.keys(), ...inFlight.keys()])) {
    const [out, there, between] = [sent, arrived, inFlight].map((amounts) => amounts.get(token) ?? 0n);
    if (out !== there + between) {
      throw new Error(`token ${token} is not conserved: ${out} sent, ${there} arrived, ${between} in flight`);
    }
  }
}

function arrivedIn(sim: SimCluster, chain: ShardChain, head: Hash32): CrossShardDeposit[] {
  const consumed = sim.disks.get(chain.fullShardId)?.engine.consumed;
  return canonical(chain, head).flatMap((hash) => consumed?.get(bytesKey(hash)) ?? []);
}

/** By the lists on the shard's disk, of blocks that a root chain confirms. */
function confirmedFor(sim: SimCluster, { fullShardId }: ShardChain, rootTip: Hash32): CrossShardDeposit[] {
  const store = storeOver(sim.disks.get(fullShardId)?.rows ?? new Map(), fullShardId);
  const headers = sim.history.rootChain(sim.history.rootOf(rootTip)).flatMap(({ minorHeaders }) => minorHeaders);
  return headers.flatMap((header) => store.depositList(minorHeaderHash(header))?.deposits ?? []);
}

/** Deposits on a shard's disk that canonical blocks of other shards have sent. */
function storedFor(sim: SimCluster, fullShardId: number): CrossShardDeposit[] {
  const store = storeOver(sim.disks.get(fullShardId)?.rows ?? new Map(), fullShardId);
  return [...sim.open.values()].flatMap(({ chain }) => {
    const head = chain.snapshot?.head;
    if (head === undefined || chain.fullShardId === fullShardId) return [];
    return canonical(chain, head.hash).flatMap((hash) => {
      const encoded = store.encodedDepositList(hash);
      return encoded === undefined || !sim.history.reported.has(bytesKey(hash))
        ? []
        : decodeDepositList(encoded).deposits;
    });
  });
}

function canonical(chain: ShardChain, head: Hash32): Hash32[] {
  const hashes: Hash32[] = [];
  for (let at = chain.blocks.ref(head); ; at = chain.blocks.ref(at.prevMinorBlockHash)) {
    hashes.unshift(at.hash);
    if (at.height === 0) return hashes;
  }
}

function namesOf(deposits: readonly CrossShardDeposit[]): string[] {
  return deposits.map(({ txHash, transferTokenId, value }) => `${toHex(txHash)} ${transferTokenId} ${value}`).sort();
}

function addTo(amounts: Amounts, deposits: readonly CrossShardDeposit[]): void {
  for (const { transferTokenId, value } of deposits) {
    amounts.set(transferTokenId, (amounts.get(transferTokenId) ?? 0n) + value);
  }
}
