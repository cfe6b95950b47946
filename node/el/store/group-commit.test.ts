import { describe, expect, test } from "vitest";
import { utf8 } from "../../codec/bytes.ts";
import type { QkcError } from "../../codec/errors.ts";
import { GroupCommit } from "./group-commit.ts";
import { MemoryRows } from "./memory-rows.testkit.ts";
import type { RowChange } from "./row-store.ts";

function begin(sync = true) {
  const rows = new MemoryRows();
  return { rows, commits: new GroupCommit(rows, sync) };
}

function put(name: string, value: string | null): RowChange {
  return { key: utf8(name), value: value === null ? null : utf8(value) };
}

function read(commits: GroupCommit, name: string): string | undefined {
  const value = commits.get(utf8(name));
  return value === undefined ? undefined : Buffer.from(value).toString();
}

/** Whether the promise is fulfilled by now. */
async function isDone(promise: Promise<void>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return done;
}

describe("a commit", () => {
  test("can be read at once, and is done when it is written", async () => {
    const { rows, commits } = begin();
    const commit = commits.commit([put("a", "1"), put("b", "2")]);
    expect([read(commits, "a"), read(commits, "b"), rows.rows.size]).toEqual(["1", "2", 0]);
    expect(await isDone(commit)).toBe(false);
    rows.batches[0].finish();
    await commit;
    expect([read(commits, "a"), rows.rows.size]).toEqual(["1", 2]);
  });

  test("shares the next batch with those that come while one is written", async () => {
    const { rows, commits } = begin();
    const first = commits.commit([put("a", "1")]);
    const second = commits.commit([put("a", "2"), put("b", "1")]);
    const third = commits.commit([put("b", null), put("c", "3")]);
    expect([read(commits, "a"), read(commits, "b"), read(commits, "c")]).toEqual(["2", undefined, "3"]);
    rows.batches[0].finish();
    await first;
    expect([await isDone(second), rows.batches.length]).toEqual([false, 2]);
    // What is on the disk is older than what is on its way.
    expect([read(commits, "a"), Buffer.from(rows.rows.get("a")!).toString()]).toEqual(["2", "1"]);
    rows.batches[1].finish();
    await Promise.all([second, third, commits.committed()]);
    expect(rows.batches[1].changes).toHaveLength(4);
    expect([read(commits, "a"), read(commits, "b"), read(commits, "c")]).toEqual(["2", undefined, "3"]);
    expect([...rows.rows.keys()]).toEqual(["a", "c"]);
  });

  test.each([true, false])("waits for the disk or not, as it was opened: %s", async (sync) => {
    const { rows, commits } = begin(sync);
    const commit = commits.commit([put("a", "1")]);
    expect(rows.batches[0].sync).toBe(sync);
    rows.batches[0].finish();
    await commit;
  });
});

test("a batch that cannot be written ends all writing, and all that waited learn it", async () => {
  const { rows, commits } = begin();
  const heard: QkcError[] = [];
  commits.onFailure((error) => heard.push(error));
  const sentence = /cannot be written \(no space left\): nothing was acknowledged since; free space/;
  const refused = [commits.commit([put("a", "1")]), commits.commit([put("b", "1")])].map((commit) =>
    expect(commit).rejects.toThrow(sentence),
  );
  rows.batches[0].finish(new Error("no space left"));
  await Promise.all(refused);
  // As any write that the system refuses: nothing is wrong with the engine, and what waits for the disk may try again.
  expect(heard).toEqual([expect.objectContaining({ code: "STORAGE", message: expect.stringMatching(sentence) })]);
  expect(() => commits.commit([put("c", "1")])).toThrow(sentence);
  expect(() => commits.assertWritable()).toThrow(sentence);
  await expect(commits.committed()).rejects.toThrow(sentence);
  expect([rows.batches.length, rows.rows.size]).toEqual([1, 0]);
  await commits.close();
});

test("keys are those on the disk once what was begun is written", async () => {
  const { rows, commits } = begin();
  const commit = commits.commit([put("n1", "x"), put("n2", "x"), put("o", "x")]);
  const keys = commits.keys({ from: utf8("n"), to: utf8("o") }, -1);
  rows.batches[0].finish();
  await commit;
  expect((await keys).map((key) => Buffer.from(key).toString())).toEqual(["n1", "n2"]);
});
