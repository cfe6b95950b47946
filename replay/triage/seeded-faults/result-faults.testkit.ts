import type { Receipt } from "../../../node/chain/receipt.ts";
import { bytesEqual, EMPTY_BYTES } from "../../../node/codec/bytes.ts";
import type { ExecutionPayload, ExecutionResult } from "../../../node/el/payload.ts";
import type { EvmState } from "../../../node/el/state/evm-state.ts";
import type { Fault, FaultParts } from "./fault.testkit.ts";

const ONLY_RECEIPTS = ["receiptRoot"];
const RECEIPTS_AND_BLOOM = ["receiptRoot", "bloom"];

export const RECEIPT_FAULTS: readonly Fault[] = [
  receiptFault("success is always shown", ["success"], (receipt) => ({ ...receipt, success: true })),
  receiptFault("failure is always shown", ["success"], (receipt) => ({ ...receipt, success: false })),
  receiptFault("one gas too many", ["cumulativeGasUsed"], (receipt) => ({
    ...receipt,
    cumulativeGasUsed: receipt.cumulativeGasUsed + 1n,
  })),
  receiptFault("no contract address", ["contractAddress"], (receipt) => ({ ...receipt, contractAddress: EMPTY_BYTES })),
  receiptFault("chain of the shard key alone", ["contractFullShardKey"], (receipt) => ({
    ...receipt,
    contractFullShardKey: (receipt.contractFullShardKey & 0xffff0000) >>> 0,
  })),
  receiptFault("the last log is lost", undefined, (receipt) => ({ ...receipt, logs: receipt.logs.slice(0, -1) })),
  receiptFault("logs in reverse", undefined, (receipt) => ({ ...receipt, logs: [...receipt.logs].reverse() })),
  logFault("topics in reverse", ONLY_RECEIPTS, (state) => ({
    addLog: (log) => state.addLog({ ...log, topics: [...log.topics].reverse() }),
  })),
  logFault("data one byte short", ONLY_RECEIPTS, (state) => ({
    addLog: (log) => state.addLog({ ...log, data: log.data.subarray(0, Math.max(0, log.data.length - 1)) }),
  })),
  logFault("first topic lost", RECEIPTS_AND_BLOOM, (state) => ({
    addLog: (log) => state.addLog({ ...log, topics: log.topics.slice(1) }),
  })),
  logFault("logs without data are not kept", undefined, (state) => ({
    addLog(log) {
      if (log.data.length > 0) state.addLog(log);
    },
  })),
];

export const CURSOR_FAULTS: readonly Fault[] = [
  cursorFault("one deposit on", ({ xshardCursor: cursor }) => ({
    ...cursor,
    xshardDepositIndex: cursor.xshardDepositIndex + 1,
  })),
  cursorFault("one minor block on", ({ xshardCursor: cursor }) => ({
    ...cursor,
    minorBlockIndex: cursor.minorBlockIndex + 1,
  })),
  cursorFault("one root block back", ({ xshardCursor: cursor }) => ({
    ...cursor,
    rootBlockHeight: cursor.rootBlockHeight - 1,
  })),
  {
    family: "cursor",
    name: "gas of deposits: one too many",
    fields: ["xshardReceiveGasUsed"],
    parts: () => ({
      computed: (computed) => ({ ...computed, xshardReceiveGasUsed: computed.xshardReceiveGasUsed + 1n }),
    }),
  },
  payloadFault("cursor", "the first deposit is skipped", (payload) => ({
    ...payload,
    deposits: [...payload.deposits].slice(1),
  })),
  payloadFault("cursor", "the root chain's deposits are another shard's", (payload) => ({
    ...payload,
    deposits: [...payload.deposits].map((due) => ({ ...due, deposit: { ...due.deposit, isFromRootChain: false } })),
  })),
  payloadFault("cursor", "deposits carry no gas", (payload) => ({
    ...payload,
    deposits: [...payload.deposits].map((due) => ({ ...due, deposit: { ...due.deposit, gasRemained: 0n } })),
  })),
];

export const FEE_FAULTS: readonly Fault[] = [
  feeFault("no tax", { config: (config) => ({ ...config, localFeeRate: { numerator: 1n, denominator: 1n } }) }),
  feeFault("a third is tax", { config: (config) => ({ ...config, localFeeRate: { numerator: 2n, denominator: 3n } }) }),
  feeFault("no fees", { config: (config) => ({ ...config, localFeeRate: { numerator: 0n, denominator: 1n } }) }),
  payloadFault("fees", "no reward", (payload) => ({ ...payload, blockReward: new Map() })),
  payloadFault("fees", "one too much of a reward", (payload) => ({
    ...payload,
    blockReward: new Map([...payload.blockReward].map(([tokenId, amount]) => [tokenId, amount + 1n])),
  })),
  {
    family: "fees",
    name: "the header's amounts are one too much",
    fields: ["coinbaseAmounts"],
    parts: () => ({
      computed: (computed) => ({
        ...computed,
        coinbaseAmounts: new Map([...computed.coinbaseAmounts].map(([tokenId, amount]) => [tokenId, amount + 1n])),
      }),
    }),
  },
  feeFault("fees go to nobody", {
    state: (state, { coinbase }) => ({
      addBalance: (address, tokenId, delta) =>
        state.addBalance(address, tokenId, bytesEqual(address, coinbase) ? 0n : delta),
    }),
  }),
  feeFault("half of the gas left is given back", {
    state: (state, { coinbase }) => ({
      addBalance: (address, tokenId, delta) =>
        state.addBalance(address, tokenId, !bytesEqual(address, coinbase) && delta > 0n ? delta / 2n : delta),
    }),
  }),
];

function receiptFault(
  name: string,
  receiptFields: readonly string[] | undefined,
  receipt: (receipt: Receipt) => Receipt,
): Fault {
  return { family: "receipts", name, fields: ONLY_RECEIPTS, receiptFields, parts: () => ({ receipt }) };
}

function logFault(
  name: string,
  fields: readonly string[] | undefined,
  state: (state: EvmState) => Partial<EvmState>,
): Fault {
  return { family: "receipts", name: `log: ${name}`, fields, parts: () => ({ state }) };
}

function cursorFault(name: string, cursor: (computed: ExecutionResult) => ExecutionResult["xshardCursor"]): Fault {
  const computed = (result: ExecutionResult) => ({ ...result, xshardCursor: cursor(result) });
  return { family: "cursor", name, fields: ["xshardCursor"], parts: () => ({ computed }) };
}

function payloadFault(
  family: Fault["family"],
  name: string,
  payload: (payload: ExecutionPayload) => ExecutionPayload,
): Fault {
  return { family, name, parts: () => ({ payload }) };
}

function feeFault(name: string, parts: FaultParts): Fault {
  return { family: "fees", name, parts: () => parts };
}
