import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { merkleRoot } from "../../node/chain/merkle-root.ts";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import { mostDepositsConsumed } from "../../node/engine/api/deposit-lists.ts";
import { ExecutionNode } from "../../node/execution-node/execution-node.ts";
import { openDatabase } from "../database/open-database.ts";
import { chainSampleOf } from "./database-sample.ts";
import { changedBlock } from "./suite/chain-sample.ts";

const LIMITS = [0n, 1n, 9000n, 9001n, 27_000n, 27_001n, 60_000n, 200_000n];

test("as many deposits as cross are consumed at most, whatever the limit", async () => {
  const folder = mkdtempSync(join(tmpdir(), "qkc-deposits-"));
  const database = openDatabase({
    db: "fixtures/pyqkc-small",
    configPath: undefined,
    rootTip: undefined,
    verifyChecksums: "default",
  });
  const config = database.config.quarkchain;
  let cutLists = 0;
  for (const fullShardId of database.source.fullShardIds) {
    const sample = chainSampleOf(database, fullShardId, 100);
    const node = await ExecutionNode.open({
      folder: join(folder, `${fullShardId}`),
      config,
      fullShardId,
      rules: QUARKCHAIN_RULES,
      durability: "process",
      retention: "archive",
      cacheBytes: 8 * 1024 * 1024,
      version: "0",
    });
    await node.newPayload(sample.genesis);
    for (const payload of sample.blocks) {
      await node.newPayload(payload);
      const { inputs, block } = payload;
      const items = [...inputs.deposits];
      if (items.length < 2) continue;
      // Deposits alone: transactions of a block may not be valid under another limit.
      const transactions: typeof block.transactions = [];
      for (const xshardGasLimit of LIMITS) {
        const limited = changedBlock(payload, { transactions, meta: { xshardGasLimit, merkleRoot: merkleRoot([]) } });
        const deposits = mostDepositsConsumed(items, xshardGasLimit, config.xshardGasDdosFixRootHeight);
        const whole = await node.newPayload({ ...limited, inputs: { ...inputs, deposits: items } });
        expect(whole.computed).not.toBeNull();
        expect(await node.newPayload({ ...limited, inputs: { ...inputs, deposits } })).toEqual(whole);
        if (deposits.items.length < items.length) cutLists++;
      }
    }
    await node.close();
  }
  expect(cutLists).toBeGreaterThan(50);
  database.source.close();
  rmSync(folder, { recursive: true });
});
