import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { OWN_BLOCKS_CONFIG, OwnBlocksDirectory } from "../../node/archive/goquarkchain/data-directory.testkit.ts";
import { checkInProcess } from "../checkdb/twin-check.testkit.ts";
import { triageDivergences } from "./triage-run.ts";

const directory = new OwnBlocksDirectory("leveldb");
const folder = mkdtempSync(join(tmpdir(), "qkc-own-blocks-"));
afterAll(() => {
  directory.remove();
  rmSync(folder, { recursive: true });
});

test("blocks that goquarkchain made are localised and attributed to what it does otherwise", async () => {
  const { report, found: divergences } = await checkInProcess(directory.dir, { config: OWN_BLOCKS_CONFIG });
  const { triages, warnings } = await triageDivergences({
    db: directory.dir,
    configPath: OWN_BLOCKS_CONFIG,
    rootTip: undefined,
    verifyChecksums: "default",
    divergences,
    folder,
  });
  const found = report?.divergences.flatMap(({ fullShardId, height, hash, class: name }) => {
    const triage = triages.get(hash);
    if (triage === undefined) return [];
    const { unit, step, state, attribution } = triage;
    expect(existsSync(join(folder, triage.reproducer ?? "none"))).toBe(true);
    expect(attribution.switches.map((one) => one.name).join("+")).toBe(name);
    const opcode = (step?.testedStep ?? step?.referenceStep)?.opcode ?? "none";
    const fields = [...new Set(state.differences.map(({ field }) => field))];
    return [
      `${fullShardId}/${height} ${name}: ${unit?.kind} ${unit?.index}, ${opcode}, ${fields.join(" ") || "no state"}`,
    ];
  });
  expect(found).toEqual([
    "1/1 hasSenderWhitelist: transaction 0, none, no state",
    "1/3 transferForgetsShardKey: transaction 0, CREATE, exists nonce fullShardKey storage",
    "1/4 depositsKeepTheirGas: transaction 0, 0xfe, no state",
    "65537/1 hasSenderWhitelist+xshardGasDdosFixRootHeightForZero: deposit 5, none, no state",
    "65537/3 delegatedLockIsSenders: transaction 0, DELEGATECALL, balance storage",
  ]);
  // The balances that goquarkchain lost are in memory only while the blocks before are executed.
  expect(warnings).toEqual([
    expect.stringMatching(/^shard 1 block 6 differs; a closer look at it failed: .* token trie/),
  ]);
});
