import { describe, expect, it } from "vitest";
import { decodeEvmTransaction } from "../../node/chain/evm-transaction.ts";
import type { MinorBlock } from "../../node/chain/minor-block.ts";
import { keccak256 } from "../../node/codec/keccak.ts";
import { type OperationCounts, operationsSoFar } from "../../node/measure/operations.ts";
import { openDatabase } from "../database/open-database.ts";
import { SMALL } from "../database/small-fixture.testkit.ts";
import { surveyDatabase } from "../database/survey.ts";
import { findCauses } from "../triage/divergence-causes.ts";
import { checkdbRequest } from "../work/checkdb-request.ts";
import { planRun } from "../work/planned-run.ts";
import type { RangeProgress } from "../work/range-job.ts";
import { createRangeRunner } from "./range-runner.ts";

/*
 * The work that blocks take, by their kind, as counts that are the same on every machine. A block that takes more than
 * before fails here; where it takes much less, the table is to follow, so that it stays close to what is true.
 */

type Kind = "root" | "empty" | "deposits" | "transfers" | "contracts" | "mixed";
type Counted = OperationCounts & { blocks: number };

/** Sums over all blocks of the packed database. */
const EXPECTED: Readonly<Record<Kind, Counted>> = {
  root: { blocks: 22, hashes: 795, recoveries: 0, rowReads: 254, decodes: 19, slabBytes: 345_549 },
  empty: { blocks: 67, hashes: 321, recoveries: 0, rowReads: 284, decodes: 257, slabBytes: 95_151 },
  deposits: { blocks: 9, hashes: 120, recoveries: 0, rowReads: 37, decodes: 37, slabBytes: 34_249 },
  transfers: { blocks: 32, hashes: 919, recoveries: 101, rowReads: 194, decodes: 171, slabBytes: 120_445 },
  contracts: { blocks: 90, hashes: 6349, recoveries: 461, rowReads: 396, decodes: 393, slabBytes: 624_357 },
  mixed: { blocks: 37, hashes: 3495, recoveries: 177, rowReads: 154, decodes: 154, slabBytes: 349_035 },
};
const ALLOWED_MORE = 1.002;
const TABLE_IS_OLD_BELOW = 0.9;

function kindOf({ meta, transactions }: MinorBlock): Kind {
  const hasDeposits = meta.xshardReceiveGasUsed > 0n;
  if (transactions.length === 0) return hasDeposits ? "deposits" : "empty";
  if (hasDeposits) return "mixed";
  const isPlain = transactions.every(({ rlp }) => decodeEvmTransaction(rlp).data.length === 0);
  return isPlain ? "transfers" : "contracts";
}

/** Kinds of the canonical blocks, by shard and height. */
function kindsOf(db: string): ReadonlyMap<string, Kind> {
  const { source } = openDatabase({ db, configPath: undefined, rootTip: undefined, verifyChecksums: "default" });
  const kinds = new Map<string, Kind>();
  for (const id of source.fullShardIds) {
    const shard = source.shard(id);
    for (let height = 0, hash = shard.canonicalHashAt(0); hash !== undefined; hash = shard.canonicalHashAt(++height)) {
      kinds.set(`${id}/${height}`, height === 0 ? "root" : kindOf(shard.minorBlock(hash)));
    }
  }
  source.close();
  return kinds;
}

/** `perBlock` runs within each block: what a slower program might do. */
async function countBlocks(db: string, perBlock: () => void = () => {}): Promise<Map<Kind, Counted>> {
  const kinds = kindsOf(db);
  const survey = await surveyDatabase({
    db,
    configPath: undefined,
    rootTip: undefined,
    verifyChecksums: "default",
    shards: undefined,
  });
  const request = checkdbRequest({
    db,
    verifyChecksums: "default",
    stallTimeout: 60,
    check_db_rblock_batch: 1_000_000,
  });
  const { plan, ranges } = planRun({ ...request, span: { kind: "heights", from: undefined, to: undefined } }, survey);
  const runner = await createRangeRunner({ ...plan, cacheBytesPerWorker: 256 * 2 ** 20 }, findCauses);
  const counts = new Map<Kind, Counted>();
  let kind: Kind = "root";
  let before = operationsSoFar();
  const progress: RangeProgress = {
    startBlock(fullShardId, height) {
      kind = fullShardId === 0 ? "root" : (kinds.get(`${fullShardId}/${height}`) ?? "mixed");
      before = operationsSoFar();
      perBlock();
    },
    finishBlock() {
      const after = operationsSoFar();
      const sum = counts.get(kind) ?? { blocks: 0, hashes: 0, recoveries: 0, rowReads: 0, decodes: 0, slabBytes: 0 };
      sum.blocks++;
      for (const name of Object.keys(after) as (keyof OperationCounts)[]) sum[name] += after[name] - before[name];
      counts.set(kind, sum);
    },
    countDivergence() {},
  };
  const result = await runner.run(ranges[0], progress, () => false);
  runner.close();
  survey.close();
  expect(result).toMatchObject({ divergences: [], damage: [], unsupported: [] });
  return counts;
}

/** What is more than the table allows, in words; and where the table allows far too much. */
function complaints(counted: ReadonlyMap<Kind, Counted>): string[] {
  return (Object.keys(EXPECTED) as Kind[]).flatMap((kind) => {
    const { blocks, ...operations } = EXPECTED[kind];
    const found = counted.get(kind);
    if (found?.blocks !== blocks) return [`${kind}: ${found?.blocks} blocks, expected ${blocks}`];
    return (Object.keys(operations) as (keyof OperationCounts)[]).flatMap((name) => {
      const [now, then] = [found[name], operations[name]];
      if (now > then * ALLOWED_MORE) return [`${kind}: ${now} ${name}, at most ${then} expected`];
      return now < then * TABLE_IS_OLD_BELOW ? [`${kind}: only ${now} ${name}, the table says ${then}`] : [];
    });
  });
}

describe("operations of a block", () => {
  it("are no more than they were, for every kind of block", async () => {
    expect(complaints(await countBlocks(SMALL))).toEqual([]);
  }, 120_000);

  it("are seen to grow when each block makes one hash more", async () => {
    const more = complaints(await countBlocks(SMALL, () => keccak256(new Uint8Array(32))));
    for (const kind of Object.keys(EXPECTED)) {
      expect(more).toContainEqual(expect.stringMatching(new RegExp(`^${kind}: \\d+ hashes, at most`)));
    }
  }, 120_000);
});
