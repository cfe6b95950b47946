import { appendFileSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { OWN_BLOCKS_CONFIG, OwnBlocksDirectory } from "../../node/archive/goquarkchain/data-directory.testkit.ts";
import { checkInProcess, divergencesOf } from "./twin-check.testkit.ts";

const directories = { leveldb: new OwnBlocksDirectory("leveldb"), rocksdb: new OwnBlocksDirectory("rocksdb") };
afterAll(() => {
  for (const directory of Object.values(directories)) directory.remove();
});

describe.each(Object.entries(directories))("a database that goquarkchain left, in %s", (_format, { dir }) => {
  test("its own blocks diverge, each with a note that names what goquarkchain does otherwise", async () => {
    const answer = await checkInProcess(dir, { config: OWN_BLOCKS_CONFIG });
    const invalid = { fields: [], rules: ["EXECUTION_INVALID"] };
    expect(divergencesOf(answer)).toEqual({
      "1/1": invalid,
      "1/3": { fields: ["stateRoot"], rules: [] },
      "1/4": invalid,
      "1/6": { fields: ["stateRoot"], rules: [] },
      "65537/1": invalid,
      "65537/3": { fields: ["stateRoot", "receiptRoot", "gasUsed"], rules: [] },
    });
    const notes = answer.report?.warnings.flatMap((warning) => {
      const note = /^shard (\d+) block (\d+) \([0-9a-f]{64}\) differs, but the rules of goquarkchain .* \((.*)\)$/.exec(
        warning,
      );
      return note === null ? [] : [note.slice(1).join(" ")];
    });
    expect(notes).toEqual([
      "1 1 hasSenderWhitelist",
      "1 3 transferForgetsShardKey",
      "1 4 depositsKeepTheirGas",
      "1 6 revertKeepsTokenTrie",
      "65537 1 hasSenderWhitelist with xshardGasDdosFixRootHeightForZero",
      "65537 3 delegatedLockIsSenders",
    ]);
  });

  test("balances that it lost are told as its own damage, where no block before leaves them in memory", async () => {
    const { exitCode, report } = await checkInProcess(dir, { config: OWN_BLOCKS_CONFIG, shard: [1], from: 3 });
    expect(exitCode).toBe(4);
    expect(report?.damage.map(({ fullShardId, height, message }) => [fullShardId, height, message])).toEqual([
      [
        1,
        6,
        expect.stringMatching(/^damage that goquarkchain itself leaves in shard-1\/db: the token trie of an account/),
      ],
    ]);
  });
});

test("a log with a torn end is a warning that names the file and the place", async () => {
  const directory = new OwnBlocksDirectory("leveldb");
  try {
    const log = join(directory.dir, "S0/shard-65537/db/000001.log");
    appendFileSync(log, new Uint8Array(20).fill(0xff));
    const { report } = await checkInProcess(directory.dir, { config: OWN_BLOCKS_CONFIG });
    expect(report?.damage).toEqual([]);
    const told = report?.warnings.filter((warning) => warning.includes("torn"));
    expect(told).toEqual([expect.stringMatching(`^the log ${log} is torn at offset \\d+ `)]);
  } finally {
    directory.remove();
  }
});

test.runIf(process.platform === "linux")("a check leaves no file of the database open", async () => {
  const { dir } = directories.rocksdb;
  await checkInProcess(dir, { config: OWN_BLOCKS_CONFIG });
  const open = readdirSync("/proc/self/fd").filter((fd) => targetOf(fd)?.startsWith(dir));
  expect(open).toEqual([]);
});

function targetOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // Gone since the folder was read.
    return undefined;
  }
}
