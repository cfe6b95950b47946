import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { RootBlockRows, ShardBlockRows } from "../../node/archive/block-rows.ts";
import { MemoryReader } from "../../node/archive/memory-reader.testkit.ts";
import { BLOCK_KEYS, describeKey } from "../../node/archive/pyquarkchain/keys.ts";
import { type QuarkChainConfig, shardConfigOf } from "../../node/chain/config.ts";
import { readClusterConfig } from "../../node/chain/config-file.ts";
import { encodeDepositList } from "../../node/chain/deposit.ts";
import { decodeMinorBlock, type MinorBlock } from "../../node/chain/minor-block.ts";
import { decodeRootBlock } from "../../node/chain/root-block.ts";
import { genesisBlockOf } from "../../node/cl/genesis-block.ts";
import { RootChain } from "../../node/cl/root-chain.ts";
import { ShardCl } from "../../node/cl/shard-cl.ts";
import { asHash32, bytesKey, fromHex, type Hash32, hashFromHex } from "../../node/codec/bytes.ts";
import { executionConfig } from "../../node/el/execution-config.ts";
import { ExecutionLayer } from "../../node/el/execution-layer.ts";
import { InProcessClient } from "../../node/el/in-process-executor.ts";
import type { ExecutionResult } from "../../node/el/payload.ts";
import { decodeAccount } from "../../node/el/state/account.ts";
import type { NodeStore } from "../../node/el/state/node-store.ts";
import { NOWHERE } from "../../node/el/state/node-store.ts";
import { MemoryNodeStore } from "../../node/el/trie/trie.testkit.ts";
import { compareExecution } from "../../node/engine/compare-execution.ts";
import { visitTrie } from "../database/visit-trie.ts";
import type { ClientRules } from "../triage/client-rules.ts";

interface ImportedBlock {
  readonly kind: "root" | "minor";
  readonly height: number;
  readonly hash: string;
  readonly hex: string;
}

/** One minor block of a chain, on the state that its makers' rules left behind. */
export interface Step {
  readonly block: MinorBlock;
  readonly fullShardId: number;
  readonly height: number;
  /** Fields of the block that its makers' rules come to otherwise; "refused" where they do not execute it. */
  readonly made: readonly string[] | "refused";
  /** The same for any rules. Throws DatabaseDamagedError for a state that these cannot read. */
  differences(rules: ClientRules): readonly string[] | "refused";
}

/** A chain as lines of JSON, one block a line in the order in which a node takes them, executed in memory. */
export class ImportedChain {
  readonly #blocks: readonly ImportedBlock[];
  readonly #config: QuarkChainConfig;
  readonly #makers: ClientRules;
  readonly #rows = new Map<number, MemoryReader>();
  readonly #stores = new Map<number, MemoryNodeStore>();
  readonly #shards = new Map<number, ShardCl>();

  /** `makers`: the rules that the chain's own client goes by; the chain is executed by them from block to block. */
  constructor(file: string, configFile: string, makers: ClientRules) {
    const lines = gunzipSync(readFileSync(file)).toString("utf8").trim().split("\n");
    this.#blocks = lines.map((line) => JSON.parse(line) as ImportedBlock);
    this.#config = readClusterConfig(configFile).quarkchain;
    this.#makers = makers;
    for (const id of this.#config.shards.keys()) this.#rows.set(id, new MemoryReader());
    for (const { kind, hash, hex } of this.#blocks) {
      const key = kind === "root" ? BLOCK_KEYS.rootBlock(hashFromHex(hash)) : BLOCK_KEYS.minorBlock(hashFromHex(hash));
      for (const shard of this.#rows.values()) shard.put(key, fromHex(hex));
    }
    this.#setUp();
  }

  /** All minor blocks but the genesis blocks, in order; each is executed by its makers' rules when it is given. */
  *steps(): Generator<Step> {
    for (const { kind, height, hash, hex } of this.#blocks) {
      if (kind === "root" || height === 0) continue;
      const block = decodeMinorBlock(fromHex(hex));
      const { branch } = block.header;
      const { stateRoot } = this.#shard(branch).chain.get(block.header.prevMinorBlockHash).meta;
      const store = this.#store(branch);
      const made = this.#execute(block, stateRoot, this.#makers, store);
      if (made !== "refused") this.#keepSends(hashFromHex(hash), block, made);
      yield {
        block,
        fullShardId: branch,
        height,
        made: differing(block, made),
        differences: (rules) => differing(block, this.#execute(block, stateRoot, rules, overlayOf(store))),
      };
    }
  }

  #setUp(): void {
    const tip = hashFromHex(this.#blocks.findLast(({ kind }) => kind === "root")?.hash ?? "");
    const database = { name: "imported", describeKey };
    for (const [id, rows] of this.#rows) {
      const rootChain = new RootChain(new RootBlockRows(rows, database, BLOCK_KEYS), tip);
      const source = new ShardBlockRows(rows, database, BLOCK_KEYS, id);
      this.#shards.set(
        id,
        new ShardCl({ config: this.#config, source, rootChain, rootTipHeight: rootChain.tipHeight }),
      );
      this.#stores.set(id, this.#genesisStore(id));
    }
  }

  #genesisStore(id: number): MemoryNodeStore {
    const store = new MemoryNodeStore();
    const rootHeight = shardConfigOf(this.#config, id).genesis.rootHeight;
    const root = this.#blocks.find(({ kind, height }) => kind === "root" && height === rootHeight);
    const { header } = decodeRootBlock(fromHex(root?.hex ?? ""));
    const { meta } = genesisBlockOf(this.#config, id, header, this.#makers.consensus, store);
    if (this.#makers.execution.lostTokenTrieIsNoAccount) dropTokenTries(store, meta.stateRoot);
    return store;
  }

  #execute(
    block: MinorBlock,
    parentRoot: Hash32,
    { execution, consensus }: ClientRules,
    store: NodeStore,
  ): ExecutionResult | "refused" {
    const { branch } = block.header;
    const layer = new ExecutionLayer(executionConfig(this.#config, branch, execution), store, undefined, NOWHERE);
    const payload = this.#shard(branch).payloadOf(block, parentRoot, consensus);
    const outcome = new InProcessClient([layer]).newPayload(payload);
    return outcome.status === "INVALID" ? "refused" : outcome.computed;
  }

  #keepSends(hash: Hash32, block: MinorBlock, { xshardSends }: ExecutionResult): void {
    for (const [id, deposits] of this.#shard(block.header.branch).sendsOf(block, xshardSends)) {
      this.#rows.get(id)?.put(BLOCK_KEYS.receivedDeposits(hash), encodeDepositList(deposits));
    }
  }

  #shard(id: number): ShardCl {
    return this.#shards.get(id) as ShardCl;
  }

  #store(id: number): MemoryNodeStore {
    return this.#stores.get(id) as MemoryNodeStore;
  }
}

function differing(block: MinorBlock, computed: ExecutionResult | "refused"): readonly string[] | "refused" {
  if (computed === "refused") return computed;
  return compareExecution(block, computed, [], () => []).map(({ field }) => field);
}

/** What is put there is seen there only. */
function overlayOf(store: NodeStore): NodeStore {
  const own = new MemoryNodeStore();
  return {
    get: (hash) => own.rows.get(bytesKey(hash)) ?? store.get(hash),
    put: (hash, value) => own.put(hash, value),
  };
}

/** As goquarkchain leaves a genesis: token tries are written nowhere. */
function dropTokenTries(store: MemoryNodeStore, stateRoot: Hash32): void {
  const rows = new MemoryReader();
  for (const [key, row] of store.rows) rows.putByKey(key, row);
  visitTrie(rows, stateRoot, "", {
    node: () => {},
    leaf: (_key, leaf) => {
      const { tokenBalances } = decodeAccount(leaf);
      if (tokenBalances[0] === 1) store.rows.delete(bytesKey(asHash32(tokenBalances.subarray(1))));
    },
    fault: (kind) => {
      throw new Error(`a genesis state with a ${kind} node`);
    },
  });
}
