import { encodeReceipt, type Log, logsBloom, mergeBloom, type Receipt } from "../../../node/chain/receipt.ts";
import { bigIntToMinimalBytes, EMPTY_BYTES, uint32ToBytes } from "../../../node/codec/bytes.ts";
import { rlpEncode } from "../../../node/codec/rlp.ts";
import type { ExecutionResult } from "../../../node/el/payload.ts";
import type { Candidates, Evidence, Hypothesis } from "./hypothesis.ts";
import { rootOf, type Variation } from "./variation.ts";

/** What receipts, logs and blooms hold otherwise, where the execution itself may be as it is. */
export const receiptVariants: Candidates = function* (evidence) {
  if (!evidence.differs("receiptRoot") && !evidence.differs("bloom")) return;
  for (const [id, says, vary] of RECEIPTS) yield receiptHypothesis(id, says, vary);
  for (const [id, says, computed] of BLOCKS) yield receiptHypothesis(id, says, () => ({ computed }));
  for (const length of logLengths(evidence)) {
    yield receiptHypothesis(`log-data=${length}`, `logs kept ${length} bytes of data`, () => ({
      state: (state) => ({ addLog: (log) => state.addLog({ ...log, data: log.data.subarray(0, length) }) }),
    }));
  }
};

const RECEIPTS: readonly (readonly [id: string, says: string, vary: () => Variation])[] = [
  [
    "status-of-failure",
    "the status of a failure were a zero byte and not empty",
    () => ({ encodeReceipt: (receipt) => encoded(receipt, Uint8Array.of(receipt.success ? 1 : 0)) }),
  ],
  [
    "status-always-success",
    "the status of every receipt were success",
    () => ({ receipt: (receipt) => ({ ...receipt, success: true }) }),
  ],
  ["own-gas", "receipts held the gas of their own transaction or deposit", ownGas],
  [
    "no-contract-address",
    "receipts named no created contract",
    () => ({ receipt: (receipt) => ({ ...receipt, contractAddress: EMPTY_BYTES }) }),
  ],
  [
    "key-of-creations-only",
    "only receipts of creations had a full shard key",
    () => ({
      receipt: (receipt) => (receipt.contractAddress.length > 0 ? receipt : { ...receipt, contractFullShardKey: 0 }),
    }),
  ],
  [
    "no-key",
    "receipts had no full shard key",
    () => ({ receipt: (receipt) => ({ ...receipt, contractFullShardKey: 0 }) }),
  ],
  [
    "chain-of-key",
    "receipts had the chain of the full shard key alone",
    () => ({
      receipt: (receipt) => ({ ...receipt, contractFullShardKey: (receipt.contractFullShardKey & 0xffff0000) >>> 0 }),
    }),
  ],
  ["no-logs", "receipts held no logs", () => withLogs(() => [])],
  ["logs-reversed", "logs stood in reverse", () => withLogs((logs) => [...logs].reverse())],
  ["last-log-lost", "the last log were lost", () => withLogs((logs) => logs.slice(0, -1))],
  ["first-log-lost", "the first log were lost", () => withLogs((logs) => logs.slice(1))],
  [
    "topics-reversed",
    "topics stood in reverse",
    () => withEachLog((log) => ({ ...log, topics: [...log.topics].reverse() })),
  ],
  [
    "first-topic-lost",
    "the first topic of logs were lost",
    () => withEachLog((log) => ({ ...log, topics: log.topics.slice(1) })),
  ],
  [
    "last-topic-lost",
    "the last topic of logs were lost",
    () => withEachLog((log) => ({ ...log, topics: log.topics.slice(0, -1) })),
  ],
  [
    "bloom-without-addresses",
    "the addresses of logs were not in the bloom",
    () => withBloom((logs) => logsBloom([...topicsAlone(logs)])),
  ],
  [
    "bloom-without-topics",
    "the topics of logs were not in the bloom",
    () => withBloom((logs) => logsBloom(logs.map((log) => ({ ...log, topics: [] })))),
  ],
  ["bloom-of-first-log", "the bloom held the first log alone", () => withBloom((logs) => logsBloom(logs.slice(0, 1)))],
];

const BLOCKS: readonly (readonly [
  id: string,
  says: string,
  computed: (computed: ExecutionResult) => ExecutionResult,
])[] = [
  ["gas-without-deposits", "the gas of transactions' receipts did not count the deposits before them", withoutDeposits],
  ["deposits-first", "the receipts of deposits stood before those of transactions", depositsFirst],
  [
    "bloom-without-deposits",
    "the header's bloom covered transactions only",
    (computed) => ({ ...computed, bloom: bloomOf(transactionReceipts(computed)) }),
  ],
  [
    "bloom-of-deposits",
    "the header's bloom covered deposits only",
    (computed) => ({ ...computed, bloom: bloomOf(depositReceipts(computed)) }),
  ],
  ["no-bloom", "the header's bloom were empty", (computed) => ({ ...computed, bloom: new Uint8Array(256) })],
  [
    "no-deposit-receipts",
    "deposits left no receipts",
    (computed) => withReceipts(computed, transactionReceipts(computed)),
  ],
];

function encoded(receipt: Receipt, status: Uint8Array): Uint8Array {
  const logs = receipt.logs.map((log) => [log.address, log.topics, log.data] as const);
  return rlpEncode([
    status,
    bigIntToMinimalBytes(receipt.cumulativeGasUsed),
    receipt.bloom,
    logs.map((log) => [...log]),
    receipt.contractAddress,
    uint32ToBytes(receipt.contractFullShardKey),
  ]);
}

function ownGas(): Variation {
  let before = 0n;
  return {
    receipt(receipt) {
      const own = receipt.cumulativeGasUsed - before;
      before = receipt.cumulativeGasUsed;
      return { ...receipt, cumulativeGasUsed: own };
    },
  };
}

function withLogs(change: (logs: readonly Log[]) => readonly Log[]): Variation {
  return {
    receipt(receipt) {
      const logs = change(receipt.logs);
      return { ...receipt, logs, bloom: logsBloom(logs) };
    },
  };
}

function withEachLog(change: (log: Log) => Log): Variation {
  return withLogs((logs) => logs.map(change));
}

/** A bloom of topics alone has the bits of no address: they are taken from those of the topics as addresses. */
function* topicsAlone(logs: readonly Log[]): Generator<Log> {
  for (const { topics } of logs) {
    const [first, ...rest] = topics;
    if (first !== undefined) yield { address: first as Log["address"], topics: rest, data: EMPTY_BYTES };
  }
}

function withBloom(bloom: (logs: readonly Log[]) => Uint8Array): Variation {
  return { receipt: (receipt) => ({ ...receipt, bloom: bloom(receipt.logs) }) };
}

/** Deposits run first, so the first receipt of a transaction counts at least theirs. */
function split({ receipts, depositsConsumed, senders }: ExecutionResult): readonly [Receipt[], Receipt[]] {
  const count = Math.min(senders.length, receipts.length);
  return [receipts.slice(0, count), depositsConsumed === 0 ? [] : receipts.slice(count)];
}

function transactionReceipts(computed: ExecutionResult): Receipt[] {
  return split(computed)[0];
}

function depositReceipts(computed: ExecutionResult): Receipt[] {
  return split(computed)[1];
}

function depositsFirst(computed: ExecutionResult): ExecutionResult {
  const receipts = [...depositReceipts(computed), ...transactionReceipts(computed)];
  return { ...computed, receipts, receiptRoot: rootOf(receipts.map(encodeReceipt)) };
}

/** Deposits leave their gas where they leave no receipt, too. */
function withoutDeposits(computed: ExecutionResult): ExecutionResult {
  const ofTransactions = transactionReceipts(computed).map((receipt) => ({
    ...receipt,
    cumulativeGasUsed: receipt.cumulativeGasUsed - computed.xshardReceiveGasUsed,
  }));
  return withReceipts(computed, [...ofTransactions, ...depositReceipts(computed)]);
}

function withReceipts(computed: ExecutionResult, receipts: readonly Receipt[]): ExecutionResult {
  return { ...computed, receipts, bloom: bloomOf(receipts), receiptRoot: rootOf(receipts.map(encodeReceipt)) };
}

function bloomOf(receipts: readonly Receipt[]): Uint8Array {
  const bloom = new Uint8Array(256);
  for (const receipt of receipts) mergeBloom(bloom, receipt.bloom);
  return bloom;
}

/** Lengths at which declared logs end where computed ones go on. */
function logLengths({ declared, executed: { outcome } }: Evidence): ReadonlySet<number> {
  const lengths = new Set<number>();
  if (outcome.status === "INVALID") return lengths;
  for (const [i, { logs }] of outcome.computed.receipts.entries()) {
    for (const [j, { data }] of logs.entries()) {
      const other = declared.receipts?.[i]?.logs[j]?.data;
      if (other !== undefined && other.length < data.length) lengths.add(other.length);
    }
  }
  return lengths;
}

function receiptHypothesis(id: string, says: string, vary: () => Variation): Hypothesis {
  return {
    id: `receipt.${id}`,
    says,
    refutedBy: "a block whose receipts this changes, and which matches what it declares",
    cost: 1.5,
    vary,
  };
}
