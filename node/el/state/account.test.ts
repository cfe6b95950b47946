import { describe, expect, it, test } from "vitest";
import { fromHex, toHex } from "../../codec/bytes.ts";
import { CodecError, DatabaseDamagedError } from "../../codec/errors.ts";
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY } from "../../codec/keccak.ts";
import { MemoryNodeStore } from "../trie/trie.testkit.ts";
import { WarmNodes } from "../trie/warm-nodes.ts";
import { blankAccount, decodeAccount, encodeAccount } from "./account.ts";
import { TokenHoldings } from "./token-holdings.ts";

const ROOT = "a056e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";
const NO_CODE = "a0c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";

/** Accounts of a database that pyquarkchain wrote. */
const STORED = {
  "no balances":
    "f84a0180a056e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421a010778a1a97177086fce67ffe5e8f8929daa7586865964fb36f043c199f9f9a83840000c44780",
  "only zero balances":
    "f84c018200c0a01660ed6e582916b7ea16375bd1363b54f0bd1e42171a3b707b2056eedff7aa08a0bd453689387daf9d83e5051f2fe1bec74eab5313626984344cb2acd6197c9265840000000080",
  "two tokens": `f868029e00dccd8203de893635c9adc5dea00000cd828bb08973ea248e508d14e618${ROOT}${NO_CODE}84000087e980`,
  "six tokens": `f8b011b86500f862ce8203de8a021e19e0647bfd319002ce8241048a021e19e0c9bab2400002ce8250398a021e19e0c9bab2400002ce828bb08ad3ac9d5b0b64676c760fd084032f6f798a021e19e0c9bab2400002d48843a3163a810750738a021e19e0c9bab2400002${ROOT}${NO_CODE}840000dc3280`,
  "token trie": `f86b80a10116598dc4385acfbe4d3328d44742058631274103526eaaabde26304691b5112d${ROOT}${NO_CODE}8400003f0580`,
};

describe("account encoding", () => {
  test.each(Object.entries(STORED))("gives back the bytes pyquarkchain stored: %s", (_, hex) => {
    const account = decodeAccount(fromHex(hex));
    expect(toHex(encodeAccount(account))).toBe(hex);
    if (hex === STORED["only zero balances"]) return;
    const holdings = new TokenHoldings(new MemoryNodeStore(), new WarmNodes(), account.tokenBalances);
    expect(toHex(holdings.encode(true))).toBe(toHex(account.tokenBalances));
  });

  it("gives the well-known hashes as the constants they are", () => {
    const account = decodeAccount(encodeAccount(blankAccount(5)));
    expect(account.storageRoot).toBe(EMPTY_TRIE_ROOT);
    expect(account.codeHash).toBe(KECCAK_EMPTY);
    expect(account.fullShardKey).toBe(5);
  });

  it("always writes the full shard key in four bytes", () => {
    expect(toHex(encodeAccount(blankAccount(0)))).toBe(`f84a8080${ROOT}${NO_CODE}840000000080`);
    expect(toHex(encodeAccount(blankAccount(0xffffffff)))).toBe(`f84a8080${ROOT}${NO_CODE}84ffffffff80`);
  });

  test.each([
    ["four fields", `f8448080${ROOT}${NO_CODE}`],
    ["short shard key", `f8488080${ROOT}${NO_CODE}82000080`],
    ["short storage root", `f82a8080${NO_CODE.slice(0, 2)}00`],
    ["leading zero in the nonce", `f84c82000180${ROOT}${NO_CODE}840000000080`],
    ["no list", "80"],
  ])("refuses %s", (_, hex) => {
    expect(() => decodeAccount(fromHex(hex))).toThrow(CodecError);
  });
});

describe("token balances", () => {
  const holdings = (hex: string) => new TokenHoldings(new MemoryNodeStore(), new WarmNodes(), fromHex(hex));

  it("refuses a form it does not know", () => {
    expect(() => holdings("02c0")).toThrow(CodecError);
    expect(() => holdings("0100")).toThrow(CodecError);
    expect(() => holdings("00c2c101")).toThrow(CodecError);
  });

  it("reports a token trie that is missing", () => {
    expect(() => holdings(`01${"ab".repeat(32)}`).balance(1n)).toThrow(DatabaseDamagedError);
  });

  it("counts a token trie as holdings, even an empty one", () => {
    expect(holdings(`01${toHex(EMPTY_TRIE_ROOT)}`).isBlank()).toBe(false);
    expect(holdings("00c0").isBlank()).toBe(true);
    expect(holdings("").isBlank()).toBe(true);
  });
});
