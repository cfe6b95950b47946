import type { CrossShardDeposit } from "../../../node/chain/deposit.ts";
import type { XshardCursor } from "../../../node/chain/minor-block.ts";
import { bytesEqual } from "../../../node/codec/bytes.ts";
import { contractAddress } from "../../../node/el/evm/contract-address.ts";
import type { DueDeposit, ExecutionPayload } from "../../../node/el/payload.ts";
import type { Candidates, Evidence, Hypothesis } from "./hypothesis.ts";
import type { Variation, Vary } from "./variation.ts";

/** Which deposits a block consumes and sends, in which order and with what, and how it writes down how far it came. */
export const depositVariants: Candidates = function* (evidence) {
  const { differs } = evidence;
  for (const [id, says, vary] of RECEIVED) yield depositHypothesis(id, says, vary);
  if (differs("xshardCursor")) yield* softLimits(evidence);
  for (const [id, says, cursor] of differs("xshardCursor") ? CURSORS : []) {
    yield depositHypothesis(`cursor/${id}`, says, () => ({
      computed: (computed) => ({ ...computed, xshardCursor: cursor(computed.xshardCursor) }),
    }));
  }
  if (!differs("xshardSends")) return;
  for (const [id, says, change] of SENT) {
    yield depositHypothesis(`sent/${id}`, says, () => sending(change));
  }
  yield* declaredSends(evidence);
};

type Change = (due: DueDeposit) => DueDeposit;

const RECEIVED: readonly (readonly [id: string, says: string, vary: Vary])[] = [
  [
    "zero-skipped",
    "deposits of value 0 were consumed without being run",
    () => skipping(({ deposit }) => deposit.value === 0n && !deposit.isFromRootChain),
  ],
  [
    "root-zero-skipped",
    "root coinbase deposits of value 0 were consumed without being run",
    () => skipping(({ deposit }) => deposit.value === 0n && deposit.isFromRootChain),
  ],
  [
    "all-zero-skipped",
    "all deposits of value 0 were consumed without being run",
    () => skipping(({ deposit }) => deposit.value === 0n),
  ],
  [
    "root-skipped",
    "root coinbase deposits were consumed without being run",
    () => skipping(({ deposit }) => deposit.isFromRootChain),
  ],
  [
    "root-charged",
    "root coinbase deposits started with 9,000 gas used, too",
    () => changing(({ deposit, ...due }) => ({ ...due, deposit: { ...deposit, isFromRootChain: false } })),
  ],
  [
    "start-gas-old",
    "deposits with gas price 0 started with no gas used at every root height",
    () => ({ config: (config) => ({ ...config, xshardGasDdosFixRootHeight: Number.POSITIVE_INFINITY }) }),
  ],
  [
    "start-gas-new",
    "deposits started with 9,000 gas used at every root height",
    () => ({ config: (config) => ({ ...config, xshardGasDdosFixRootHeight: 0 }) }),
  ],
  [
    "uncharged",
    "deposits started with no gas used",
    () => changing(({ deposit, ...due }) => ({ ...due, deposit: { ...deposit, isFromRootChain: true } })),
  ],
  ["list-reversed", "the deposits of each list were run last to first", () => ({ payload: reversedLists })],
  [
    "full-refund",
    "unused gas of deposits were refunded in full",
    () => changing(({ deposit, ...due }) => ({ ...due, deposit: { ...deposit, refundRate: 100 } })),
  ],
  [
    "no-gas",
    "deposits brought no gas",
    () => changing(({ deposit, ...due }) => ({ ...due, deposit: { ...deposit, gasRemained: 0n } })),
  ],
  [
    "first-skipped",
    "the first deposit were skipped",
    () => ({ payload: (payload) => ({ ...payload, deposits: [...payload.deposits].slice(1) }) }),
  ],
  [
    "no-price",
    "deposits paid no fee",
    () => changing(({ deposit, ...due }) => ({ ...due, deposit: { ...deposit, gasPrice: 0n } })),
  ],
];

function changing(change: Change): Variation {
  return { payload: (payload) => ({ ...payload, deposits: mapped(payload.deposits, change) }) };
}

function* mapped(deposits: Iterable<DueDeposit>, change: Change): Generator<DueDeposit> {
  for (const due of deposits) yield change(due);
}

/** What is not run still moves the cursor: the one behind it, or the exhausted one, is named in any case. */
function skipping(isSkipped: (due: DueDeposit) => boolean): Variation {
  return {
    payload: (payload) => ({ ...payload, deposits: [...payload.deposits].filter((due) => !isSkipped(due)) }),
  };
}

/** A list's deposits have one root height and minor index; their cursors stay where they are. */
function reversedLists(payload: ExecutionPayload): ExecutionPayload {
  const due = [...payload.deposits];
  const isSameList = (a: DueDeposit, b: DueDeposit) =>
    a.cursor.rootBlockHeight === b.cursor.rootBlockHeight && a.cursor.minorBlockIndex === b.cursor.minorBlockIndex;
  const out: DueDeposit[] = [];
  for (let start = 0; start < due.length; ) {
    let end = start + 1;
    while (end < due.length && isSameList(due[start], due[end])) end++;
    const list = due.slice(start, end);
    out.push(...list.map(({ cursor }, i) => ({ cursor, deposit: list[list.length - 1 - i].deposit })));
    start = end;
  }
  return { ...payload, deposits: out };
}

type ChangeCursor = (cursor: XshardCursor) => XshardCursor;

const CURSORS: readonly (readonly [id: string, says: string, change: ChangeCursor])[] = [
  [
    "next",
    "the cursor named the next deposit and not the one consumed last",
    (cursor) =>
      cursor.minorBlockIndex + cursor.xshardDepositIndex === 0 ? cursor : moved(cursor, "xshardDepositIndex", 1),
  ],
  ["deposit+1", "the cursor's deposit index were one higher", (cursor) => moved(cursor, "xshardDepositIndex", 1)],
  ["deposit-1", "the cursor's deposit index were one lower", (cursor) => moved(cursor, "xshardDepositIndex", -1)],
  ["minor+1", "the cursor's minor index were one higher", (cursor) => moved(cursor, "minorBlockIndex", 1)],
  ["minor-1", "the cursor's minor index were one lower", (cursor) => moved(cursor, "minorBlockIndex", -1)],
  ["root+1", "the cursor's root height were one higher", (cursor) => moved(cursor, "rootBlockHeight", 1)],
  ["root-1", "the cursor's root height were one lower", (cursor) => moved(cursor, "rootBlockHeight", -1)],
];

function moved(cursor: XshardCursor, field: keyof XshardCursor, by: number): XshardCursor {
  return { ...cursor, [field]: cursor[field] + by };
}

/** Shares of the limit at which deposits may have stopped: the simplest that ends where the declared cursor does. */
function* softLimits({ trial }: Evidence): Generator<Hypothesis> {
  const { xshardCursor, xshardReceiveGasUsed, xshardGasLimit } = trial.block.meta;
  const isExhausted = isSameCursor(xshardCursor, trial.payload.exhaustedCursor);
  if (xshardGasLimit === 0n) return;
  for (const [numerator, denominator] of SHARES) {
    const limit = (xshardGasLimit * BigInt(numerator)) / BigInt(denominator);
    if (!isExhausted && xshardReceiveGasUsed < limit) continue;
    const share = `${numerator}/${denominator}`;
    yield depositHypothesis(
      `limit=${share}`,
      `deposits stopped at ${share} of the cross-shard gas limit`,
      (payload) => stoppingAt((payload.xshardGasLimit * BigInt(numerator)) / BigInt(denominator)),
      1.5 + denominator / 100,
    );
  }
  yield depositHypothesis(
    "limit-not-before",
    "a deposit that takes the block above the cross-shard gas limit were left for the next block",
    (payload) => stoppingBefore(payload),
  );
}

const SHARES: readonly (readonly [number, number])[] = [
  [1, 2],
  [3, 2],
  [2, 1],
  [2, 3],
  [1, 3],
  [3, 4],
  [1, 4],
  [4, 5],
  [9, 10],
  [11, 10],
  [7, 8],
  [95, 100],
  [99, 100],
];

/** The gas limit itself stays what it is for transactions. */
function stoppingAt(limit: bigint): Variation {
  let used = 0n;
  let last: XshardCursor | undefined;
  const reaches = () => used >= limit;
  return {
    left: ({ kind }, gasUsed) => {
      if (kind === "deposit") used += gasUsed;
    },
    payload: (payload) => ({ ...payload, deposits: until(payload.deposits, reaches, (cursor) => (last = cursor)) }),
    computed: (computed) => (last === undefined ? computed : { ...computed, xshardCursor: last }),
  };
}

/** For rules that look ahead nothing is known of a deposit's gas but what it brings. */
function stoppingBefore({ xshardGasLimit }: ExecutionPayload): Variation {
  let used = 0n;
  let next = 0n;
  let last: XshardCursor | undefined;
  return {
    left: ({ kind }, gasUsed) => {
      if (kind === "deposit") used += gasUsed;
    },
    payload: (payload) => ({
      ...payload,
      deposits: lookingAhead(
        payload.deposits,
        (due) => {
          next = due.deposit.gasRemained;
          return used + next > xshardGasLimit && used > 0n;
        },
        (cursor) => (last = cursor),
      ),
    }),
    computed: (computed) => (last === undefined ? computed : { ...computed, xshardCursor: last }),
  };
}

function* until(deposits: Iterable<DueDeposit>, isOver: () => boolean, stoppedAt: (cursor: XshardCursor) => void) {
  let before: XshardCursor | undefined;
  for (const due of deposits) {
    if (before !== undefined && isOver()) {
      stoppedAt(before);
      return;
    }
    before = due.cursor;
    yield due;
  }
  if (before !== undefined && isOver()) stoppedAt(before);
}

function* lookingAhead(
  deposits: Iterable<DueDeposit>,
  isTooMuch: (due: DueDeposit) => boolean,
  stoppedAt: (cursor: XshardCursor) => void,
) {
  let before: XshardCursor | undefined;
  for (const due of deposits) {
    if (before !== undefined && isTooMuch(due)) {
      stoppedAt(before);
      return;
    }
    before = due.cursor;
    yield due;
  }
}

function isSameCursor(a: XshardCursor, b: XshardCursor): boolean {
  return (
    a.rootBlockHeight === b.rootBlockHeight &&
    a.minorBlockIndex === b.minorBlockIndex &&
    a.xshardDepositIndex === b.xshardDepositIndex
  );
}

type ChangeSent = (deposit: CrossShardDeposit) => CrossShardDeposit;

const SENT: readonly (readonly [id: string, says: string, change: ChangeSent])[] = [
  [
    "gas-1",
    "sent deposits carried one gas less",
    (deposit) => ({ ...deposit, gasRemained: deposit.gasRemained > 0n ? deposit.gasRemained - 1n : 0n }),
  ],
  ["gas+1", "sent deposits carried one gas more", (deposit) => ({ ...deposit, gasRemained: deposit.gasRemained + 1n })],
  ["no-gas", "sent deposits carried no gas", (deposit) => ({ ...deposit, gasRemained: 0n })],
  ["no-refund-rate", "sent deposits carried no refund rate", (deposit) => ({ ...deposit, refundRate: 100 })],
  [
    "create-nonce",
    "a contract created across shards were named after the nonce of its transaction, not the one behind it",
    createdAt((nonce) => nonce - 1n),
  ],
  [
    "create-nonce+1",
    "a contract created across shards were named after the second nonce behind its transaction's",
    createdAt((nonce) => nonce + 1n),
  ],
  [
    "create-target-key",
    "a contract created across shards were named after the target's shard key",
    (deposit) => renamed(deposit, deposit.to.fullShardKey, (nonce) => nonce),
  ],
];

function createdAt(nonceOf: (nonce: bigint) => bigint): ChangeSent {
  return (deposit) => renamed(deposit, deposit.from.fullShardKey, nonceOf);
}

/** The nonce of a sent creation is found by trying: it is no field of the deposit. */
function renamed(deposit: CrossShardDeposit, key: number, nonceOf: (nonce: bigint) => bigint): CrossShardDeposit {
  if (!deposit.createContract) return deposit;
  const { recipient: sender, fullShardKey } = deposit.from;
  for (let nonce = 0n; nonce < 100_000n; nonce++) {
    if (!bytesEqual(contractAddress(sender, nonce, fullShardKey), deposit.to.recipient)) continue;
    const recipient = contractAddress(sender, nonceOf(nonce), key);
    return { ...deposit, to: { ...deposit.to, recipient } };
  }
  return deposit;
}

function sending(change: ChangeSent): Variation {
  return { computed: (computed) => ({ ...computed, xshardSends: computed.xshardSends.map(change) }) };
}

/** Fields in which all declared deposits that differ have one value, or are off by the same number. */
function* declaredSends({ declared, executed: { outcome } }: Evidence): Generator<Hypothesis> {
  if (outcome.status === "INVALID") return;
  const stored = new Map([...declared.sends.values()].flat().map((deposit) => [deposit.txHash.join(), deposit]));
  for (const field of ["gasRemained", "gasPrice", "value", "refundRate", "gasTokenId", "transferTokenId"] as const) {
    const pairs = outcome.computed.xshardSends.flatMap((ours) => {
      const theirs = stored.get(ours.txHash.join());
      return theirs === undefined || theirs[field] === ours[field]
        ? []
        : [[BigInt(theirs[field]), BigInt(ours[field])]];
    });
    if (pairs.length === 0) continue;
    const [[first, ours]] = pairs;
    const type = field === "refundRate" ? Number : BigInt;
    if (pairs.every(([value]) => value === first)) {
      yield depositHypothesis(
        `sent/${field}=${first}`,
        `sent deposits carried a ${FIELD_NAMES[field]} of ${first}`,
        () => sending((deposit) => ({ ...deposit, [field]: type(first) })),
      );
    }
    const by = first - ours;
    if (pairs.every(([value, own]) => value - own === by)) {
      const text = by < 0n ? `${-by} less` : `${by} more`;
      yield depositHypothesis(
        `sent/${field}${by < 0n ? "" : "+"}${by}`,
        `sent deposits carried a ${FIELD_NAMES[field]} that is ${text}`,
        () => sending((deposit) => ({ ...deposit, [field]: type(BigInt(deposit[field]) + by) })),
      );
    }
  }
}

const FIELD_NAMES = {
  gasRemained: "gas",
  gasPrice: "gas price",
  value: "value",
  refundRate: "refund rate",
  gasTokenId: "gas token",
  transferTokenId: "transfer token",
} as const;

function depositHypothesis(id: string, says: string, vary: Vary, cost = 1.5): Hypothesis {
  return {
    id: `deposit.${id}`,
    says,
    refutedBy: "a block whose deposits this changes, and which matches what it declares",
    cost,
    vary,
  };
}
