import { bytesEqual, EMPTY_BYTES } from "../../../node/codec/bytes.ts";
import type { ExecutionContext } from "../../../node/el/evm/context.ts";
import type { Frame } from "../../../node/el/evm/frame.ts";
import { EIPS } from "../../../node/el/evm/hardforks/eips.ts";
import { BASE_TITLES, EIP_TITLES } from "../../../node/el/evm/hardforks/rule-titles.ts";
import type { Creation, Message, MessageResult } from "../../../node/el/evm/message.ts";
import type { Instruction } from "../../../node/el/evm/opcodes.ts";
import type { PrecompileTable } from "../../../node/el/evm/precompiles/precompiles.ts";
import type { RuleDefinition, Rules } from "../../../node/el/evm/rules.ts";
import type { Candidates, Hypothesis } from "./hypothesis.ts";
import { slug } from "./instruction-variants.ts";
import type { Variation } from "./variation.ts";

/** Switches of the rules the other way round, later rules in their parts, and precompiles that answer otherwise. */
export const ruleVariants: Candidates = function* ({ tested, executed }) {
  yield* flippedSwitches(tested);
  yield* partsOfEips(tested);
  for (const [id, says, rules] of OLDER_AND_OTHER) yield ruleHypothesis(id, says, () => ({ rules }));
  for (const address of executed.precompiles) yield* precompileVariants(address);
};

function* flippedSwitches(tested: Rules): Generator<Hypothesis> {
  for (const [field, value] of Object.entries(tested)) {
    if (typeof value !== "boolean" || NO_SWITCHES.has(field)) continue;
    const effect = BASE_TITLES[field as keyof RuleDefinition]?.effect ?? EFFECTS[field] ?? field;
    const says = value ? `it were not so that ${effect}` : effect;
    yield ruleHypothesis(`switch.${field}`, says, () => ({ rules: () => ({ [field]: !value }) }), 1.2);
  }
  for (const threshold of [tested.tokenTrieThreshold - 1, tested.tokenTrieThreshold + 1]) {
    const says = `more than ${threshold} tokens, and not ${tested.tokenTrieThreshold}, moved an account to a token trie`;
    yield ruleHypothesis(`switch.tokenTrieThreshold=${threshold}`, says, () => ({
      rules: () => ({ tokenTrieThreshold: threshold }),
    }));
  }
}

/** They say which parts of others are needed. */
const NO_SWITCHES: ReadonlySet<string> = new Set(["needsScope", "coinbaseStartsWarm"]);

const EFFECTS: Readonly<Record<string, string>> = {
  sentGasCountsAtTarget: "the 9,000 gas of a sent deposit count where it arrives and not at the source",
  feesRoundDown: "the miner's part of a fee is rounded down",
  addressesHoldShardKey: "the shard key takes part in the addresses of contracts",
  lockStopsAllMessages: "a locked stake stops messages without value, too",
  blankAccountsGo: "blank accounts that were touched leave the state with the block",
  zeroBalancesLeaveList: "balances that are all zero are stored as an empty list",
  refusesCodeWithEf: "code that starts with 0xef is refused (EIP-3541)",
  followsDelegations: "a call of a delegating account runs its delegate's code (EIP-7702)",
  creationNeedsEmptyStorage: "a creation fails where there is storage already (EIP-7610)",
  noncesAreLimited: "an account whose nonce is 2^64 - 1 creates and sends nothing (EIP-2681)",
};

/** Instructions whose change in a rule of Ethereum makes a part of its own. */
const PARTS: readonly (readonly [eip: number, part: string, instructions: readonly string[]])[] = [
  [2929, "slots alone", ["SLOAD", "SSTORE"]],
  [2929, "SLOAD alone", ["SLOAD"]],
  [2929, "SSTORE alone", ["SSTORE"]],
  [2929, "accounts alone", ["BALANCE", "EXTCODESIZE", "EXTCODECOPY", "EXTCODEHASH"]],
  [2929, "calls alone", ["CALL", "CALLCODE", "DELEGATECALL", "STATICCALL"]],
  [2929, "SELFDESTRUCT alone", ["SELFDESTRUCT"]],
  [2200, "SSTORE alone", ["SSTORE"]],
  [3860, "the price of init code alone", ["CREATE", "CREATE2"]],
];

function* partsOfEips(tested: Rules): Generator<Hypothesis> {
  for (const [number, part, names] of PARTS) {
    const apply = EIPS.get(number);
    if (apply === undefined || tested.eips.has(number)) continue;
    const title = EIP_TITLES.get(number)?.title ?? "";
    yield ruleHypothesis(`EIP-${number}/${slug(part)}`, `of EIP-${number} (${title}) ${part} were in force`, () => ({
      rules: (rules) => partOf(rules, apply(rules), names),
    }));
  }
}

function partOf(rules: Rules, whole: RuleDefinition, names: readonly string[]): Partial<RuleDefinition> {
  const changed = new Map(whole.instructions.map((entry) => [entry.name, entry]));
  const pick = (entry: Instruction) => (names.includes(entry.name) ? (changed.get(entry.name) ?? entry) : entry);
  return { needsScope: whole.needsScope, instructions: rules.instructions.map(pick), netStorage: whole.netStorage };
}

type Other = readonly [id: string, says: string, rules: (rules: Rules) => Partial<RuleDefinition>];

/** Rules of earlier forks, and limits that may be set elsewhere. */
const OLDER_AND_OTHER: readonly Other[] = [
  [
    "EIP-170/off",
    "the code of a contract could have any length (as before EIP-170)",
    () => ({ maxCodeSize: Number.POSITIVE_INFINITY }),
  ],
  ["EIP-7907/code-size", "the code of a contract could have 49,152 bytes", () => ({ maxCodeSize: 49152 })],
  [
    "EIP-3860/limit",
    "init code could have at most 49,152 bytes (of EIP-3860 the limit alone)",
    (rules) => EIPS.get(3860)?.(rules) ?? {},
  ],
  [
    "EIP-150/prices",
    "EXTCODESIZE and EXTCODECOPY cost 20, SLOAD 50, calls 40, BALANCE 20 and SELFDESTRUCT 0 (as before EIP-150)",
    beforeEip150,
  ],
  [
    "call-depth=1023",
    "calls could be 1,023 deep, and not 1,024",
    ({ callDepthLimit }) => ({ callDepthLimit: callDepthLimit - 1 }),
  ],
  [
    "call-depth=1025",
    "calls could be 1,025 deep, and not 1,024",
    ({ callDepthLimit }) => ({ callDepthLimit: callDepthLimit + 1 }),
  ],
  [
    "EIP-1283",
    "SSTORE were charged by what it changes in the whole transaction, for 200 where nothing does (EIP-1283)",
    eip1283,
  ],
  ["staticcall-writes", "STATICCALL allowed what changes the state", withoutStatic],
  ["delegatecall-caller", "CALLER in a DELEGATECALL were the calling contract", delegateCaller],
  [
    "selfdestruct-keeps",
    "SELFDESTRUCT only moved the balance (as with EIP-6780, for all contracts)",
    selfDestructKeeps,
  ],
  ["blockhash-parent", "BLOCKHASH answered with the parent of the block asked for", (rules) => blockHashAt(rules, -1n)],
  ["blockhash-child", "BLOCKHASH answered with the child of the block asked for", (rules) => blockHashAt(rules, 1n)],
];

function beforeEip150(rules: Rules): Partial<RuleDefinition> {
  const before: Readonly<Record<string, number>> = {
    EXTCODESIZE: 20,
    EXTCODECOPY: 20,
    SLOAD: 50,
    CALL: 40,
    CALLCODE: 40,
    DELEGATECALL: 40,
    BALANCE: 20,
    SELFDESTRUCT: 0,
  };
  return { instructions: rules.instructions.map((entry) => ({ ...entry, gas: before[entry.name] ?? entry.gas })) };
}

function eip1283(rules: Rules): Partial<RuleDefinition> {
  const netStorage = { sentry: 0, dirty: 200, set: 20000, reset: 5000, clearRefund: 15000, coldSlot: 0 };
  const whole = EIPS.get(2200)?.(rules) ?? rules;
  const sload = rules.instructions.find(({ name }) => name === "SLOAD");
  const instructions = whole.instructions.map((entry) => (entry.name === "SLOAD" ? (sload ?? entry) : entry));
  return { ...whole, netStorage, instructions };
}

function withoutStatic(rules: Rules): Partial<RuleDefinition> {
  const surcharge = (_: ExecutionContext, frame: Frame) => {
    const { message } = frame;
    if (message.isStatic) frame.message = { ...message, isStatic: false };
    return 0;
  };
  const writing = new Set([
    "SSTORE",
    "LOG0",
    "LOG1",
    "LOG2",
    "LOG3",
    "LOG4",
    "CREATE",
    "CREATE2",
    "SELFDESTRUCT",
    "CALL",
  ]);
  return {
    instructions: rules.instructions.map((entry) => (writing.has(entry.name) ? { ...entry, surcharge } : entry)),
  };
}

function delegateCaller(rules: Rules): Partial<RuleDefinition> {
  const surcharge = (_: ExecutionContext, frame: Frame) => {
    const { message } = frame;
    if (!message.transfersValue && !bytesEqual(message.sender, message.to)) {
      frame.message = { ...message, sender: message.to };
    }
    return 0;
  };
  return {
    instructions: rules.instructions.map((entry) => (entry.name === "CALLER" ? { ...entry, surcharge } : entry)),
  };
}

function selfDestructKeeps(rules: Rules): Partial<RuleDefinition> {
  const never = EIPS.get(6780)?.(rules);
  return never === undefined ? {} : { ...never, needsScope: true };
}

function blockHashAt(rules: Rules, by: bigint): Partial<RuleDefinition> {
  const surcharge = (_: ExecutionContext, frame: Frame) => {
    const at = frame.height - 1;
    const asked = frame.stack[at];
    if (asked + by >= 0n) frame.stack[at] = asked + by;
    return 0;
  };
  return {
    instructions: rules.instructions.map((entry) => (entry.name === "BLOCKHASH" ? { ...entry, surcharge } : entry)),
  };
}

type Answer = MessageResult | Message | Creation;
type Change = (answer: Answer, message: Message, context: ExecutionContext) => Answer;

const isResult = (answer: Answer): answer is MessageResult => "success" in answer;
const withOutput =
  (output: (given: Uint8Array) => Uint8Array): Change =>
  (answer) =>
    isResult(answer) && answer.success ? { ...answer, output: output(answer.output) } : answer;

const ANSWERS: readonly (readonly [id: string, says: string, change: Change])[] = [
  ["empty", "gave no output", withOutput(() => EMPTY_BYTES)],
  ["reversed", "gave its bytes in reverse", withOutput((given) => given.slice().reverse())],
  ["right-padded", "gave its output padded on the right, not on the left", withOutput(rightPadded)],
  ["zero", "gave zeros", withOutput((given) => new Uint8Array(given.length))],
  ["one", "gave one", withOutput(one)],
  [
    "fails",
    "always failed",
    (_, message) => ({
      success: false,
      gasLeft: 0,
      output: EMPTY_BYTES,
      failure: "fails",
      gasReserve: message.gasReserve,
    }),
  ],
  [
    "fails-kept-gas",
    "failed and gave its gas back",
    (_, message) => ({ success: false, gasLeft: message.gas, output: EMPTY_BYTES, failure: "fails" }),
  ],
  [
    "burns",
    "took all gas where it fails",
    (answer) => (isResult(answer) && !answer.success ? { ...answer, gasLeft: 0 } : answer),
  ],
  ["no-stipend", "gave no stipend to what it calls", withoutStipend],
];

function withoutStipend(answer: Answer, _: Message, { chain }: ExecutionContext): Answer {
  if (isResult(answer) || answer.value === 0n) return answer;
  return { ...answer, gas: answer.gas - chain.rules.gas.callStipend };
}

function rightPadded(given: Uint8Array): Uint8Array {
  const start = given.findIndex((byte) => byte !== 0);
  const out = new Uint8Array(given.length);
  if (start > 0) out.set(given.subarray(start));
  else out.set(given);
  return out;
}

function one(given: Uint8Array): Uint8Array {
  const out = new Uint8Array(given.length);
  if (out.length > 0) out[out.length - 1] = 1;
  return out;
}

function* precompileVariants(address: number): Generator<Hypothesis> {
  const number = address.toString(16);
  for (const [id, says, change] of ANSWERS) {
    yield ruleHypothesis(`precompile.${number}/${id}`, `precompile ${number} ${says}`, () => ({
      rules: ({ precompiles }) => ({ precompiles: answering(precompiles, address, change) }),
    }));
  }
  yield ruleHypothesis(`precompile.${number}/absent`, `precompile ${number} did not exist`, () => ({
    rules: ({ precompiles }) => ({ precompiles: new Map([...precompiles].filter(([key]) => key !== address)) }),
  }));
}

function answering(table: PrecompileTable, address: number, change: Change): PrecompileTable {
  const entry = table.get(address);
  if (entry === undefined) return table;
  return new Map([
    ...table,
    [address, { ...entry, run: (context, message) => change(entry.run(context, message), message, context) }],
  ]);
}

function ruleHypothesis(id: string, says: string, vary: () => Variation, cost = 1.5): Hypothesis {
  return {
    id: `rule.${id}`,
    says,
    refutedBy: "a block in which this changes anything, and which matches what it declares",
    cost,
    vary,
  };
}
