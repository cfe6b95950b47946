import type { Receipt } from "../../../node/chain/receipt.ts";
import type { TokenBalances } from "../../../node/chain/token-balances.ts";
import { bytesEqual, type Hash32 } from "../../../node/codec/bytes.ts";
import { keccak256 } from "../../../node/codec/keccak.ts";
import type { NodeStore } from "../../../node/el/state/node-store.ts";
import { readPreAccount, slotKey, type TouchedEntries } from "./case-state.ts";
import type { AccountAfter, Outcome, OutcomeUnit, PreAccount } from "./format.ts";
import type { CaseRun } from "./run-case.ts";

/** Entries of a state by address. */
export type StateEntries = ReadonlyMap<string, AccountEntries>;

export interface AccountEntries extends TouchedEntries {
  readonly nonce: boolean;
  readonly code: boolean;
  readonly fullShardKey: boolean;
}

/** What came out, looked at where `entries` point in the state. */
export function outcomeOf({ result, nodes }: Pick<CaseRun, "result" | "nodes">, entries: StateEntries): Outcome {
  if (result.status === "INVALID") {
    const { transactionIndex, reason } = result.rejection;
    return { status: "INVALID", transactionIndex: transactionIndex ?? null, reason };
  }
  const { computed } = result;
  return {
    status: "EXECUTED",
    units: unitsOf(computed.receipts, computed.senders.length),
    gasUsed: computed.gasUsed,
    xshardReceiveGasUsed: computed.xshardReceiveGasUsed,
    xshardCursor: computed.xshardCursor,
    depositsConsumed: computed.depositsConsumed,
    coinbaseAmounts: amountsOf(computed.coinbaseAmounts),
    xshardSends: [...computed.xshardSends],
    senders: [...computed.senders],
    bloom: bitsOf(computed.bloom),
    receiptRoot: computed.receiptRoot,
    stateRoot: computed.stateRoot,
    state: stateAfter(nodes, computed.stateRoot, entries),
  };
}

/** Entries that an execution left otherwise than they were. */
export function changedEntries(run: CaseRun, pre: Readonly<Record<string, PreAccount>>): StateEntries {
  if (run.result.status === "INVALID") return new Map();
  const { stateRoot } = run.result.computed;
  const changed = new Map<string, AccountEntries>();
  for (const [address, touched] of run.touched.accounts) {
    const before = pre[address];
    const after = readPreAccount(run.nodes, stateRoot, address, withTokens(touched, before));
    const entries = entriesBetween(before, after);
    if (entries !== undefined) changed.set(address, entries);
  }
  return changed;
}

export function unionOf(all: readonly StateEntries[]): StateEntries {
  const union = new Map<string, AccountEntries>();
  for (const entries of all) {
    for (const [address, account] of entries) {
      const known = union.get(address);
      union.set(address, known === undefined ? account : joined(known, account));
    }
  }
  return new Map([...union].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The entries that an outcome speaks of. */
export function entriesOf(outcome: Outcome): StateEntries {
  if (outcome.status === "INVALID") return new Map();
  return new Map(
    Object.entries(outcome.state ?? {}).map(([address, account]) => [
      address,
      {
        nonce: account?.nonce !== undefined,
        code: account?.codeHash !== undefined,
        fullShardKey: account?.fullShardKey !== undefined,
        tokens: new Set(Object.keys(account?.balances ?? {}).map(BigInt)),
        slots: new Set(Object.keys(account?.storage ?? {}).map(BigInt)),
      },
    ]),
  );
}

export function stateAfter(nodes: NodeStore, root: Hash32, entries: StateEntries): Record<string, AccountAfter | null> {
  const state: Record<string, AccountAfter | null> = {};
  for (const [address, wanted] of entries) {
    const account = readPreAccount(nodes, root, address, wanted);
    state[address] = account === undefined ? null : projected(account, wanted);
  }
  return state;
}

/** `receipts`: of transactions first, as execution results have them. */
export function unitsOf(receipts: readonly Receipt[], transactionCount: number): OutcomeUnit[] {
  const transactions = receipts
    .slice(0, transactionCount)
    .map((receipt, index) => unitOf("transaction", index, receipt));
  const deposits = receipts.slice(transactionCount).map((receipt, index) => unitOf("deposit", index, receipt));
  return [...deposits, ...transactions];
}

function unitOf(kind: OutcomeUnit["kind"], index: number, receipt: Receipt): OutcomeUnit {
  const { success, cumulativeGasUsed, logs, contractAddress, contractFullShardKey } = receipt;
  return {
    kind,
    index,
    success,
    cumulativeGasUsed,
    logs: logs.map(({ address, topics, data }) => ({ address, topics: [...topics], data })),
    bloom: bitsOf(receipt.bloom),
    contractAddress,
    contractFullShardKey,
  };
}

export function amountsOf(balances: TokenBalances): Record<string, bigint> {
  const rows = [...balances].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(rows.map(([tokenId, amount]) => [String(tokenId), amount]));
}

/** Numbers of the bits that are set in a bloom filter, as receipt.ts counts them. */
export function bitsOf(bloom: Uint8Array): number[] {
  const bits: number[] = [];
  for (let bit = 0; bit < 8 * bloom.length; bit++) {
    if ((bloom[bloom.length - 1 - (bit >> 3)] & (1 << (bit & 7))) !== 0) bits.push(bit);
  }
  return bits;
}

function projected(account: PreAccount, wanted: AccountEntries): AccountAfter {
  return {
    ...(wanted.nonce ? { nonce: account.nonce } : {}),
    ...(wanted.tokens.size > 0 ? { balances: valuesOf(account.balances, [...wanted.tokens].map(String)) } : {}),
    ...(wanted.code ? { codeHash: keccak256(account.code) } : {}),
    ...(wanted.slots.size > 0 ? { storage: valuesOf(account.storage, [...wanted.slots].map(slotKey)) } : {}),
    ...(wanted.fullShardKey ? { fullShardKey: account.fullShardKey } : {}),
  };
}

function valuesOf(values: Readonly<Record<string, bigint>>, keys: readonly string[]): Record<string, bigint> {
  return Object.fromEntries(keys.map((key) => [key, values[key] ?? 0n]));
}

/** The tokens of an account's list count even where only a deletion took them away. */
function withTokens(touched: TouchedEntries, before: PreAccount | undefined): TouchedEntries {
  const tokens = new Set([...touched.tokens, ...Object.keys(before?.balances ?? {}).map(BigInt)]);
  const slots = new Set([...touched.slots, ...Object.keys(before?.storage ?? {}).map(BigInt)]);
  return { tokens, slots };
}

/** Entries in which two versions of an account differ; undefined where they do not. */
export function entriesBetween(
  before: PreAccount | undefined,
  after: PreAccount | undefined,
): AccountEntries | undefined {
  const tokens = changedKeys(before?.balances ?? {}, after?.balances ?? {});
  const slots = changedKeys(before?.storage ?? {}, after?.storage ?? {});
  const entries = {
    nonce: (before?.nonce ?? 0n) !== (after?.nonce ?? 0n),
    code: !bytesEqual(before?.code ?? NO_CODE, after?.code ?? NO_CODE),
    fullShardKey: before?.fullShardKey !== after?.fullShardKey,
    tokens: new Set(tokens.map(BigInt)),
    slots: new Set(slots.map(BigInt)),
  };
  const isChanged = entries.nonce || entries.code || entries.fullShardKey || tokens.length > 0 || slots.length > 0;
  return isChanged ? entries : undefined;
}

const NO_CODE = new Uint8Array(0);

function changedKeys(before: Readonly<Record<string, bigint>>, after: Readonly<Record<string, bigint>>): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => (before[key] ?? 0n) !== (after[key] ?? 0n));
}

function joined(a: AccountEntries, b: AccountEntries): AccountEntries {
  return {
    nonce: a.nonce || b.nonce,
    code: a.code || b.code,
    fullShardKey: a.fullShardKey || b.fullShardKey,
    tokens: new Set([...a.tokens, ...b.tokens]),
    slots: new Set([...a.slots, ...b.slots]),
  };
}
