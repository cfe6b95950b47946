import { join } from "node:path";
import { expect } from "vitest";
import { readClusterConfig } from "../../node/chain/config-file.ts";
import { fromHex, toHex } from "../../node/codec/bytes.ts";
import { keccak256 } from "../../node/codec/keccak.ts";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import { decodeAccount } from "../../node/el/state/account.ts";
import { RpcDispatcher } from "../../node/engine/json-rpc/json-rpc.ts";
import { ethMethods } from "../../node/execution-node/eth-api/eth-methods.ts";
import { ExecutionNode } from "../../node/execution-node/execution-node.ts";
import { exported, SMALL } from "../database/small-fixture.testkit.ts";

interface Exported {
  readonly branch: number;
  readonly height: number;
  readonly hash: string;
  readonly block: string;
  readonly stateRoot: string;
  readonly canonical: boolean;
  readonly ok: number;
  readonly gas: number;
  readonly logs: number;
  readonly address: string;
  readonly rlp: string;
}

/** Opens what a replay with forks has left of a shard, and holds its eth_* answers against pyquarkchain's exports. */
export async function expectExportedAnswers(datadir: string, fullShardId: number): Promise<void> {
  const node = await ExecutionNode.open({
    folder: join(datadir, `el-${fullShardId}`),
    config: readClusterConfig(join(SMALL, "cluster_config.json")).quarkchain,
    fullShardId,
    rules: QUARKCHAIN_RULES,
    durability: "process",
    cacheBytes: 16 * 1024 * 1024,
    retention: "archive",
    version: "0.0.0",
  });
  const dispatcher = new RpcDispatcher(ethMethods(node), {
    onInternalError: (error) => expect.fail(String(error)),
    maxAnswerLength: Number.POSITIVE_INFINITY,
  });
  const ask = async (method: string, ...params: unknown[]) => {
    const answer = await dispatcher.answer(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }));
    return JSON.parse(answer ?? "null").result;
  };
  const here = <T extends Pick<Exported, "branch">>(rows: readonly T[]) =>
    rows.filter((row) => row.branch === fullShardId);
  try {
    const canonical = new Set<string>();
    for (const { height, hash, stateRoot } of here(exported<Exported>("blocks")).filter((row) => row.canonical)) {
      canonical.add(hash);
      const block = await ask("eth_getBlockByNumber", `0x${height.toString(16)}`);
      expect(block).toMatchObject({ hash: `0x${hash}`, stateRoot: `0x${stateRoot}` });
    }
    for (const { hash, block, ok, gas, logs } of here(exported<Exported>("txs"))) {
      if (!canonical.has(block)) continue;
      const receipt = (await ask("eth_getTransactionReceipt", `0x${hash}`)) as Record<string, unknown>;
      expect(receipt).toMatchObject({
        blockHash: `0x${block}`,
        status: `0x${ok}`,
        gasUsed: `0x${gas.toString(16)}`,
      });
      expect(receipt.logs).toHaveLength(logs);
    }
    for (const { address, rlp } of here(exported<Exported>("accounts"))) {
      const account = decodeAccount(fromHex(rlp));
      expect(await ask("eth_getTransactionCount", `0x${address}`, "latest")).toBe(`0x${account.nonce.toString(16)}`);
      const code = fromHex((await ask("eth_getCode", `0x${address}`, "latest")) as string);
      expect(toHex(keccak256(code))).toBe(toHex(account.codeHash));
    }
  } finally {
    await node.close();
  }
}
