import { describe, expect, it } from "vitest";
import { addressFromHex, concatBytes, toHex, ZERO_ADDRESS, ZERO_HASH } from "../codec/bytes.ts";
import { KECCAK_EMPTY } from "../codec/keccak.ts";
import type { ContractCall, ContractCallResult } from "../el/block-executor.ts";
import { CONFIG } from "./chain-rules.testkit.ts";
import { queryRootStakes } from "./root-stakes.ts";

const COINBASE = addressFromHex("ab".repeat(20));
const SIGNER = addressFromHex("cd".repeat(20));
const STAKES = new Uint8Array(32).fill(0, 0, 31).fill(9, 31);
const OUTPUT = concatBytes(STAKES, new Uint8Array(12), SIGNER);
const ANSWER: ContractCallResult = {
  codeHash: CONFIG.rootChainPoswContractBytecodeHash,
  success: true,
  output: OUTPUT,
};
const NOTHING = { stakes: 0n, signer: ZERO_ADDRESS };

const query = (answer: Partial<ContractCallResult>, seen?: (request: ContractCall) => void) =>
  queryRootStakes(
    CONFIG,
    (request) => {
      seen?.(request);
      return { ...ANSWER, ...answer };
    },
    ZERO_HASH,
    COINBASE,
  );

describe("queryRootStakes (shard_state.py get_root_chain_stakes)", () => {
  it("calls getLockedStakes of the staking contract", async () => {
    await query({}, ({ data, to, ...rest }) => {
      expect(toHex(to)).toBe("514b430000000000000000000000000000000001");
      expect(toHex(data)).toBe(`fd8c4646${"00".repeat(12)}${"ab".repeat(20)}`);
      expect(rest).toEqual({ fullShardId: 1, stateRoot: ZERO_HASH, gas: 1_000_000n });
    });
  });

  it("reads stakes and signer", async () => {
    expect(await query({})).toEqual({ stakes: 9n, signer: new Uint8Array(SIGNER) });
  });

  it.each<[string, Partial<ContractCallResult>]>([
    ["no contract", { codeHash: KECCAK_EMPTY, output: new Uint8Array(0) }],
    ["another contract", { codeHash: ZERO_HASH }],
    ["a failed call", { success: false }],
    ["no answer", { output: new Uint8Array(0) }],
  ])("finds no stakes with %s", async (_, answer) => {
    expect(await query(answer)).toEqual(NOTHING);
  });
});
