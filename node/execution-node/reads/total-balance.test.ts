import { expect, test } from "vitest";
import { fromHex, toHex } from "../../codec/bytes.ts";
import { MemoryNodeStore } from "../../el/trie/trie.testkit.ts";
import { type AdmissionCase, stateWith } from "../mempool/pool-vectors.testkit.ts";
import { NEVER, readVectors } from "./read-vectors.testkit.ts";
import { totalBalancePage } from "./total-balance.ts";

interface BalanceCase {
  readonly accounts: AdmissionCase["accounts"];
  readonly token: string;
  readonly pages: readonly {
    readonly limit: number;
    readonly start: string | null;
    readonly total: number;
    readonly next: string;
  }[];
}

const cases = readVectors<BalanceCase[]>("balances").map((one, index) => [index, one] as const);

test.each(cases)("pages are pyquarkchain's, to the end (%i)", async (_, { accounts, token, pages }) => {
  const nodes = new MemoryNodeStore();
  const root = stateWith(nodes, accounts);
  for (const { limit, start, total, next } of pages) {
    const from = start === null ? undefined : fromHex(start);
    const page = await totalBalancePage(nodes, root, { tokenId: BigInt(token), limit, start: from }, NEVER);
    expect([page.total, toHex(page.next)]).toEqual([BigInt(total), next]);
  }
});

test("a page reads no account before its start, and ends when nobody waits", async () => {
  const nodes = new MemoryNodeStore();
  const [, { accounts, pages, token }] = cases.reduce((one, other) =>
    one[1].pages.length > other[1].pages.length ? one : other,
  );
  const root = stateWith(nodes, accounts);
  const last = pages.filter(({ limit }) => limit === 1).at(-2);
  let reads = 0;
  const counted = {
    get: (hash: Parameters<MemoryNodeStore["get"]>[0]) => {
      reads++;
      return nodes.get(hash);
    },
    put: () => {},
  };
  await totalBalancePage(counted, root, { tokenId: BigInt(token), limit: 1, start: fromHex(last?.start ?? "") }, NEVER);
  expect(reads).toBeLessThan(8);
  const gone = AbortSignal.abort(new Error("gone"));
  await expect(totalBalancePage(nodes, root, { tokenId: 1n, limit: 9 }, gone)).rejects.toThrow("gone");
});
