import { z } from "zod";
import { callsOfUnitSchema } from "./calls-schema.ts";
import { unitSchema } from "./unit-schema.ts";

const hash = z.string().regex(/^[0-9a-f]{64}$/, "expected a hash: 64 lower-case hex digits");
const count = z.int().nonnegative();
const hex = z.string().regex(/^0x([0-9a-f]{2})*$/, "expected bytes: 0x and hex digits");
/** File of the run, relative to the report: a page links to it. */
const runFile = z.string().regex(/^(reproducers|traces)\/[\w-][\w.-]*$/, "expected a file in reproducers/ or traces/");

/** What differs first may also be how the block writes down which deposits it consumed. */
const differingUnitSchema = unitSchema.extend({ kind: z.enum([...unitSchema.shape.kind.options, "cursor"]) });

/** Values as people read them; null where the side has no such entry or is not known. */
const valueChangeSchema = z.strictObject({
  before: z.string().nullable(),
  declared: z.string().nullable(),
  computed: z.string().nullable(),
});

/** One entry of the state on which the declared and the computed post-state differ. */
const stateDifferenceSchema = z.strictObject({
  /** 20 bytes as 0x and hex; null where only the key's keccak is known. */
  address: hex.nullable(),
  /** keccak-256 of the address, the account's key in the trie. */
  addressHash: hash,
  field: z.enum(["exists", "nonce", "balance", "code", "fullShardKey", "storage", "tokenBalances"]),
  /** Token name or id of a balance; slot of a storage entry as 0x and hex, or null where only its keccak is known. */
  key: z.string().nullable(),
  keyHash: hash.nullable(),
  ...valueChangeSchema.shape,
});

/** One side at one step. */
const stepSideSchema = z.strictObject({
  /** Place in the block's list of steps. */
  step: count,
  pc: count,
  opcode: z.string(),
  gas: z.string(),
  gasCost: z.string().nullable(),
  depth: count,
  /** Top last, each 0x and hex. */
  stack: z.array(z.string()),
});

/** The first step at which two executions part. */
export const stepDivergenceSchema = z.strictObject({
  unit: unitSchema,
  /** Names of the two executions. */
  reference: z.string(),
  tested: z.string(),
  /** What differs first: "opcode", "pc", "gas", "stack", "depth", "memory", "end" (one side has no more steps). */
  what: z.string(),
  contract: hex.nullable(),
  /** From the unit's message down to the frame, each "CALL 0x…" or "CREATE 0x…". */
  callPath: z.array(z.string()),
  referenceStep: stepSideSchema.nullable(),
  testedStep: stepSideSchema.nullable(),
  /** Steps around it, eight before and eight after. */
  context: z.strictObject({ reference: z.array(stepSideSchema), tested: z.array(stepSideSchema) }),
  /** Lines of disassembly around pc; `here` marks the step's. */
  code: z.array(z.strictObject({ pc: count, text: z.string(), here: z.boolean() })),
  /** EIP-3155 files of both sides, relative to the report; null where none were written. */
  traces: z.strictObject({ reference: runFile, tested: runFile }).nullable(),
});

/** Something that may have been done otherwise; no client is known to do it. */
const toldHypothesisSchema = z.strictObject({
  id: z.string(),
  /** Words that go on after "as if". */
  says: z.string(),
  /** Differing blocks that match what they declare with it, of those it was tried on. */
  explains: count,
  of: count,
  /** Matching blocks that it was tried on and leaves as they are. */
  spares: count,
  refutedBy: z.string(),
});

const attributionSchema = z.strictObject({
  /** Smallest set of switches that brings back what is declared; empty: unexplained. */
  switches: z.array(z.strictObject({ name: z.string(), title: z.string() })),
  /** One sentence: "EIP-2929: SLOAD of a cold slot costs 2,100, gas +1,300 at pc 0x1a4". */
  explanation: z.string(),
  /** The named one first, then those that explain as much; absent where none was sought or found. */
  hypotheses: z.array(toldHypothesisSchema).optional(),
});

/** A deposit that an execution sends, and that another shard has stored otherwise. */
const depositDifferenceSchema = z.strictObject({
  /** Shard that it goes to. */
  fullShardId: z.int().positive(),
  /** Place in the list of the block for that shard. */
  index: count,
  txHash: hash,
  fields: z.array(z.strictObject({ field: z.string(), declared: z.string(), computed: z.string() })),
});

/** One of the amounts that make up what a miner gets. */
const coinbasePartSchema = z.strictObject({
  what: z.string(),
  /** Null where it sums up several; absent in reports of earlier programs. */
  unit: differingUnitSchema.nullable().optional(),
  /** By what explains the declared sum; null where nothing does; absent in reports of earlier programs. */
  declared: z.string().nullable().optional(),
  /** As computed. */
  amount: z.string(),
});

/** What the miner gets of one token, where that is not what the header declares. */
const coinbaseDifferenceSchema = z.strictObject({
  /** Name of the token. */
  token: z.string(),
  declared: z.string(),
  computed: z.string(),
  /** What `computed` is the sum of. */
  parts: z.array(coinbasePartSchema),
});

/** A deposit on the way of a block's cursor. */
const cursorStepSchema = z.strictObject({
  /** Place among the deposits that the block's parent left. */
  index: count,
  /** The cursor that names it as the last consumed one: root block height/minor block/deposit. */
  cursor: z.string(),
  txHash: hash,
  /** Gas; null where the execution did not come to it. */
  gasUsed: z.string().nullable(),
  /** Gas of all deposits up to it; null as above. */
  total: z.string().nullable(),
});

/** How the execution came to its cursor, where that is not the declared one. */
const cursorWalkSchema = z.strictObject({
  declared: z.string(),
  computed: z.string(),
  /** The cursor behind the last deposit. */
  exhausted: z.string(),
  /** Behind the deposit that reaches it the walk ends. */
  gasLimit: z.string(),
  /** Deposits consumed by what the block declares; null where its cursor is no place of the walk. */
  depositsDeclared: count.nullable(),
  depositsComputed: count,
  /** Those around both ends. */
  steps: z.array(cursorStepSchema),
  omitted: count,
});

/** Whose stakes are locked, where the first differing unit's sender is among them. */
const stakingWindowSchema = z.strictObject({
  /** Length of the window, the block itself included. */
  blocks: count,
  /** What one block of the window locks. */
  perBlock: z.string(),
  /** Of the unit. */
  sender: z.string(),
  locked: z.array(z.strictObject({ address: z.string(), blocks: count, amount: z.string() })),
});

/** What a closer look at a diverging block found. */
export const triageSchema = z.strictObject({
  /** Names the divergence in file names and links: shard-height-first 8 digits of the hash. */
  id: z.string(),
  /** Groups divergences with one cause. */
  class: z.string(),
  /** The first deposit or transaction whose effect differs, as far as it can be told. */
  unit: differingUnitSchema.nullable(),
  receipt: z
    .strictObject({
      index: count,
      fields: z.array(z.strictObject({ field: z.string(), declared: z.string(), computed: z.string() })),
    })
    .nullable(),
  state: z.strictObject({
    /** False where the declared state is not in the database. */
    compared: z.boolean(),
    differences: z.array(stateDifferenceSchema),
    /** Differences left out beyond the first ones. */
    omitted: count,
  }),
  /** Absent where none differs, or in reports of earlier programs. */
  deposits: z.array(depositDifferenceSchema).optional(),
  /** As `deposits`. */
  coinbase: z.array(coinbaseDifferenceSchema).optional(),
  /** As `deposits`. */
  cursor: cursorWalkSchema.optional(),
  /** As `deposits`. */
  staking: stakingWindowSchema.optional(),
  step: stepDivergenceSchema.nullable(),
  /** What the unit calls by the reference, where there is one, and as tested; absent in reports of earlier programs. */
  calls: z.array(callsOfUnitSchema).optional(),
  attribution: attributionSchema,
  /** Path relative to the report. */
  reproducer: runFile.nullable(),
  /** The one command that shows it again. */
  command: z.string(),
});

/** Divergences with one cause. */
export const divergenceClassSchema = z.strictObject({
  name: z.string(),
  explanation: z.string(),
  /** Of all, kept in full or not. */
  count,
  first: z.strictObject({ fullShardId: z.int().positive().nullable(), height: count, hash }),
  /** Reason of the allowlist's entry that covers all of them; null where none does. */
  allowed: z.string().nullable(),
});

export type Triage = z.infer<typeof triageSchema>;
export type StateDifference = z.infer<typeof stateDifferenceSchema>;
export type StepDivergence = z.infer<typeof stepDivergenceSchema>;
export type StepSide = z.infer<typeof stepSideSchema>;
export type CoinbaseDifference = z.infer<typeof coinbaseDifferenceSchema>;
export type CoinbasePart = z.infer<typeof coinbasePartSchema>;
export type CursorStep = z.infer<typeof cursorStepSchema>;
export type CursorWalk = z.infer<typeof cursorWalkSchema>;
export type DepositDifference = z.infer<typeof depositDifferenceSchema>;
export type StakingWindow = z.infer<typeof stakingWindowSchema>;
export type DifferingUnit = z.infer<typeof differingUnitSchema>;
export type ToldHypothesis = z.infer<typeof toldHypothesisSchema>;
export type Attribution = z.infer<typeof attributionSchema>;
export type DivergenceClass = z.infer<typeof divergenceClassSchema>;
