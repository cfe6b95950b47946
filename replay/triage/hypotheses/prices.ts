import { type GasSchedule, wordCount } from "../../../node/el/evm/gas.ts";
import type { Instruction, Surcharge } from "../../../node/el/evm/opcodes.ts";
import type { Precompile } from "../../../node/el/evm/precompiles/precompiles.ts";
import type { RuleDefinition, Rules } from "../../../node/el/evm/rules.ts";
import { wordToAddress } from "../../../node/el/evm/words.ts";
import type { Executed } from "./executed.ts";

/** One number by which gas is counted. */
export interface Price {
  readonly id: string;
  /** What has it: "SLOAD", "a word of memory". */
  readonly what: string;
  readonly value: (rules: Rules) => number;
  readonly with: (rules: Rules, value: number) => Partial<RuleDefinition>;
  /** Values that other rules have, which are tried even where no fit leads to them. */
  readonly known: readonly number[];
  /** Whether gas grows by the same amount with each unit of it; a divisor does not work so. */
  readonly isLinear: boolean;
  /** Whether it is on top of other prices, and 0 by the chain's rules. */
  readonly isExtra: boolean;
  /** What it is where it is no price of one thing: gas that is given, a share. */
  readonly verb: "cost" | "be";
  /** Whether a block that does this may pay it. */
  readonly isUsed: (executed: Executed) => boolean;
}

const SCHEDULE: Readonly<Record<keyof GasSchedule, readonly [what: string, ...known: number[]]>> = {
  memoryWord: ["a word of memory"],
  memoryQuadraticDivisor: ["the divisor of memory's squared words", 256, 1024],
  copyWord: ["a copied word"],
  sha3Word: ["a hashed word of SHA3 and CREATE2"],
  expByte: ["a byte of EXP's exponent", 10],
  logByte: ["a byte of LOG's data"],
  storageSet: ["SSTORE from zero to another value", 22100],
  storageChange: ["SSTORE of a value over another, or of zero over zero", 2900, 5000],
  storageClear: ["SSTORE from a value to zero", 2900],
  storageClearRefund: ["the refund of an SSTORE to zero", 4800, 0, 19900],
  callNewAccount: ["a new account in a call or SELFDESTRUCT", 0],
  callValueTransfer: ["a value in a call", 6700],
  callStipend: ["the stipend of a call with value", 0],
  childGasDivisor: ["the divisor of the share that a caller keeps", 32, 128, 16],
  codeDepositByte: ["a byte of a new contract's code"],
  ecrecover: ["precompile 1 (ECRECOVER)"],
  sha256Base: ["precompile 2 (SHA-256)"],
  sha256Word: ["a word of precompile 2 (SHA-256)"],
  ripemd160Base: ["precompile 3 (RIPEMD-160)"],
  ripemd160Word: ["a word of precompile 3 (RIPEMD-160)"],
  identityBase: ["precompile 4 (identity)"],
  identityWord: ["a word of precompile 4 (identity)"],
  modexpDivisor: ["the divisor of precompile 5 (MODEXP)", 3, 10, 40],
  bn256Add: ["precompile 6 (curve addition)", 150],
  bn256Mul: ["precompile 7 (curve multiplication)", 6000],
  bn256PairingBase: ["precompile 8 (curve pairing)", 45000],
  bn256PairingPair: ["a pair of precompile 8 (curve pairing)", 34000],
  currentTokenId: ["precompile 514b430001 (current token)"],
  deploySystemContract: ["precompile 514b430003 (deployment of system contracts)"],
  tokenBalance: ["precompile 514b430005 (token balance)"],
};

const NOT_LINEAR: ReadonlySet<string> = new Set(["memoryQuadraticDivisor", "childGasDivisor", "modexpDivisor"]);
const GIVEN: ReadonlySet<string> = new Set([...NOT_LINEAR, "storageClearRefund", "callStipend"]);

/** What later rules charge for an instruction (EIP-150, 1884, 2929 and others). */
const KNOWN_FEES: Readonly<Record<string, readonly number[]>> = {
  SLOAD: [50, 800, 100, 2100],
  BALANCE: [20, 700, 100, 2600],
  EXTCODEHASH: [700, 100, 2600],
  EXTCODESIZE: [20, 100, 2600],
  EXTCODECOPY: [20, 100, 2600],
  CALL: [40, 100, 2600],
  CALLCODE: [40, 100, 2600],
  DELEGATECALL: [40, 100, 2600],
  STATICCALL: [40, 100, 2600],
  SELFDESTRUCT: [0],
};

const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  "PUSH1 to PUSH32": names("PUSH", 1, 32),
  "DUP1 to DUP16": names("DUP", 1, 16),
  "SWAP1 to SWAP16": names("SWAP", 1, 16),
  "LOG0 to LOG4": names("LOG", 0, 4),
  "CALL, CALLCODE, DELEGATECALL and STATICCALL": ["CALL", "CALLCODE", "DELEGATECALL", "STATICCALL"],
  "CREATE and CREATE2": ["CREATE", "CREATE2"],
};

const TRANSACTION_PRICES: readonly (readonly [
  key: "transactionGas" | "creationGas" | "zeroByteGas" | "nonZeroByteGas" | "initCodeWordGas",
  what: string,
  ...known: number[],
])[] = [
  ["transactionGas", "a transaction"],
  ["creationGas", "a transaction that creates", 0],
  ["zeroByteGas", "a zero byte of a transaction's data"],
  ["nonZeroByteGas", "a byte of a transaction's data that is not zero", 16],
  ["initCodeWordGas", "a word of a creating transaction's init code", 2],
];

/** All prices of a rule set, and some things that are free in it. */
export function pricesOf(rules: Rules): Price[] {
  return [
    ...rules.instructions.map((entry) => instructionPrice(entry.name, [entry.name], KNOWN_FEES[entry.name] ?? [])),
    ...Object.entries(FAMILIES).map(([what, members]) => instructionPrice(what, members, [])),
    ...Object.entries(SCHEDULE).map(([key, [what, ...known]]) => schedulePrice(key as keyof GasSchedule, what, known)),
    ...TRANSACTION_PRICES.map(([key, what, ...known]) => transactionPrice(key, what, known)),
    transactionPrice("refundQuotient", "the divisor of the gas used that limits refunds", [1, 3, 4, 5, 10]),
    transactionPrice("selfDestructRefund", "the refund of a self-destruct", [0]),
    ...FREE_THINGS.map(([id, what, surcharges, ...known]) => freePrice(id, what, surcharges, known)),
    ...[...rules.precompiles.keys()].map(precompilePrice),
  ];
}

function names(stem: string, first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => `${stem}${first + i}`);
}

function instructionPrice(what: string, members: readonly string[], known: readonly number[]): Price {
  const isMember = ({ name }: Instruction) => members.includes(name);
  const first = (rules: Rules) => rules.instructions.find(isMember)?.gas ?? 0;
  return {
    id: members.length === 1 ? what : `${members[0]}..${members.at(-1)}`,
    what: what === "SELFDESTRUCT" ? "SELFDESTRUCT (SUICIDE)" : what,
    value: first,
    with: (rules, value) => ({
      instructions: rules.instructions.map((entry) =>
        isMember(entry) ? { ...entry, gas: entry.gas + value - first(rules) } : entry,
      ),
    }),
    known,
    isLinear: true,
    isExtra: false,
    verb: "cost",
    isUsed: ({ instructions }) => members.some((name) => instructions.has(name)),
  };
}

function schedulePrice(key: keyof GasSchedule, what: string, known: readonly number[]): Price {
  return {
    id: key,
    what,
    value: ({ gas }) => gas[key],
    with: ({ gas }, value) => ({ gas: { ...gas, [key]: value } }),
    known,
    isLinear: !NOT_LINEAR.has(key),
    isExtra: false,
    verb: GIVEN.has(key) ? "be" : "cost",
    isUsed: () => true,
  };
}

function transactionPrice(key: keyof Rules["transaction"], what: string, known: readonly number[]): Price {
  const isShare = key === "refundQuotient";
  return {
    id: key,
    what,
    value: ({ transaction }) => Number(transaction[key]),
    with: ({ transaction }, value) => ({ transaction: { ...transaction, [key]: BigInt(value) } }),
    known,
    isLinear: !isShare,
    isExtra: false,
    verb: isShare || key === "selfDestructRefund" ? "be" : "cost",
    isUsed: () => true,
  };
}

type Charged = Readonly<Record<string, Surcharge>>;

/** How often an instruction does what is free today. */
const FREE_THINGS: readonly (readonly [id: string, what: string, surcharges: Charged, ...known: number[]])[] = [
  [
    "absentCallee",
    "a CALL without value to an absent account",
    { CALL: ({ state }, frame) => Number(frame.peek(2) === 0n && !state.accountExists(wordToAddress(frame.peek(1)))) },
    25000,
  ],
  [
    "absentHeir",
    "a SELFDESTRUCT without balance to an absent account",
    {
      SELFDESTRUCT: ({ state, chain }, frame) =>
        Number(
          state.getBalance(frame.message.to, chain.defaultChainToken) === 0n &&
            !state.accountExists(wordToAddress(frame.peek(0))),
        ),
    },
    25000,
  ],
  ["initCodeWord", "a word of CREATE's and CREATE2's init code", both("CREATE", "CREATE2", words(2)), 2],
  ["createHashWord", "a word of CREATE's init code", { CREATE: words(2) }, 6],
  [
    "callInputWord",
    "a word of a call's input",
    { ...both("CALL", "CALLCODE", words(4)), ...both("DELEGATECALL", "STATICCALL", words(3)) },
    3,
  ],
  ["returnedWord", "a word that RETURN gives back", { RETURN: words(1) }, 3],
  ["exponentBit", "a bit of EXP's exponent", { EXP: (_, frame) => frame.peek(1).toString(2).length }, 5],
  ["sameStore", "an SSTORE that changes nothing", { SSTORE: sameValue }],
];

function words(below: number): Surcharge {
  return (_, frame) => wordCount(Math.min(Number(frame.peek(below)), Number.MAX_SAFE_INTEGER));
}

function both(a: string, b: string, surcharge: Surcharge): Charged {
  return { [a]: surcharge, [b]: surcharge };
}

function sameValue({ state }: Parameters<Surcharge>[0], frame: Parameters<Surcharge>[1]): number {
  return Number(state.getStorage(frame.message.to, frame.peek(0)) === frame.peek(1));
}

function freePrice(id: string, what: string, charged: Charged, known: readonly number[]): Price {
  return {
    id,
    what,
    value: () => 0,
    with: (rules, value) => ({
      instructions: rules.instructions.map((entry) => {
        const count = charged[entry.name];
        if (count === undefined) return entry;
        const usual = entry.surcharge;
        return {
          ...entry,
          surcharge: (context, frame) => count(context, frame) * value + (usual?.(context, frame) ?? 0),
        };
      }),
    }),
    known,
    isLinear: true,
    isExtra: true,
    verb: "cost",
    isUsed: ({ instructions }) => Object.keys(charged).some((name) => instructions.has(name)),
  };
}

/** On top of what a precompile asks by its own rules. */
function precompilePrice(address: number): Price {
  return {
    id: `precompile.${address.toString(16)}`,
    what: `a call of precompile ${address.toString(16)}, on top of its price,`,
    value: () => 0,
    with: ({ precompiles }, value) => {
      const entry = precompiles.get(address);
      if (entry === undefined) return {};
      const run: Precompile = (context, message) => {
        if (message.gas < value) return entry.run(context, { ...message, gas: 0 });
        return entry.run(context, { ...message, gas: message.gas - value });
      };
      return { precompiles: new Map([...precompiles, [address, { ...entry, run }]]) };
    },
    known: [],
    isLinear: true,
    isExtra: true,
    verb: "cost",
    isUsed: ({ precompiles }) => precompiles.has(address),
  };
}
