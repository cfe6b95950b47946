import secp256k1 from "secp256k1";
import { describe, expect, test } from "vitest";
import { bigIntToMinimalBytes, concatBytes, fromHex, toHex } from "../../node/codec/bytes.ts";
import { keccak256 } from "../../node/codec/keccak.ts";
import { rlpEncode } from "../../node/codec/rlp.ts";
import { MemoryNodes } from "../../node/el/store/memory-nodes.ts";
import { ethereumRoot, writeAccounts } from "./accounts.ts";
import { FORK_NAMES, forkNames, forkOf } from "./forks.ts";
import { type PreAccount, readTestFile } from "./format.ts";
import { runStateTest } from "./run-test.ts";
import { addressOfKey } from "./sender-address.ts";

const SENDER = `0x${"5e".repeat(20)}`;
const COINBASE = `0x${"c0".repeat(20)}`;
const TARGET = `0x${"aa".repeat(20)}`;
const KEY = fromHex("11".repeat(32));
const AUTHORITY = `0x${toHex(addressOfKey(KEY) ?? new Uint8Array())}`;
const RICH = 10n ** 18n;
const HASH_1 = `0x01${"22".repeat(31)}`;

interface Fields {
  readonly [name: string]: unknown;
}

const PRICED = { gasPrice: "0x0a" };
const MARKET = { maxFeePerGas: "0x14", maxPriorityFeePerGas: "0x02" };

/** What a transaction of 100,000 gas leaves, by address; `code` is the target's. */
function outcome(fork: string, transaction: Fields, code = "", accounts: Fields = {}) {
  const [unread] = readTestFile(
    JSON.stringify({
      test: {
        env: {
          currentCoinbase: COINBASE,
          currentDifficulty: "0x20000",
          currentGasLimit: "0x1000000",
          currentNumber: "0x01",
          currentTimestamp: "0x03e8",
          currentBaseFee: "0x07",
          currentExcessBlobGas: "0x00",
        },
        pre: {
          [SENDER]: { nonce: "0x00", balance: RICH.toString(), code: "0x", storage: {} },
          [TARGET]: { nonce: "0x01", balance: "0x00", code: `0x${code}`, storage: {} },
          ...accounts,
        },
        transaction: {
          nonce: "0x00",
          gasLimit: ["0x0186a0"],
          to: TARGET,
          value: ["0x00"],
          data: ["0x"],
          sender: SENDER,
          ...transaction,
        },
      },
    }),
  ).values();
  const read = unread.read();
  const store = new MemoryNodes();
  const tested = forkOf(fork);
  if (tested === undefined) throw new Error(`no fork ${fork}`);
  const surroundings = { store, preRoot: writeAccounts(store, read.pre), ledger: "ethereum", ...tested } as const;
  const result = runStateTest(read, { indexes: { data: 0, gas: 0, value: 0 } }, surroundings);
  return { ...result, pre: read.pre };
}

/** The root of a test's accounts with changes. */
function rootOf(pre: Readonly<Record<string, PreAccount>>, changes: Readonly<Record<string, Partial<PreAccount>>>) {
  const store = new MemoryNodes();
  const accounts: Record<string, PreAccount> = { ...pre };
  for (const [address, change] of Object.entries(changes)) {
    const blank = { nonce: 0n, balance: 0n, code: new Uint8Array(), storage: {} };
    accounts[address] = { ...(pre[address] ?? blank), ...change };
  }
  return toHex(ethereumRoot(store, writeAccounts(store, accounts)));
}

function expectChanges(ran: ReturnType<typeof outcome>, changes: Parameters<typeof rootOf>[1]): void {
  expect(ran.receipt).toBeDefined();
  expect(toHex(ran.stateRoot)).toBe(rootOf(ran.pre, changes));
}

describe("fees", () => {
  test.each([
    ["Berlin", PRICED, 10n, 10n],
    ["London", PRICED, 10n, 3n],
    ["London", MARKET, 9n, 2n],
    ["London", { maxFeePerGas: "0x08", maxPriorityFeePerGas: "0x02" }, 8n, 1n],
  ])("%s %o: the base fee is nobody's", (fork, transaction, price, tip) => {
    expectChanges(outcome(fork, transaction), {
      [SENDER]: { nonce: 1n, balance: RICH - 21000n * price },
      [COINBASE]: { balance: 21000n * tip },
    });
  });

  test("BASEFEE shows the block's", () => {
    const ran = outcome("London", PRICED, "48600055");
    expect(ran.receipt?.success).toBe(true);
    const used = ran.receipt?.cumulativeGasUsed ?? 0n;
    expectChanges(ran, {
      [SENDER]: { nonce: 1n, balance: RICH - used * 10n },
      [COINBASE]: { balance: used * 3n },
      [TARGET]: { storage: { 0: 7n } },
    });
  });

  test("an access list is paid for, and makes warm", () => {
    const accessLists = [[{ address: TARGET, storageKeys: ["0x00"] }]];
    const gas = (transaction: Fields) => outcome("Berlin", { ...PRICED, ...transaction }, "60005400").receipt;
    expect(gas({})?.cumulativeGasUsed).toBe(21000n + 3n + 2100n);
    expect(gas({ accessLists })?.cumulativeGasUsed).toBe(21000n + 2400n + 1900n + 3n + 100n);
  });

  test("blobs are paid for, and shown", () => {
    const blobs = { ...MARKET, maxFeePerBlobGas: "0x01", blobVersionedHashes: [HASH_1] };
    const ran = outcome("Cancun", blobs, "600049600055600149600155");
    const used = ran.receipt?.cumulativeGasUsed ?? 0n;
    expectChanges(ran, {
      [SENDER]: { nonce: 1n, balance: RICH - used * 9n - 131072n },
      [COINBASE]: { balance: used * 2n },
      [TARGET]: { storage: { 0: BigInt(HASH_1) } },
    });
  });
});

describe("refused", () => {
  const blobs = { ...MARKET, maxFeePerBlobGas: "0x01", blobVersionedHashes: [HASH_1] };
  const contract = { [SENDER]: { nonce: "0x00", balance: "0xffffffffff", code: "0x00", storage: {} } };
  test.each<[string, string, Fields, Fields?]>([
    ["an access list before Berlin", "Istanbul", { ...PRICED, accessLists: [[]] }],
    ["a fee market before London", "Berlin", MARKET],
    ["blobs before Cancun", "Shanghai", blobs],
    ["authorizations before Prague", "Cancun", { ...MARKET, authorizationList: [authorization({})] }],
    ["no authorizations", "Prague", { ...MARKET, authorizationList: [] }],
    ["a price below the base fee", "London", { gasPrice: "0x06" }],
    ["a tip above the price", "London", { ...MARKET, maxPriorityFeePerGas: "0x15" }],
    ["a sender with code", "London", PRICED, contract],
    ["no blobs", "Cancun", { ...blobs, blobVersionedHashes: [] }],
    ["a blob without version", "Cancun", { ...blobs, blobVersionedHashes: [HASH_1.replace("01", "02")] }],
    ["seven blobs", "Cancun", { ...blobs, blobVersionedHashes: Array(7).fill(HASH_1) }],
    ["a contract made by a blob transaction", "Cancun", { ...blobs, to: "" }],
    ["more than 2^24 gas", "Osaka", { ...PRICED, gasLimit: ["0x1000001"] }],
    ["the last nonce", "London", { ...PRICED, nonce: "0xffffffffffffffff" }],
  ])("%s: %s", (_, fork, transaction, accounts) => {
    const ran = outcome(fork, transaction, "", accounts);
    expect(ran.receipt).toBeUndefined();
    expect(toHex(ran.stateRoot)).toBe(rootOf(ran.pre, {}));
  });
});

function authorization({ nonce = 0n, chainId = 1n }: { nonce?: bigint; chainId?: bigint }, parity?: number) {
  const fields = rlpEncode([bigIntToMinimalBytes(chainId), fromHex(TARGET.slice(2)), bigIntToMinimalBytes(nonce)]);
  const hash = keccak256(concatBytes(Uint8Array.of(5), fields));
  const { signature, recid } = secp256k1.ecdsaSign(hash, KEY);
  return {
    chainId: `0x${chainId.toString(16)}`,
    address: TARGET,
    nonce: `0x${nonce.toString(16)}`,
    yParity: `0x${(parity ?? recid).toString(16)}`,
    r: `0x${toHex(signature.subarray(0, 32))}`,
    s: `0x${toHex(signature.subarray(32))}`,
  };
}

describe("authorizations", () => {
  const code = fromHex(`ef0100${TARGET.slice(2)}`);

  test("set code, which a call of the authority runs", () => {
    const ran = outcome("Prague", { ...MARKET, to: AUTHORITY, authorizationList: [authorization({})] }, "600160025500");
    const used = 21000n + 25000n + 2n * 3n + 22100n;
    expect(ran.receipt?.cumulativeGasUsed).toBe(used);
    expectChanges(ran, {
      [SENDER]: { nonce: 1n, balance: RICH - used * 9n },
      [COINBASE]: { balance: used * 2n },
      [AUTHORITY]: { nonce: 1n, code, storage: { 2: 1n } },
    });
  });

  test("an account that exists costs half, also where the message fails", () => {
    const accounts = { [AUTHORITY]: { nonce: "0x00", balance: "0x01", code: "0x", storage: {} } };
    const ran = outcome("Prague", { ...MARKET, authorizationList: [authorization({})] }, "fe", accounts);
    expect(ran.receipt?.success).toBe(false);
    const used = 100_000n - 12500n;
    expect(ran.receipt?.cumulativeGasUsed).toBe(used);
    expectChanges(ran, {
      [SENDER]: { nonce: 1n, balance: RICH - used * 9n },
      [COINBASE]: { balance: used * 2n },
      [AUTHORITY]: { nonce: 1n, code },
    });
  });

  test.each([
    ["another nonce", authorization({ nonce: 1n })],
    ["another chain", authorization({ chainId: 2n })],
    ["a parity that is none", authorization({}, 2)],
    ["the last nonce", authorization({ nonce: 2n ** 64n - 1n })],
  ])("%s changes nothing", (_, listed) => {
    const ran = outcome("Prague", { ...MARKET, authorizationList: [listed] });
    expectChanges(ran, {
      [SENDER]: { nonce: 1n, balance: RICH - 46000n * 9n },
      [COINBASE]: { balance: 46000n * 2n },
    });
  });
});

test.each([
  ["Berlin", false],
  ["ConstantinopleFix", true],
])("%s: a blank account at address 3 is there after a call that ran out of gas: %s", (fork, stays) => {
  const third = `0x${"03".padStart(40, "0")}`;
  const blank = { nonce: "0x00", balance: "0x00", code: "0x", storage: {} };
  const ran = outcome(fork, PRICED, "6000600060006000600060036000f100", { [third]: blank });
  const used = ran.receipt?.cumulativeGasUsed ?? 0n;
  const { [third]: _, ...others } = ran.pre;
  const changes = { [SENDER]: { nonce: 1n, balance: RICH - used * 10n }, [COINBASE]: { balance: used * 10n } };
  expect(toHex(ran.stateRoot)).toBe(rootOf(stays ? ran.pre : others, changes));
});

describe("forks", () => {
  test("are named as the tests name them", () => {
    expect(forkNames("London,Cancun")).toEqual(["London", "Cancun"]);
    expect(forkNames("all")).toEqual(expect.arrayContaining([...FORK_NAMES]));
    expect(() => forkNames("Frontier")).toThrow(/--fork Frontier/);
  });
});
