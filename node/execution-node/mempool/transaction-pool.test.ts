import { expect, test } from "vitest";
import { shardConfigOf, xshardGasLimitOf } from "../../chain/config.ts";
import { parseClusterConfig } from "../../chain/config-file.ts";
import { bytesEqual, type Hash32, toHex, ZERO_ADDRESS } from "../../codec/bytes.ts";
import { QUARKCHAIN_RULES } from "../../el/evm/rules.ts";
import { executionConfig } from "../../el/execution-config.ts";
import { MemoryNodeStore } from "../../el/trie/trie.testkit.ts";
import { type AdmissionCase, readPoolVectors, stateWith, typedOf } from "./pool-vectors.testkit.ts";
import { beginOnTip, type TipGround } from "./tip-execution.ts";
import { TransactionPool } from "./transaction-pool.ts";

const cases = readPoolVectors<AdmissionCase[]>("admission");
const PRICE = 1000n;

function groundOf({ config, fullShardId, accounts, tip, reachable }: AdmissionCase): TipGround {
  const { quarkchain } = parseClusterConfig(config, "the vector");
  const nodes = new MemoryNodeStore();
  const stateRoot = stateWith(nodes, accounts);
  const { height, createTime, difficulty, gasLimit } = tip;
  return {
    config: executionConfig(quarkchain, fullShardId, QUARKCHAIN_RULES),
    nodes,
    shape:
      height === 0
        ? { kind: "bare", stateRoot, timestamp: createTime }
        : { kind: "executed", stateRoot, gasLimit: BigInt(gasLimit) },
    header: { height, createTime, difficulty: BigInt(difficulty), coinbaseAddress: { recipient: ZERO_ADDRESS } },
    ancestorHash: () => undefined,
    senderDisallowMap: new Map(),
    reachableShards: new Set(reachable),
    xshardGasLimit: xshardGasLimitOf(shardConfigOf(quarkchain, fullShardId)),
  };
}

function poolOn(ground: TipGround, options: { capacity?: number; chain?: readonly Hash32[] } = {}): TransactionPool {
  const { capacity = 10_000, chain = [] } = options;
  return new TransactionPool(
    {
      isInChain: (hash) => chain.some((held) => bytesEqual(held, hash)),
      beginOnTip: () => beginOnTip(ground),
    },
    { capacity, leastGasPrice: PRICE, now: () => 0 },
  );
}

function accepts(pool: TransactionPool, hex: string): boolean {
  try {
    pool.add(typedOf(hex));
    return true;
  } catch (error) {
    expect(error).toMatchObject({ rpcCode: -32000 });
    return false;
  }
}

test.each(cases)("takes and refuses what pyquarkchain's add_tx takes and refuses: $name", (admission) => {
  const ground = groundOf(admission);
  let pool = poolOn(ground);
  for (const { title, typed, answer } of admission.rows) {
    if (title !== "again" && title !== "same nonce") pool = poolOn(ground);
    expect([title, accepts(pool, typed)]).toEqual([title, answer]);
  }
  expect(new Set(admission.rows.map(({ answer }) => answer)).size).toBe(2);
});

const row = (title: string, admission = cases[1]) => {
  const found = admission.rows.find((candidate) => candidate.title === title);
  if (found === undefined) throw new Error(`no row ${title}`);
  return found.typed;
};

test("refuses what the chain holds", () => {
  const typed = typedOf(row("plain"));
  expect(accepts(poolOn(groundOf(cases[1]), { chain: [typed.hash] }), row("plain"))).toBe(false);
});

test("a block that joins takes all of its senders' nonces along, one that leaves gives its transactions back", () => {
  const pool = poolOn(groundOf(cases[1]));
  for (const title of ["plain", "same nonce", "nonce +1"]) pool.add(typedOf(row(title)));
  pool.blockJoined([typedOf(row("same nonce"))]);
  expect(pool.ordered().map(({ typed }) => toHex(typed.hash))).toEqual([toHex(typedOf(row("nonce +1")).hash)]);
  // Unchecked: this one has no balance.
  pool.blockLeft([typedOf(row("same nonce")), typedOf(row("price 0"))]);
  expect(pool.size).toBe(3);
});

test("what is cheaper than all of a full pool is accepted and not stored", () => {
  const pool = poolOn(groundOf(cases[1]), { capacity: 1 });
  pool.blockLeft([typedOf(row("plain"))]);
  expect(accepts(pool, row("ahead, startgas 1"))).toBe(true);
  expect(pool.size).toBe(1);
});
