import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { RootBlockRows, ShardBlockRows } from "../../node/archive/block-rows.ts";
import type { KeyValueReader } from "../../node/archive/key-value-reader.ts";
import { BLOCK_KEYS, describeKey } from "../../node/archive/pyquarkchain/keys.ts";
import { shardConfigOf } from "../../node/chain/config.ts";
import { readClusterConfig } from "../../node/chain/config-file.ts";
import { encodeDepositList } from "../../node/chain/deposit.ts";
import { decodeMinorBlock } from "../../node/chain/minor-block.ts";
import { RootChain } from "../../node/cl/root-chain.ts";
import { ShardCl } from "../../node/cl/shard-cl.ts";
import { bytesKey, fromHex, type Hash32, hashFromHex } from "../../node/codec/bytes.ts";
import { GOQUARKCHAIN_RULES, QUARKCHAIN_RULES, type Rules } from "../../node/el/evm/rules.ts";
import { executionConfig } from "../../node/el/execution-config.ts";
import { ExecutionLayer } from "../../node/el/execution-layer.ts";
import { buildGenesisState } from "../../node/el/genesis-state.ts";
import { MemoryNodeStore } from "../../node/el/trie/trie.testkit.ts";
import { compareExecution, type FieldDifference } from "./comparator.ts";

const FOLDER = "fixtures/goqkc-disagreements";
const { quarkchain: config } = readClusterConfig(`${FOLDER}/cluster_config.json`);

interface ImportedBlock {
  readonly kind: "root" | "minor";
  readonly height: number;
  readonly hash: string;
  readonly hex: string;
}

class MemoryRows implements KeyValueReader {
  private readonly rows = new Map<string, Uint8Array>();

  put(key: Uint8Array, value: Uint8Array): void {
    this.rows.set(bytesKey(key), value);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.rows.get(bytesKey(key));
  }

  getSelfProving(key: Uint8Array): Uint8Array | undefined {
    return this.get(key);
  }

  has(key: Uint8Array): boolean {
    return this.rows.has(bytesKey(key));
  }

  entries(): never[] {
    return [];
  }

  close(): void {}
}

/** What each of the two rule sets makes of every block of a chain, in order. */
function executeBoth(name: string): { quarkchain: FieldDifference[]; goquarkchain: FieldDifference[] }[] {
  const lines = gunzipSync(readFileSync(`${FOLDER}/${name}.jsonl.gz`))
    .toString("utf8")
    .trim()
    .split("\n");
  const blocks = lines.map((line) => JSON.parse(line) as ImportedBlock);
  const rows = new Map([...config.shards.keys()].map((id) => [id, new MemoryRows()]));
  for (const { kind, hash, hex } of blocks) {
    const key = kind === "root" ? BLOCK_KEYS.rootBlock(hashFromHex(hash)) : BLOCK_KEYS.minorBlock(hashFromHex(hash));
    for (const shard of rows.values()) shard.put(key, fromHex(hex));
  }
  const database = { name, describeKey };
  const tip = hashFromHex(blocks.findLast(({ kind }) => kind === "root")!.hash);
  const rootChain = new RootChain(new RootBlockRows(rows.get(1)!, database, BLOCK_KEYS), tip);
  const shards = new Map(
    [...rows].map(([id, shardRows]) => {
      const store = new MemoryNodeStore();
      buildGenesisState(store, shardConfigOf(config, id).genesis.accounts);
      const source = new ShardBlockRows(shardRows, database, BLOCK_KEYS, id);
      const layer = (rules: Rules) => new ExecutionLayer(executionConfig(config, id, rules), store);
      const cl = new ShardCl({ config, source, rootChain, rootTipHeight: rootChain.tipHeight });
      return [id, { cl, quarkchain: layer(QUARKCHAIN_RULES), goquarkchain: layer(GOQUARKCHAIN_RULES) }];
    }),
  );
  return blocks
    .filter(({ kind, height }) => kind === "minor" && height > 0)
    .map(({ hash, hex }) => {
      const block = decodeMinorBlock(fromHex(hex));
      const { cl, quarkchain, goquarkchain } = shards.get(block.header.branch)!;
      const parentRoot: Hash32 = cl.chain.get(block.header.prevMinorBlockHash).meta.stateRoot;
      const go = goquarkchain.execute(cl.payloadOf(block, parentRoot));
      const computed = quarkchain.execute(cl.payloadOf(block, parentRoot));
      for (const [id, deposits] of cl.sendsOf(block, computed.xshardSends)) {
        rows.get(id)?.put(BLOCK_KEYS.receivedDeposits(hashFromHex(hash)), encodeDepositList(deposits));
      }
      const compare = (result: typeof computed) => compareExecution(block, result, [], () => []);
      return { quarkchain: compare(computed), goquarkchain: compare(go) };
    });
}

describe("blocks that goquarkchain refuses", () => {
  test.each([
    ["gaslimit-opcode", "stateRoot", "1a71e7e8ee16313e1e7a53ecd94b1b457aff092912f270d06158a313ef4ee142"],
    ["selfdestruct-same-block", "gasUsed", "259461"],
    ["zero-token-balance", "stateRoot", undefined],
  ])("%s: its rules come to its own value, and agree on all blocks before", (name, field, value) => {
    const results = executeBoth(name);
    expect(results.flatMap(({ quarkchain }) => quarkchain)).toEqual([]);
    expect(results.slice(0, -1).flatMap(({ goquarkchain }) => goquarkchain)).toEqual([]);
    const last = results.at(-1)?.goquarkchain.find((difference) => difference.field === field);
    expect(last).toBeDefined();
    if (value !== undefined) expect(last?.computed).toBe(value);
  });
});
