import { expect, test } from "vitest";
import { parseClusterConfig } from "../../chain/config-file.ts";
import { asAddress, asHash32, bigIntToBytes, uint32ToBytes, ZERO_ADDRESS } from "../../codec/bytes.ts";
import { keccak256 } from "../../codec/keccak.ts";
import { QUARKCHAIN_RULES } from "../../el/evm/rules.ts";
import { executionConfig } from "../../el/execution-config.ts";
import { ExecutionLayer } from "../../el/execution-layer.ts";
import type { ExecutionPayload } from "../../el/payload.ts";
import { MemoryNodeStore } from "../../el/trie/trie.testkit.ts";
import {
  newTransactionOf,
  readPoolVectors,
  shortHash,
  stateWith,
  type TemplateCase,
  typedOf,
} from "./pool-vectors.testkit.ts";
import { TemplateSource } from "./template-source.ts";
import { TransactionPool } from "./transaction-pool.ts";
import { TransactionQueue } from "./transaction-queue.ts";

const cases = readPoolVectors<TemplateCase[]>("templates");

function layerOf({ config, fullShardId, accounts, createTime, gasLimit }: Omit<TemplateCase, "pooled">) {
  const nodes = new MemoryNodeStore();
  const { quarkchain } = parseClusterConfig(config, "the vector");
  const layer = new ExecutionLayer(executionConfig(quarkchain, fullShardId, QUARKCHAIN_RULES), nodes);
  const payload: ExecutionPayload = {
    parentStateRoot: stateWith(nodes, accounts),
    fullShardId,
    height: 1,
    timestamp: createTime,
    coinbase: ZERO_ADDRESS,
    difficulty: 1n,
    gasLimit: BigInt(gasLimit),
    xshardGasLimit: 0n,
    transactions: [],
    ancestorHash: () => undefined,
    deposits: [],
    exhaustedCursor: { rootBlockHeight: 1, minorBlockIndex: 0, xshardDepositIndex: 0 },
    senderDisallowMap: new Map(),
    reachableShards: new Set(),
    blockReward: new Map(),
  };
  return { layer, payload };
}

test.each(cases.map((template, index) => [index, template] as const))(
  "takes and drops what pyquarkchain's template takes and drops (%i)",
  (_, template) => {
    const { layer, payload } = layerOf(template);
    const pool = new TransactionPool({ isInChain: () => false, beginOnTip: () => expect.unreachable() });
    pool.blockLeft(template.pooled.map(typedOf));
    const source = pool.templateSource();
    const filling = layer.fill(payload, source, BigInt(template.leastGasPrice));
    expect(filling.taken.map(shortHash)).toEqual(template.taken);
    pool.settle(filling, source);
    expect(pool.ordered().map(shortHash)).toEqual(template.order);
    const { gasUsed } = layer.execute({ ...payload, transactions: filling.taken.map(({ typed }) => typed) });
    expect(gasUsed).toBe(BigInt(template.gasUsed));
  },
);

test("10,000 pooled, half of them failing: each is tried at most once, in well under a second", () => {
  const [template] = cases;
  const [base] = template.pooled;
  const { typed, transaction } = newTransactionOf(base);
  const senders = Array.from({ length: 10_000 }, (_, index) => asAddress(bigIntToBytes(BigInt(index + 1), 20)));
  const accounts = Object.fromEntries(
    senders.map((sender, index) => [
      Buffer.from(sender).toString("hex"),
      { nonce: 0, balances: { "35760": index % 2 === 0 ? "1000000000000" : "1" } },
    ]),
  );
  const { layer, payload } = layerOf({ ...template, accounts, gasLimit: "12000000" });
  const queue = new TransactionQueue(10_000);
  for (const [index, sender] of senders.entries()) {
    const hash = asHash32(keccak256(uint32ToBytes(index)));
    const fields = { nonce: 0n, gasPrice: 5n, startGas: 21_000n, value: 1n, data: new Uint8Array() };
    queue.add({ typed: { ...typed, hash }, transaction: { ...transaction, ...fields }, sender }, 0, false);
  }
  const source = new TemplateSource(queue.ordered());
  let tries = 0;
  const start = performance.now();
  const filling = layer.fill(
    payload,
    {
      next(nonceOf, gasLeft) {
        tries++;
        return source.next(nonceOf, gasLeft);
      },
    },
    0n,
  );
  expect(filling.taken).toHaveLength(Math.floor(12_000_000 / 21_000));
  expect(filling.refused.length).toBeGreaterThan(500);
  expect(tries).toBeLessThanOrEqual(10_001);
  expect(performance.now() - start).toBeLessThan(5000);
});
