import { bls12_381 } from "@noble/curves/bls12-381.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { describe, expect, test } from "vitest";
import { bigIntToBytes, fromHex, toHex } from "../../../codec/bytes.ts";
import {
  answerHardforkCase,
  type CaseAccount,
  type HardforkAnswer,
  SURROUNDINGS,
  slotText,
} from "./hardfork-case.testkit.ts";
import { HARDFORK_NAMES, ruleSet } from "./rule-set.ts";

const CONTRACT = "a1".repeat(20);
const DELEGATING = "d1".repeat(20);
const DELEGATE = "d2".repeat(20);
const GAS = 1_000_000;
const LAST_NONCE = `${2n ** 64n - 1n}`;
/** PUSH1 0 three times, CREATE: of nothing. */
const CREATE_NOTHING = "600060006000f0";
const RETURN_WORD = "60005260206000f3";

const NOTHING: HardforkAnswer = { success: true, gasLeft: 0, output: "", logs: [], refund: 0, accounts: {} };

function account(fields: Partial<CaseAccount>): CaseAccount {
  return { nonce: "1", balance: "0", code: "", storage: {}, ...fields };
}

function run(rules: string, accounts: Readonly<Record<string, CaseAccount>>, data = ""): HardforkAnswer {
  const sender = { [SURROUNDINGS.sender]: account({ nonce: "0", balance: "1000" }) };
  const hardforkCase = {
    name: rules,
    hardfork: rules,
    accounts: { ...sender, ...accounts },
    to: CONTRACT,
    value: "0",
    data,
    gas: GAS,
  };
  return answerHardforkCase(hardforkCase, NOTHING, ruleSet(rules));
}

describe.each(HARDFORK_NAMES)("%s", (hardfork) => {
  test("who has the last nonce creates nothing, and is charged for the attempt alone (EIP-2681)", () => {
    const accounts = { [CONTRACT]: account({ nonce: LAST_NONCE, code: CREATE_NOTHING + RETURN_WORD }) };
    const { success, output, gasLeft } = run(hardfork, accounts);
    expect({ success, output: BigInt(`0x${output}`) }).toEqual({ success: true, output: 0n });
    // Four pushes and those of RETURN_WORD with its memory, and CREATE itself.
    expect(GAS - gasLeft).toBe(3 * 3 + 32000 + 4 * 3 + 3);
    expect(BigInt(`0x${run(`${hardfork}-2681`, accounts).output}`)).not.toBe(0n);
  });

  test("the nonce before the last is enough", () => {
    const nonce = `${BigInt(LAST_NONCE) - 1n}`;
    const { output } = run(hardfork, { [CONTRACT]: account({ nonce, code: CREATE_NOTHING + RETURN_WORD }) });
    expect(BigInt(`0x${output}`)).not.toBe(0n);
  });

  test("nothing is created where there is storage (EIP-7610)", () => {
    const code = CREATE_NOTHING + RETURN_WORD;
    const created = run(hardfork, { [CONTRACT]: account({ code }) }).output.slice(24);
    const storage = { [slotText(1n)]: "1" };
    const accounts = { [CONTRACT]: account({ code }), [created]: account({ nonce: "0", balance: "1", storage }) };
    const refused = run(hardfork, accounts);
    expect(BigInt(`0x${refused.output}`)).toBe(0n);
    expect(refused.accounts[created].storage).toEqual(storage);
    expect(refused.accounts[CONTRACT].nonce).toBe("2");
    expect(run(`${hardfork}-7610`, accounts).output.slice(24)).toBe(created);
  });
});

describe("delegation (EIP-7702)", () => {
  /** CALL without arguments, once for each address; the last one's answer is returned. */
  const calls = (...targets: readonly string[]) =>
    `${targets.map((target) => `6020600060006000600073${target}5af150`).join("")}60206000f3`;
  /** Returns ADDRESS. */
  const whoAmI = `30${RETURN_WORD}`;
  const delegating = (target: string) => account({ code: `ef0100${target}` });
  const world = (code: string, target = DELEGATE) => ({
    [CONTRACT]: account({ code }),
    [DELEGATING]: delegating(target),
    [DELEGATE]: account({ code: whoAmI }),
  });

  test("runs the delegate's code in the account's own name", () => {
    expect(run("prague", world(calls(DELEGATING))).output.slice(24)).toBe(DELEGATING);
    expect(run("prague-7702", world(calls(DELEGATING))).output).toBe("00".repeat(32));
    expect(run("quarkchain+7702", world(calls(DELEGATING))).output.slice(24)).toBe(DELEGATING);
    expect(run("cancun", world(calls(DELEGATING))).output).toBe("00".repeat(32));
  });

  test("the delegate is looked at as well, cold first and warm then", () => {
    const used = (...targets: readonly string[]) => GAS - run("prague", world(calls(...targets))).gasLeft;
    const once = used(DELEGATING);
    expect(used(DELEGATING, DELEGATING) - once).toBe(once - used() - 2 * 2500);
    // Whoever was called is warm when it is delegated to.
    expect(used(DELEGATE, DELEGATING) - used(DELEGATING, DELEGATING)).toBe(-100);
  });

  test("is followed once only", () => {
    expect(run("prague", world(calls(DELEGATING), DELEGATING)).output).toBe("00".repeat(32));
  });

  test("to a precompile runs nothing", () => {
    const precompile = `${"00".repeat(19)}04`;
    const { success, output } = run("prague", world(calls(DELEGATING), precompile));
    expect({ success, output }).toEqual({ success: true, output: "00".repeat(32) });
  });

  test("a transaction's own recipient delegates too, and its delegate starts warm", () => {
    const look = `73${DELEGATE}3100`;
    const accounts = {
      [CONTRACT]: delegating(DELEGATING),
      [DELEGATING]: account({ code: look }),
      [DELEGATE]: account({}),
    };
    const { success, gasLeft } = run("prague", accounts);
    expect({ success, used: GAS - gasLeft }).toEqual({ success: true, used: 3 + 2600 });
    const own = { ...accounts, [DELEGATING]: account({ code: `73${DELEGATING}3100` }) };
    expect(GAS - run("prague", own).gasLeft).toBe(3 + 100);
  });

  test("EXTCODESIZE, EXTCODECOPY and EXTCODEHASH show the designator", () => {
    expect(BigInt(`0x${run("prague", world(`73${DELEGATING}3b${RETURN_WORD}`)).output}`)).toBe(23n);
    const copied = run("prague", world(`60176000600073${DELEGATING}3c60206000f3`)).output;
    expect(copied).toBe(`ef0100${DELEGATE}${"00".repeat(9)}`);
  });
});

describe("point evaluation (EIP-4844)", () => {
  /** Hands its calldata on to precompile 10 and returns what comes back, and whether it succeeded. */
  const evaluate = `366000600037604060003660006000600a5af1604052${"60606000f3"}`;
  /** p(x) = 5, whose proof is infinity at every point. */
  const value = 5n;
  const commitment = bls12_381.G1.Point.BASE.multiply(value).toBytes(true);
  const infinity = `c0${"00".repeat(47)}`;

  function input(y: bigint, version = 1, proof = infinity): string {
    const hash = sha256(commitment);
    hash[0] = version;
    return toHex(hash) + toHex(bigIntToBytes(77n, 32)) + toHex(bigIntToBytes(y, 32)) + toHex(commitment) + proof;
  }

  function answerOf(data: string, rules = "cancun") {
    const { output, gasLeft } = run(rules, { [CONTRACT]: account({ code: evaluate }) }, data);
    return { held: BigInt(`0x${output.slice(128)}`) === 1n, words: output.slice(0, 128), used: GAS - gasLeft };
  }

  test("tells the number of elements and the modulus", () => {
    const { held, words } = answerOf(input(value));
    expect(held).toBe(true);
    expect(BigInt(`0x${words.slice(0, 64)}`)).toBe(4096n);
    expect(words.slice(64)).toBe("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001");
  });

  test("costs 50,000 gas", () => {
    expect(answerOf(input(value)).used).toBeGreaterThan(50_000);
    expect(answerOf(input(value)).used).toBeLessThan(50_500);
  });

  test.each([
    ["another value", input(6n)],
    ["a value beyond the modulus", input(value + bls12_381.fields.Fr.ORDER)],
    ["another version", input(value, 2)],
    ["a proof that is no point", input(value, 1, "00".repeat(48))],
    ["another length", `${input(value)}00`],
    ["nothing", ""],
  ])("refuses %s and takes all gas", (_, data) => {
    const { held, used } = answerOf(data);
    expect(held).toBe(false);
    expect(used).toBeGreaterThan(900_000);
  });

  test("follows Ethereum's trusted setup: a published proof", () => {
    const published =
      "01e798154708fe7789429634053cbf9f99b619f9f084048927333fce637f549b" +
      "564c0a11a0f704f4fc3e8acfe0f8245f0ad1347b378fbf96e206da11a5d36306" +
      "24d25032e67a7e6a4910df5834b8fe70e6bcfeeac0352434196bdf4b2485d5a1" +
      "8f59a8d2a1a625a17f3fea0fe5eb8c896db3764f3185481bc22f91b4aaffcca25f26936857bc3a7c2539ea8ec3a952b7" +
      "873033e038326e87ed3e1276fd140253fa08e9fc25fb2d9a98527fc22a2c9612fbeafdad446cbc7bcdbdcd780af2c16a";
    expect(fromHex(published)).toHaveLength(192);
    expect(answerOf(published).held).toBe(true);
    expect(answerOf(published.replace(/a$/, "b")).held).toBe(false);
  });

  test("address 10 is an ordinary account before Cancun", () => {
    expect(answerOf("", "shanghai")).toMatchObject({ held: true, words: "00".repeat(64) });
  });
});
