import { expect, test } from "vitest";
import { addressFromHex, compareBytes, fromHex, hashFromHex, toHex } from "../../codec/bytes.ts";
import { type HistoryEntry, historyPage } from "./history.ts";
import { type HistoryPlace, historyKeys, type IndexedBlock } from "./history-index.ts";
import { NEVER, readVectors } from "./read-vectors.testkit.ts";

interface Item {
  readonly hash: string;
  readonly to: string;
  readonly value: number;
  readonly token: number;
}

interface HistoryCase {
  readonly blocks: readonly {
    readonly height: number;
    readonly transactions: readonly (Item & { readonly sender: string; readonly isToThisShard: boolean })[];
    readonly deposits: readonly (Item & { readonly isFromRootChain: boolean })[];
  }[];
  readonly keys: readonly string[];
  readonly pages: readonly {
    readonly address: string | null;
    readonly token: number | null;
    readonly limit: number;
    readonly start: string;
    readonly found: readonly string[];
    readonly next: string;
  }[];
}

const cases = readVectors<HistoryCase[]>("history").map((one, index) => [index, one] as const);

test.each(cases)("writes the rows that pyquarkchain writes (%i)", (_, { blocks, keys }) => {
  const written = blocks.flatMap((block) => historyKeys(indexedOf(block))).map(toHex);
  expect([...new Set(written)].sort()).toEqual(keys);
});

test.each(cases)("pages are pyquarkchain's, to the end (%i)", async (_, one) => {
  const rows = rowsOf(one);
  for (const { address, token, limit, start, found, next } of one.pages) {
    const page = await historyPage(
      rows,
      {
        address: address === null ? undefined : addressFromHex(address),
        transferTokenId: token === null ? undefined : BigInt(token),
        start: fromHex(start),
        limit,
      },
      NEVER,
    );
    expect([page.entries.map(({ hash }) => toHex(hash).slice(0, 8)), toHex(page.next)]).toEqual([found, next]);
  }
});

test("ends when nobody waits", async () => {
  const query = { start: fromHex(""), limit: 10 };
  const gone = AbortSignal.abort(new Error("gone"));
  await expect(historyPage(rowsOf(cases[0][1]), query, gone)).rejects.toThrow("gone");
});

function indexedOf({ height, transactions, deposits }: HistoryCase["blocks"][number]): IndexedBlock {
  return {
    height,
    transactions: transactions.map(({ sender, to, isToThisShard }) => ({
      sender: addressFromHex(sender),
      to: to === "" ? undefined : addressFromHex(to),
      isToThisShard,
    })),
    deposits: deposits.map(({ to, value, isFromRootChain }) => ({
      to: addressFromHex(to),
      value: BigInt(value),
      isFromRootChain,
    })),
  };
}

function rowsOf({ blocks, keys }: HistoryCase) {
  const descending = keys.map((key) => fromHex(key)).sort((one, other) => compareBytes(other, one));
  return {
    keysBelow: (start: Uint8Array, end: Uint8Array) =>
      descending.filter((key) => compareBytes(key, start) <= 0 && compareBytes(key, end) > 0),
    entry: ({ height, kind, index }: HistoryPlace): HistoryEntry => {
      const block = blocks.find((candidate) => candidate.height === height);
      const item = kind === "deposit" ? block?.deposits[index] : block?.transactions[index];
      if (item === undefined) throw new Error(`a row points at ${kind} ${index} of block ${height}`);
      return {
        hash: hashFromHex(item.hash),
        transferTokenId: BigInt(item.token),
        value: BigInt(item.value),
        isFromRootChain: kind === "deposit" && (block?.deposits[index].isFromRootChain ?? false),
      };
    },
  };
}
