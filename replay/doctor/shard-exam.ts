import type { ShardSource } from "../../node/archive/block-source.ts";
import { bodyFault } from "../../node/archive/proved-block.ts";
import { initializedFullShardIdsBefore } from "../../node/chain/config.ts";
import type { MinorBlock } from "../../node/chain/minor-block.ts";
import type { ConfirmedMinor, RootChain } from "../../node/cl/root-chain.ts";
import { areNeighbors } from "../../node/cl/shard-neighbors.ts";
import { bytesEqual, type Hash32, toHex } from "../../node/codec/bytes.ts";
import { keccak256 } from "../../node/codec/keccak.ts";
import type { StoredBlock } from "../database/client-rows.ts";
import { visitTrie } from "../database/visit-trie.ts";
import { looksPruned } from "../execution/pruned-states.ts";
import { blockName } from "../text/block-name.ts";
import { Diagnosis, type FindingCode } from "./diagnosis.ts";
import type { Examined } from "./examined.ts";
import { heightsToLookAt, type Run, runsOf } from "./heights.ts";

export interface ChainTip {
  readonly height: number;
  readonly hash: Hash32;
  /** Seconds since 1970. */
  readonly time: number;
}

export interface ShardFacts {
  readonly fullShardId: number;
  /** Newest block that the root chain confirms; undefined where it confirms none or cannot be walked. */
  readonly confirmed: ChainTip | undefined;
  /** Newest block of the height index. */
  readonly tip: ChainTip | undefined;
  /** Heights up to here were looked at, all or some. */
  readonly blocksLookedAt: number;
  /** Heights whose state root is there and those whose is not. */
  readonly states: readonly Run[];
  /** Whether consumed deposits or transactions by address are kept (ENABLE_TRANSACTION_HISTORY). */
  readonly history: boolean;
  /** Nodes of the newest state that were read, on the way to some keys. */
  readonly stateNodesRead: number;
}

/** Paths that are followed in the newest state. */
const STATE_PATHS = 32;

/** Looks at one shard's chain as its height index has it, from the first block to the newest. */
export class ShardExam {
  readonly #examined: Examined;
  readonly #shard: ShardSource;
  readonly #chain: RootChain | undefined;
  readonly #fullShardId: number;
  readonly #stateStored = new Map<number, boolean>();
  #history = false;

  constructor(examined: Examined, shard: ShardSource, chain: RootChain | undefined) {
    this.#examined = examined;
    this.#shard = shard;
    this.#chain = chain;
    this.#fullShardId = shard.fullShardId;
  }

  run(): ShardFacts {
    const { diagnosis, samples, tipOf } = this.#examined;
    const fullShardId = this.#fullShardId;
    const confirmed = this.#lastConfirmed();
    const indexed = diagnosis.try("MINOR_INDEX", { fullShardId }, () => tipOf(fullShardId)) ?? -1;
    const top = Math.max(indexed, confirmed?.header.height ?? -1);
    if (top < 0) this.#findWithoutBlocks();
    const heights = heightsToLookAt(top, samples);
    for (const height of heights) {
      this.#examineHeight(height, confirmed?.header.height ?? -1);
      this.#examined.progress(() => `${blockName({ fullShardId, height })} of ${top}`);
    }
    const states = this.#examineStates();
    return {
      fullShardId,
      confirmed: confirmed && tipOfHeader(confirmed),
      tip: this.#tipAt(indexed),
      blocksLookedAt: heights.length,
      states,
      history: this.#history || this.#hasHistoryIndex(),
      stateNodesRead: this.#followPaths(states.findLast(({ has }) => has)?.to),
    };
  }

  /** A shard that a later root block brings to life lacks nothing. */
  #findWithoutBlocks(): void {
    const { diagnosis, config } = this.#examined;
    const chain = this.#chain;
    const fullShardId = this.#fullShardId;
    const birth = config?.shards.get(fullShardId)?.genesis.rootHeight ?? 0;
    if (chain !== undefined && birth > chain.tipHeight) {
      diagnosis.add(
        "note",
        "MINOR_INDEX",
        { fullShardId },
        `the shard is not born yet: root block ${birth} brings it to life`,
      );
    } else {
      diagnosis.add("limit", "MINOR_INDEX", { fullShardId }, "the shard has no block yet");
    }
  }

  #lastConfirmed(): ConfirmedMinor | undefined {
    const { diagnosis, config } = this.#examined;
    const chain = this.#chain;
    const fullShardId = this.#fullShardId;
    const lowest = config?.shards.get(fullShardId)?.genesis.rootHeight ?? 0;
    const place = { fullShardId: null };
    return chain && diagnosis.try("ROOT_BLOCK", place, () => chain.lastConfirmed(fullShardId, chain.tipHeight, lowest));
  }

  #hasHistoryIndex(): boolean {
    const { diagnosis, rows } = this.#examined;
    const fullShardId = this.#fullShardId;
    return diagnosis.try("HISTORY", { fullShardId }, () => rows.hasHistoryIndex(fullShardId)) ?? false;
  }

  #tipAt(height: number): ChainTip | undefined {
    const found = height < 0 ? undefined : this.#storedAt(height);
    return found && tipOfHeader({ hash: found.hash, header: found.block.header });
  }

  /** The block that the height index names. What cannot be read is no finding here: examineHeight says it. */
  #storedAt(height: number): StoredBlock | undefined {
    return new Diagnosis().try("MINOR_BLOCK", { fullShardId: this.#fullShardId, height }, () => {
      const hash = this.#shard.canonicalHashAt(height);
      return hash && { hash, block: this.#shard.minorBlock(hash) };
    });
  }

  #examineHeight(height: number, confirmedHeight: number): void {
    const { diagnosis } = this.#examined;
    const place = { fullShardId: this.#fullShardId, height };
    const indexed = diagnosis.try("MINOR_INDEX", place, () => ({ hash: this.#shard.canonicalHashAt(height) }));
    if (indexed === undefined) return;
    if (indexed.hash === undefined) this.#damage("MINOR_INDEX", height, `the height index has no block ${height}`);
    else this.#examineBlock(height, indexed.hash, confirmedHeight);
  }

  #examineBlock(height: number, hash: Hash32, confirmedHeight: number): void {
    const { diagnosis, rows } = this.#examined;
    const fullShardId = this.#fullShardId;
    const block = diagnosis.try("MINOR_BLOCK", { fullShardId, height }, () => this.#shard.minorBlock(hash));
    if (block === undefined) return;
    const { header } = block;
    if (header.height !== height || header.branch !== fullShardId) {
      const named = `block ${header.height} of shard ${header.branch}`;
      this.#damage("MINOR_INDEX", height, `the height index names ${named} at ${height}`);
      return;
    }
    const fault = bodyFault(block);
    if (fault !== undefined) {
      this.#damage("MINOR_BLOCK", height, `block ${height}: ${fault}`);
      return;
    }
    this.#examineLinks(block);
    this.#stateStored.set(height, this.#shard.rows.has(block.meta.stateRoot));
    if (!rows.hasReceipts(fullShardId, { hash, block })) {
      this.#damage("RECEIPTS", height, `the receipts of block ${height} are not there`);
    }
    if (height > 0 && height <= confirmedHeight) this.#examineSends(hash, block);
    this.#history ||= rows.hasConsumedDeposits(fullShardId, hash);
  }

  #damage(code: FindingCode, height: number, message: string): void {
    this.#examined.diagnosis.add("damage", code, { fullShardId: this.#fullShardId, height }, message);
  }

  #examineLinks({ header }: MinorBlock): void {
    if (!this.#shard.hasRootBlock(header.prevRootBlockHash)) {
      this.#damage(
        "ROOT_COPY",
        header.height,
        `the shard has no copy of root block ${toHex(header.prevRootBlockHash)}, on which its block builds`,
      );
    }
    if (header.height === 0) return;
    const place = { fullShardId: this.#fullShardId, height: header.height - 1 };
    const below = this.#examined.diagnosis.try("MINOR_INDEX", place, () =>
      this.#shard.canonicalHashAt(header.height - 1),
    );
    if (below === undefined || bytesEqual(below, header.prevMinorBlockHash)) return;
    this.#damage(
      "MINOR_LINK",
      header.height,
      `block ${header.height} does not build on the one that the index has below it`,
    );
  }

  /** Every neighbour gets a list of what a block sends to it, be it empty (pyquarkchain slave.py broadcast_xshard_tx_list). */
  #examineSends(hash: Hash32, { header }: MinorBlock): void {
    const { source, fullShardIds, config, diagnosis } = this.#examined;
    const rootHeader =
      config &&
      new Diagnosis().try("ROOT_COPY", { fullShardId: null }, () => this.#shard.rootHeader(header.prevRootBlockHash));
    if (config === undefined || rootHeader === undefined) return;
    const initialized = initializedFullShardIdsBefore(config, rootHeader.height);
    for (const id of initialized) {
      if (id === this.#fullShardId || !fullShardIds.includes(id)) continue;
      if (!areNeighbors(this.#fullShardId, id, initialized.length)) continue;
      const place = { fullShardId: id, height: header.height };
      const from = `block ${header.height} of shard ${this.#fullShardId}`;
      const list = diagnosis.try("DEPOSITS", place, () => ({ deposits: source.shard(id).depositList(hash) }));
      if (list !== undefined && list.deposits === undefined) {
        diagnosis.add(
          "damage",
          "DEPOSITS",
          place,
          `there is no list of what ${from} sent here (heights are that shard's)`,
        );
      }
    }
  }

  #examineStates(): readonly Run[] {
    const heights = [...this.#stateStored.keys()];
    const runs = runsOf(heights, (height) => this.#hasState(height));
    const missing = runs.filter(({ has }) => !has);
    for (const run of missing) {
      const place = { fullShardId: this.#fullShardId, height: run.from };
      const which = run.from === run.to ? `block ${run.from}` : `blocks ${run.from} to ${run.to}`;
      if (this.#isPruned(run)) {
        const message = `pruned: the states after ${which} are not stored; a check goes back to the last one before them`;
        this.#examined.diagnosis.add("limit", "STATE_PRUNED", place, message);
      } else {
        this.#examined.diagnosis.add(
          "damage",
          "STATE_MISSING",
          place,
          `the root of the state after ${which} is not there`,
        );
      }
    }
    return runs;
  }

  /** As a check of the blocks takes it; blocks around it that cannot be read are findings already. */
  #isPruned({ from }: Run): boolean {
    if (this.#examined.source.kind !== "goquarkchain") return false;
    const place = { fullShardId: this.#fullShardId, height: from };
    return new Diagnosis().try("STATE_MISSING", place, () => looksPruned(this.#shard, from)) ?? false;
  }

  #hasState(height: number): boolean {
    const known = this.#stateStored.get(height);
    if (known !== undefined) return known;
    const found = this.#storedAt(height);
    const stored = found !== undefined && this.#shard.rows.has(found.block.meta.stateRoot);
    this.#stateStored.set(height, stored);
    return stored;
  }

  /** A few paths down to accounts: a state that lost many of its nodes shows it here. */
  #followPaths(height: number | undefined): number {
    const found = height === undefined ? undefined : this.#storedAt(height);
    if (height === undefined || found === undefined) return 0;
    const keys = Array.from({ length: STATE_PATHS }, (_, i) => toHex(keccak256(Uint8Array.of(i))));
    let nodes = 0;
    visitTrie(this.#shard.rows, found.block.meta.stateRoot, "", {
      skip: (_hash, path) => !keys.some((key) => key.startsWith(path)),
      node: () => nodes++,
      leaf: () => {},
      fault: (kind, hash, path, message) => {
        const what = `${kind} node ${toHex(hash)} of the state after block ${height}, at ${path || "its root"}: ${message}`;
        this.#examined.diagnosis.add("damage", "STATE_NODE", { fullShardId: this.#fullShardId, height }, what);
      },
    });
    return nodes;
  }
}

function tipOfHeader({ hash, header }: ConfirmedMinor): ChainTip {
  return { height: header.height, hash, time: header.createTime };
}
