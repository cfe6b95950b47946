import { expect, it } from "vitest";
import { RootChain } from "../../node/cl/root-chain.ts";
import { toHex, ZERO_HASH } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError } from "../../node/codec/errors.ts";
import { type OpenDatabase, openDatabase } from "../database/open-database.ts";
import { overriding } from "../database/overriding.testkit.ts";
import { SMALL } from "../database/small-fixture.testkit.ts";
import { RangeBlocks, type RangeBlocksOptions } from "./range-blocks.ts";

const SHARD = 1;

function open(): OpenDatabase {
  return openDatabase({ db: SMALL, configPath: undefined, rootTip: undefined, verifyChecksums: "default" });
}

function blocksOf(database: OpenDatabase, more: Partial<RangeBlocksOptions> = {}) {
  const rootChain = new RootChain(database.source.rootBlocks(), database.rootTip);
  const faults: unknown[] = [];
  const warnings: string[] = [];
  const blocks = new RangeBlocks({
    database,
    rootChain,
    shards: [SHARD],
    isTipNamed: false,
    warn: (message) => warnings.push(message),
    onFault: (_place, error) => faults.push(error),
    ...more,
  });
  return { blocks, faults, warnings };
}

it("a shard of which no root block confirms a block is walked from its genesis block", () => {
  const database = open();
  const { blocks, faults } = blocksOf(database);
  const [first, second] = blocks.unconfirmed(0);
  expect([first.height, second.height, first.root]).toEqual([0, 1, null]);
  expect(toHex(first.hash)).toBe(toHex(database.source.shard(SHARD).canonicalHashAt(0) ?? ZERO_HASH));
  expect(faults).toEqual([]);
  database.source.close();
});

it.each([false, true])(
  "a height index that leaves the chain ends the walk; the tip named by the user: %s",
  (isTipNamed) => {
    const database = open();
    const shard = database.source.shard(SHARD);
    const canonicalHashAt = (height: number) => shard.canonicalHashAt(height === 3 ? 5 : height);
    database.source.shard = () => overriding(shard, { canonicalHashAt });
    const { blocks, faults, warnings } = blocksOf(database, { isTipNamed });
    expect([...blocks.unconfirmed(0)].map(({ height }) => height)).toEqual([0, 1, 2]);
    const text = expect.stringContaining("names a block at 3 that does not follow the one below it");
    expect(warnings).toEqual(isTipNamed ? [text] : []);
    expect(faults).toEqual(isTipNamed ? [] : [expect.any(DatabaseDamagedError)]);
    database.source.close();
  },
);
