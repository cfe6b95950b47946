import { expect, test } from "vitest";
import { shardConfigOf, xshardGasLimitOf } from "../../chain/config.ts";
import { parseClusterConfig } from "../../chain/config-file.ts";
import { decodeEvmTransaction } from "../../chain/evm-transaction.ts";
import { addressFromHex, fromHex, hashFromHex, toHex } from "../../codec/bytes.ts";
import { EMPTY_TRIE_ROOT } from "../../codec/keccak.ts";
import { QUARKCHAIN_RULES } from "../../el/evm/rules.ts";
import { executionConfig } from "../../el/execution-config.ts";
import { WorldState } from "../../el/state/world-state.ts";
import type { BlockExecution } from "../../el/transactions/block-execution.ts";
import { MemoryNodeStore } from "../../el/trie/trie.testkit.ts";
import { typedOf } from "../mempool/pool-vectors.testkit.ts";
import { beginOnTip, type TipGround } from "../mempool/tip-execution.ts";
import { beginInPast, call, estimateGas } from "./calls.ts";
import { NEVER, readVectors } from "./read-vectors.testkit.ts";

interface CallCase {
  readonly config: string;
  readonly contracts: Record<string, string>;
  readonly tipGasLimit: string;
  readonly tipTimestamp: number;
  /** Of the chain, from height 0. */
  readonly headers: readonly {
    readonly hash: string;
    readonly height: number;
    readonly createTime: number;
    readonly difficulty: string;
    readonly coinbase: string;
    readonly gasLimit: string;
  }[];
  readonly calls: readonly { readonly height: number | null; readonly typed: string; readonly output: string | null }[];
  readonly estimates: readonly { readonly typed: string; readonly gas: number | null }[];
}

const SHARD = 2;
const SENDER = { recipient: addressFromHex("11".repeat(20)), fullShardKey: 0 };
const cases = readVectors<CallCase[]>("calls").map((one) => [one.headers.length - 1, one] as const);

/** The contracts are all that calls without a price look at, and they stand at every height. */
function groundOf({ config, contracts, headers, tipGasLimit, tipTimestamp }: CallCase): TipGround {
  const { quarkchain } = parseClusterConfig(config, "the vector");
  const nodes = new MemoryNodeStore();
  const state = new WorldState(nodes, EMPTY_TRIE_ROOT);
  for (const [address, code] of Object.entries(contracts)) {
    state.setCode(addressFromHex(address), fromHex(code));
    state.setNonce(addressFromHex(address), 1n);
  }
  const stateRoot = state.commit();
  const tip = headers.length - 1;
  return {
    config: executionConfig(quarkchain, SHARD, QUARKCHAIN_RULES),
    nodes,
    shape:
      tip === 0
        ? { kind: "bare", stateRoot, timestamp: tipTimestamp }
        : { kind: "executed", stateRoot, gasLimit: BigInt(tipGasLimit) },
    header: headerOf(headers[tip]),
    ancestorHash: ancestorsFrom(headers, tip),
    senderDisallowMap: new Map(),
    reachableShards: new Set(),
    xshardGasLimit: xshardGasLimitOf(shardConfigOf(quarkchain, SHARD)),
  };
}

function headerOf({ height, createTime, difficulty, coinbase, gasLimit }: CallCase["headers"][number]) {
  const coinbaseAddress = { recipient: addressFromHex(coinbase) };
  return { height, createTime, difficulty: BigInt(difficulty), coinbaseAddress, gasLimit: BigInt(gasLimit) };
}

function ancestorsFrom(headers: CallCase["headers"], height: number) {
  return (distance: number) => {
    const header = headers[height - distance + 1];
    return header === undefined ? undefined : hashFromHex(header.hash);
  };
}

function beginAt(one: CallCase, height: number | null): BlockExecution | undefined {
  const ground = groundOf(one);
  if (height === null || height === one.headers.length - 1) return beginOnTip(ground);
  const next = one.headers[height + 1];
  if (next === undefined) return undefined;
  const { stateRoot } = ground.shape;
  return beginInPast({ ...ground, stateRoot, next: headerOf(next), ancestorHash: ancestorsFrom(one.headers, height) });
}

test.each(cases)("calls see the block that pyquarkchain shows them, tip %i", (_, one) => {
  for (const [index, { height, typed, output }] of one.calls.entries()) {
    const execution = beginAt(one, height);
    const answer = execution && call(execution, decodeEvmTransaction(typedOf(typed).rlp), SENDER);
    expect([index, height, answer === undefined ? null : toHex(answer)]).toEqual([index, height, output]);
  }
});

test.each(cases)("estimates are pyquarkchain's, tip %i", async (_, one) => {
  const ground = groundOf(one);
  for (const [index, { typed, gas }] of one.estimates.entries()) {
    const answer = await estimateGas(ground, decodeEvmTransaction(typedOf(typed).rlp), SENDER, NEVER);
    expect([index, answer]).toEqual([index, gas === null ? undefined : BigInt(gas)]);
  }
});

test("an estimate ends when nobody waits", async () => {
  const [, one] = cases[1];
  const { rlp } = typedOf(one.estimates[0].typed);
  const gone = AbortSignal.abort(new Error("gone"));
  await expect(estimateGas(groundOf(one), decodeEvmTransaction(rlp), SENDER, gone)).rejects.toThrow("gone");
});
