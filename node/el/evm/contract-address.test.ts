import { expect, test } from "vitest";
import { addressFromHex, fromHex, toHex, ZERO_ADDRESS } from "../../codec/bytes.ts";
import { ExecutionAbortedError } from "./abort.ts";
import { contractAddress, contractAddress2 } from "./contract-address.ts";

test("without a shard key it is Ethereum's address", () => {
  const sender = addressFromHex("6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0");
  expect([0n, 1n, 2n, 3n].map((nonce) => toHex(contractAddress(sender, nonce, undefined)))).toEqual([
    "cd234a471b72ba2f1ccf0a70fcaba648a5eecd8d",
    "343c43a37d37dff08ae8c4a11544c718abb4fcf8",
    "f778b86fa74e846c4f0a1fbd1335fe81c00a0c91",
    "fffd933a0bc612844eaf0c6fe3e5b8e9b6c1d19c",
  ]);
});

test("the shard key takes part, also key 0", () => {
  const sender = addressFromHex("6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0");
  const addresses = [undefined, 0, 1, 0xffffffff].map((key) => toHex(contractAddress(sender, 1n, key)));
  expect(new Set(addresses).size).toBe(4);
});

test("a nonce below zero is what pyquarkchain cannot encode", () => {
  expect(() => contractAddress(ZERO_ADDRESS, -1n, 0)).toThrow(ExecutionAbortedError);
});

test("CREATE2 gives the addresses of EIP-1014", () => {
  const examples = [
    ["00".repeat(20), "00".repeat(32), "00", "4d1a2e2bb4f88f0250f26ffff098b0b30b26bf38"],
    [`deadbeef${"00".repeat(16)}`, "00".repeat(32), "00", "b928f69bb1d91cd65274e3c79d8986362984fda3"],
    [
      "00000000000000000000000000000000deadbeef",
      `${"00".repeat(28)}cafebabe`,
      "deadbeef",
      "60f3f640a8508fc6a86d45df051962668e1e8ac7",
    ],
    ["00".repeat(20), "00".repeat(32), "", "e33c0c7f7df4809055c3eba6c09cfe4baf1bd9e0"],
  ] as const;
  for (const [sender, salt, code, address] of examples) {
    expect(toHex(contractAddress2(addressFromHex(sender), fromHex(salt), fromHex(code)))).toBe(address);
  }
});
