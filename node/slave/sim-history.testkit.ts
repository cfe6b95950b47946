import type { QuarkChainConfig } from "../chain/config.ts";
import type { CrossShardDeposit } from "../chain/deposit.ts";
import { merkleRoot } from "../chain/merkle-root.ts";
import { type MinorBlock, type MinorBlockHeader, minorHeaderHash, minorMetaHash } from "../chain/minor-block.ts";
import { type RootBlock, rootHeaderHash } from "../chain/root-block.ts";
import { sign, wrap } from "../chain/signing.testkit.ts";
import type { TypedTransaction } from "../chain/typed-transaction.ts";
import { reachableShards } from "../cl/shard-neighbors.ts";
import { bytesEqual, bytesKey, type Hash32, toHex, ZERO_ADDRESS } from "../codec/bytes.ts";
import type { ChainSnapshot } from "../shard/chain-types.ts";
import { madeUpDeposit } from "../shard/cluster-sim.testkit.ts";
import { Lab, SHARD_A, SHARD_B } from "../shard/shard-lab.testkit.ts";

export const SHARD_C = 0x10003;
export const SHARDS = [SHARD_A, SHARD_B, SHARD_C] as const;
/** Token ids: QKC and another one. */
export const TOKENS = [35760n, 17n] as const;

/** Every block that was ever made, by whomever, and what the master was told: a simulated cluster is held against it. */
export class SimHistory {
  readonly lab: Lab;
  readonly roots: RootBlock[];
  readonly blocks = new Map<string, MinorBlock>();
  /** What each block sends. */
  readonly sends = new Map<string, readonly CrossShardDeposit[]>();
  /** Headers that the master was told, by hash: it forgets none. */
  readonly reported = new Map<string, MinorBlock>();
  mined = 0;
  readonly #random: () => number;

  constructor(config: QuarkChainConfig, random: () => number) {
    this.lab = new Lab(config);
    this.roots = [this.lab.rootGenesis];
    this.#random = random;
  }

  get bestRoot(): RootBlock {
    return this.roots.reduce((a, b) => (b.header.totalDifficulty > a.header.totalDifficulty ? b : a));
  }

  rootOf(hash: Hash32): RootBlock {
    const root = this.roots.find(({ header }) => bytesEqual(rootHeaderHash(header), hash));
    if (root === undefined) throw new Error("a root block that nobody made");
    return root;
  }

  /** A root block and its ancestors. */
  rootChain(tip: RootBlock): RootBlock[] {
    const chain = [tip];
    for (let at = tip; at.header.height > 0; chain.push(at)) at = this.rootOf(at.header.prevBlockHash);
    return chain;
  }

  sentBy(hash: Hash32): readonly CrossShardDeposit[] {
    return this.sends.get(bytesKey(hash)) ?? [];
  }

  blockOf(hash: Hash32): MinorBlock {
    const known = this.blocks.get(bytesKey(hash));
    if (known !== undefined) return known;
    for (const id of SHARDS) {
      for (const root of this.roots) {
        if (root.header.height !== this.lab.config.shards.get(id)?.genesis.rootHeight) continue;
        const genesis = this.lab.genesis(id, root.header);
        this.blocks.set(bytesKey(minorHeaderHash(genesis.header)), genesis);
      }
    }
    const genesis = this.blocks.get(bytesKey(hash));
    if (genesis === undefined) throw new Error(`block ${toHex(hash)} was made by nobody`);
    return genesis;
  }

  /** Somebody made a block. */
  keep(block: MinorBlock): Hash32 {
    const hash = minorHeaderHash(block.header);
    this.blocks.set(bytesKey(hash), block);
    this.mined++;
    return hash;
  }

  /** A valid block: on the newest root block mostly, or on its parent's. */
  newBlock(fullShardId: number, { rootTip }: ChainSnapshot, parent: MinorBlockHeader): MinorBlock {
    const rootHash = this.#random() < 0.2 ? parent.prevRootBlockHash : rootTip.hash;
    const root = this.rootOf(rootHash);
    const block = this.blockOn(parent, root);
    const hash = this.keep(block);
    const to = this.#pick(SHARDS.filter((id) => id !== fullShardId));
    if (this.#random() < 0.5 && reachableShards(this.lab.config, fullShardId, root.header.height).has(to)) {
      const amounts = { value: BigInt(1 + Math.floor(this.#random() * 100)), transferTokenId: this.#pick(TOKENS) };
      this.sends.set(bytesKey(hash), [{ ...madeUpDeposit(hash, to), ...amounts }]);
    }
    return block;
  }

  /** A valid block that nobody has made yet. */
  blockOn(parent: MinorBlockHeader, root: RootBlock): MinorBlock {
    return withTransactions(this.lab.block(parent, root.header), [this.#pick(TRANSACTIONS)]);
  }

  /** On the heaviest root block mostly, or on any other one, with some of what was reported and fits on it. */
  newRoot(): RootBlock {
    const parent = this.#random() < 0.7 ? this.bestRoot : this.#pick(this.roots);
    const confirmed = SHARDS.flatMap((id) => this.#confirmable(id, parent));
    const root = this.lab.root(parent.header, confirmed, 40 + Math.floor(this.#random() * 40));
    this.roots.push(root);
    return root;
  }

  /** Reported blocks of a shard that follow what a root block confirms, and stand on its chain. */
  #confirmable(fullShardId: number, parent: RootBlock): MinorBlock[] {
    const chain = this.rootChain(parent);
    const hashes = new Set(chain.map(({ header }) => bytesKey(rootHeaderHash(header))));
    const own = chain.map((root) => root.minorHeaders.filter(({ branch }) => branch === fullShardId).at(-1));
    const newest = own.find((header) => header !== undefined);
    let last = newest && minorHeaderHash(newest);
    const confirmed: MinorBlock[] = [];
    for (let most = Math.floor(this.#random() * 4); most > 0; most--) {
      const next = [...this.reported.values()].find(({ header }) => {
        if (header.branch !== fullShardId || !hashes.has(bytesKey(header.prevRootBlockHash))) return false;
        return last === undefined
          ? header.height === 0
          : header.height > 0 && bytesEqual(header.prevMinorBlockHash, last);
      });
      if (next === undefined) break;
      confirmed.push(next);
      last = minorHeaderHash(next.header);
    }
    return confirmed;
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random() * items.length)];
  }
}

/** One transaction of each of so many senders. */
const TRANSACTIONS: readonly TypedTransaction[] = Array.from({ length: 8 }, (_, i) => {
  const unsigned = {
    ...{ nonce: 0n, gasPrice: 10n ** 9n, startGas: 21_000n, to: ZERO_ADDRESS, value: 1n, data: new Uint8Array(0) },
    ...{
      networkId: 3n,
      fromFullShardKey: SHARD_A,
      toFullShardKey: SHARD_A,
      gasTokenId: 35760n,
      transferTokenId: 35760n,
    },
    ...{ version: 0n, v: 0n, r: 0n, s: 0n },
  };
  return wrap(sign(unsigned, new Uint8Array(32).fill(i + 1)));
});

function withTransactions(block: MinorBlock, transactions: readonly TypedTransaction[]): MinorBlock {
  const meta = { ...block.meta, merkleRoot: merkleRoot(transactions.map(({ hash }) => hash)) };
  return { ...block, meta, transactions, header: { ...block.header, metaHash: minorMetaHash(meta) } };
}
