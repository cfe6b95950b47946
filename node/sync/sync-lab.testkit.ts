import type { QuarkChainConfig } from "../chain/config.ts";
import { type MinorBlock, type MinorBlockHeader, minorHeaderHash } from "../chain/minor-block.ts";
import type { RootBlock } from "../chain/root-block.ts";
import type { SealInput, SealVerdict } from "../cl/pow/seal.ts";
import { bytesKey, type Hash32, toHex } from "../codec/bytes.ts";
import type { BlockIntake, Intake } from "../shard/block-intake.ts";
import type { BlockOutcome } from "../shard/chain-types.ts";
import type { ShardChain } from "../shard/shard-chain.ts";
import { type Lab, labConfig, type OpenShard, openShard, SHARD_A } from "../shard/shard-lab.testkit.ts";
import { ShardSeals } from "../shard/shard-seals.ts";
import { PeerServer } from "./peer-server.ts";
import type { SyncParts } from "./sync-parts.ts";
import type { PeerHeaders, SyncPeer } from "./sync-peer.ts";

/** Long after every block of a lab. */
export const NOW = 1e10;

/** The lab's rules, with seals. */
export function syncConfig(): QuarkChainConfig {
  return { ...labConfig(), disablePowCheck: false };
}

/** Takes blocks in as a slave does whose neighbours and master acknowledge everything at once. */
class LabIntake implements BlockIntake {
  readonly calls: { readonly how: Intake; readonly heights: readonly number[] }[] = [];
  readonly reportedAgain: string[] = [];
  now = NOW;
  /** Waited for before blocks are added. */
  before: () => Promise<void> = async () => {};
  readonly #chain: ShardChain;

  constructor(chain: ShardChain) {
    this.#chain = chain;
  }

  async add(blocks: readonly MinorBlock[], how: Intake): Promise<readonly BlockOutcome[]> {
    this.calls.push({ how, heights: blocks.map(({ header }) => header.height) });
    await this.before();
    const outcomes = await this.#chain.addBlocks(blocks, { now: this.now, refuseOld: how.refuseOld });
    await this.#chain.commit(
      outcomes.flatMap((outcome) => {
        if (outcome.status === "added") return [outcome.executed.hash];
        return outcome.status === "known" && !outcome.isCommitted ? [outcome.hash] : [];
      }),
    );
    return outcomes;
  }

  async reportAgain(hashes: readonly Hash32[]): Promise<void> {
    this.reportedAgain.push(...hashes.map(toHex));
  }
}

/** Refuses the seals of headers whose nonces it is told of. */
class LabSeals {
  readonly refused = new Set<bigint>();
  readonly asked: SealInput[] = [];

  async verify(seal: SealInput): Promise<SealVerdict> {
    this.asked.push(seal);
    return this.refused.has(seal.nonce) ? { ok: false, reason: "target" } : { ok: true };
  }
}

/** One cluster's shard. */
export interface SyncShard extends OpenShard {
  readonly intake: LabIntake;
  readonly seals: LabSeals;
  readonly lines: string[];
  readonly parts: SyncParts;
  readonly server: PeerServer;
  add(...blocks: readonly MinorBlock[]): Promise<readonly BlockOutcome[]>;
}

export async function openSyncShard(lab: Lab, roots: readonly RootBlock[] = []): Promise<SyncShard> {
  const shard = await openShard(lab.config, SHARD_A);
  const { chain } = shard;
  const intake = new LabIntake(chain);
  const seals = new LabSeals();
  const sealsOf = new ShardSeals(lab.config, chain, seals);
  const lines: string[] = [];
  const genesis = await chain.addRootBlock(lab.rootGenesis);
  if (genesis.status !== "added") throw new Error("the root genesis block is not taken");
  await chain.commit([minorHeaderHash(lab.genesis(SHARD_A).header)]);
  for (const root of roots) await chain.addRootBlock(root);
  const log = (level: string, line: string) => void lines.push(`${level} ${line}`);
  const parts = { config: lab.config, chain, roots: shard.roots, intake, seals: sealsOf, clock: () => intake.now, log };
  const server = new PeerServer(chain, { findBlock: (hash) => shard.engine.held.get(bytesKey(hash)) });
  const add = (...blocks: readonly MinorBlock[]) => intake.add(blocks, { refuseOld: false, telling: "each" });
  return { ...shard, intake, seals, lines, parts, server, add };
}

/** So many blocks on one of the lab. */
export function chainOn(lab: Lab, parent: MinorBlockHeader, length: number, root = lab.rootGenesis): MinorBlock[] {
  const blocks: MinorBlock[] = [];
  for (let at = parent; blocks.length < length; at = blocks[blocks.length - 1].header) {
    blocks.push(lab.block(at, root.header));
  }
  return blocks;
}

/** What of a peer a test may replace. */
export interface Answers {
  headersFrom(hash: Hash32, limit: number): Promise<PeerHeaders>;
  blocks(hashes: readonly Hash32[]): Promise<readonly MinorBlock[]>;
}

/** A peer that serves a shard of the lab, except where a test says otherwise. */
export class LabPeer implements SyncPeer {
  readonly name: string;
  readonly asked: string[] = [];
  readonly closedFor: string[] = [];
  readonly #answers: Answers;
  readonly #closing = new AbortController();

  constructor(server: PeerServer, answers: Partial<Answers> = {}, name = "peer 1") {
    this.name = name;
    this.#answers = {
      headersFrom: async (hash, limit) => server.headers({ hash, branch: SHARD_A, limit, direction: 0 }),
      blocks: async (hashes) => server.blocks(hashes),
      ...answers,
    };
  }

  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  headersFrom(hash: Hash32, limit: number): Promise<PeerHeaders> {
    this.asked.push(`${limit} headers`);
    return this.#answers.headersFrom(hash, limit);
  }

  blocks(hashes: readonly Hash32[]): Promise<readonly MinorBlock[]> {
    this.asked.push(`${hashes.length} blocks`);
    return this.#answers.blocks(hashes);
  }

  close(reason: string): void {
    if (this.signal.aborted) return;
    this.closedFor.push(reason);
    this.leave();
  }

  leave(): void {
    this.#closing.abort();
  }
}
