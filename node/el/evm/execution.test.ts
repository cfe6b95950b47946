import { describe, expect, test } from "vitest";
import { addressFromHex, toHex } from "../../codec/bytes.ts";
import { UnsupportedError } from "../../codec/errors.ts";
import { ExecutionAbortedError } from "./abort.ts";
import { answerCase, type EvmCase } from "./evm-case.testkit.ts";
import { isLockedByPosw } from "./execution.ts";
import type { Creation, Message } from "./message.ts";
import { defineRules, QUARKCHAIN_RULES } from "./rules.ts";
import type { TraceStep } from "./tracer.ts";

const SENDER = "5e".repeat(20);
const CONTRACT = "c0".repeat(20);
const CALLEE = "ca".repeat(20);

function caseOf(code: string, callee = "", message: Partial<EvmCase["message"]> = {}): EvmCase {
  const account = { nonce: 1, balances: { 35760: "1000" }, storage: {}, key: 0 };
  return {
    name: "made here",
    accounts: {
      [SENDER]: { ...account, code: "" },
      [CONTRACT]: { ...account, code },
      [CALLEE]: { ...account, code: callee },
    },
    context: {
      fullShardKey: 1,
      timestamp: 1000,
      number: 5,
      difficulty: "1",
      gasLimit: "12000000",
      gasPrice: "1",
      coinbase: "00".repeat(20),
      origin: SENDER,
      defaultToken: "35760",
      disallow: {},
      hashes: [],
      evm: 0,
      native: 0,
      general: 0,
    },
    message: {
      create: false,
      sender: SENDER,
      to: CONTRACT,
      codeAddress: CONTRACT,
      value: "0",
      token: "35760",
      gas: 100000,
      data: "",
      depth: 0,
      toFullShardKey: 1,
      ...message,
    },
    expected: {},
  };
}

/** CALL to CALLEE with 5000 gas, then the result word is returned. */
const CALLING = `6000600060006000600073${CALLEE}611388f160005260206000f3`;

describe("quantities out of range", () => {
  test("gas that a double cannot count is refused", () => {
    expect(() => answerCase(caseOf("00", "", { gas: 2 ** 60 }))).toThrow(UnsupportedError);
  });

  test("a value above 256 bits is refused", () => {
    expect(() => answerCase(caseOf("00", "", { value: `${2n ** 256n}` }))).toThrow(UnsupportedError);
  });
});

describe("switches that QuarkChain has off", () => {
  // 2080 bytes of memory, then LOG0 or CREATE2 over 2048 of them as the last instruction: 593 gas and 16384 for the
  // data; 32224 gas and 384 for hashing, of which the child takes all but a 64th and fails.
  const log = caseOf("60016108005261080060 00a0".replaceAll(" ", ""), "", { gas: 3000 });
  const create2 = caseOf("600161080052600061080060006000f5", "", { gas: 32250 });

  test("unchecked charges leave negative gas", () => {
    expect(answerCase(log)).toMatchObject({ success: true, gas: -13977 });
    expect(answerCase(create2)).toMatchObject({ success: true, gas: -6 });
  });

  test("checked, they run out of gas", () => {
    const rules = defineRules({ ...QUARKCHAIN_RULES, logDataGasChecked: true, create2HashGasChecked: true });
    expect(answerCase(log, rules)).toMatchObject({ success: false, gas: 0 });
    expect(answerCase(create2, rules)).toMatchObject({ success: false, gas: 0 });
  });
});

test("a frame's memory and stack do not reach the next one", () => {
  const dirty = `7f${"ff".repeat(32)}600052600160026003`;
  expect(answerCase(caseOf(dirty)).success).toBe(true);
  // MSIZE, MLOAD 0 and RETURNDATASIZE of a fresh frame, returned.
  expect(answerCase(caseOf("59600052600051602052 3d604052 60606000f3".replaceAll(" ", ""))).output).toBe(
    "00".repeat(96),
  );
});

test("an abort leaves the next execution alone", () => {
  const creator = caseOf("", "", { create: true, data: "00" });
  const withoutNonce = {
    ...creator,
    accounts: { ...creator.accounts, [SENDER]: { ...creator.accounts[SENDER], nonce: 0 } },
  };
  expect(answerCase(withoutNonce).aborts).toMatch(/nonce/);
  expect(() => {
    throw new ExecutionAbortedError("x");
  }).toThrow(expect.objectContaining({ code: "BLOCK_INVALID" }));
  expect(answerCase(caseOf("00")).gas).toBe(100000);
});

test("a stake locks its owner only", () => {
  const staked = addressFromHex(SENDER);
  const context = {
    block: { senderDisallowMap: new Map([[Buffer.from(staked).toString("latin1"), 990n]]) },
    chain: { defaultChainToken: 35760n },
    state: { getBalance: () => 1000n },
  } as unknown as Parameters<typeof isLockedByPosw>[0];
  expect(isLockedByPosw(context, staked, 10n)).toBe(false);
  expect(isLockedByPosw(context, staked, 11n)).toBe(true);
  expect(isLockedByPosw(context, addressFromHex(CONTRACT), 11n)).toBe(false);
});

describe("tracing", () => {
  test("shows messages, instructions and results in order, and changes nothing", () => {
    const events: string[] = [];
    const tracer = {
      enterMessage: (message: Message | Creation) =>
        events.push(`enter ${"to" in message ? toHex(message.to).slice(0, 2) : "creation"} ${message.depth}`),
      step: (step: TraceStep) =>
        events.push(`${step.depth}: ${step.pc} ${step.opcode.toString(16)} ${step.gas} [${step.stack}]`),
      leaveMessage: (result: { success: boolean; gasLeft: number; failure?: string }) =>
        events.push(`leave ${result.success} ${result.gasLeft} ${result.failure ?? ""}`.trim()),
    };
    const traced = caseOf(CALLING, "6001600255fe");
    expect(answerCase(traced, undefined, tracer)).toEqual(answerCase(traced));
    expect(events).toEqual([
      "enter c0 0",
      "0: 0 60 100000 []",
      "0: 2 60 99997 [0]",
      "0: 4 60 99994 [0,0]",
      "0: 6 60 99991 [0,0,0]",
      "0: 8 60 99988 [0,0,0,0]",
      "0: 10 73 99985 [0,0,0,0,0]",
      `0: 31 61 99982 [0,0,0,0,0,${BigInt(`0x${CALLEE}`)}]`,
      `0: 34 f1 99979 [0,0,0,0,0,${BigInt(`0x${CALLEE}`)},5000]`,
      "enter ca 1",
      "1: 0 60 5000 []",
      "1: 2 60 4997 [1]",
      "1: 4 55 4994 [1,2]",
      "leave false 0 out of gas",
      "0: 35 60 94279 [0]",
      "0: 37 52 94276 [0,0]",
      "0: 38 60 94270 []",
      "0: 40 60 94267 [32]",
      "0: 42 f3 94264 [32,0]",
      "leave true 94264",
    ]);
  });

  test("shows memory as far as it exists", () => {
    const sizes: string[] = [];
    const nothing = () => undefined;
    answerCase(caseOf("600760005300"), undefined, {
      enterMessage: nothing,
      step: ({ memory }) => sizes.push(toHex(memory)),
      leaveMessage: nothing,
    });
    expect(sizes).toEqual(["", "", "", `07${"00".repeat(31)}`]);
  });

  test.each([
    ["01", "stack underflow"],
    ["58".repeat(1025), "stack overflow"],
    ["0c", "invalid opcode 0x0c"],
    ["600056", "jump to no JUMPDEST"],
    ["6000600157", "jump to no JUMPDEST"],
    ["60206000fd", "reverted"],
    ["6001600060003e", "return data is shorter"],
  ])("says why %s fails", (code, reason) => {
    const failures: (string | undefined)[] = [];
    const nothing = () => undefined;
    answerCase(caseOf(code), undefined, {
      enterMessage: nothing,
      step: nothing,
      leaveMessage: ({ failure }) => failures.push(failure),
    });
    expect(failures).toEqual([code === "6000600157" ? undefined : reason]);
  });
});
