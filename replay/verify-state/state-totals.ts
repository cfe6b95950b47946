import type { RowFault } from "../database/proved-rows.ts";

/** What a row of the state is for. */
export type StatePart = "state node" | "storage node" | "token node" | "code";

/** A row of the state that cannot be used; everything under it is not counted. */
export interface StateFault {
  readonly kind: RowFault;
  readonly part: StatePart;
  /** Key of the row, 64 hex digits. */
  readonly hash: string;
  /** Nibbles from the state's root: down to the row, or the whole keccak of the address that the row belongs to. */
  readonly path: string;
  readonly message: string;
}

export interface TokenSupply {
  readonly amount: bigint;
  /** Accounts with a balance above zero. */
  readonly holders: number;
}

/** Counts of a state or of a part of it. Plain data: it crosses threads. */
export interface StateTotals {
  accounts: number;
  /** Accounts with code. */
  contracts: number;
  storageSlots: number;
  /** Rows of the state, storage and token tries, each as often as it is referred to. */
  nodes: number;
  nodeBytes: number;
  /** By token id. */
  readonly supply: Map<bigint, TokenSupply>;
  /** Balances that token tries hold, by the keccak of the token id, hex: a trie does not say which token a leaf is of. */
  readonly hashedSupply: Map<string, TokenSupply>;
  /** Bytes of each code, by its hash, hex. */
  readonly codes: Map<string, number>;
  /** The first ones of them. */
  readonly faults: StateFault[];
  faultCount: number;
}

/** Faults that are kept; more are only counted: a state of which nothing is left must not fill the memory. */
export const MAX_FAULTS = 10_000;

export function noTotals(): StateTotals {
  return {
    accounts: 0,
    contracts: 0,
    storageSlots: 0,
    nodes: 0,
    nodeBytes: 0,
    supply: new Map(),
    hashedSupply: new Map(),
    codes: new Map(),
    faults: [],
    faultCount: 0,
  };
}

export function addSupply<K>(supply: Map<K, TokenSupply>, token: K, amount: bigint, holders: number): void {
  const known = supply.get(token);
  supply.set(token, { amount: (known?.amount ?? 0n) + amount, holders: (known?.holders ?? 0) + holders });
}

export function addFault(totals: StateTotals, fault: StateFault): void {
  totals.faultCount++;
  if (totals.faults.length < MAX_FAULTS) totals.faults.push(fault);
}

/** Adds the counts of another part of the same state. */
export function addTotals(totals: StateTotals, part: StateTotals): void {
  totals.accounts += part.accounts;
  totals.contracts += part.contracts;
  totals.storageSlots += part.storageSlots;
  totals.nodes += part.nodes;
  totals.nodeBytes += part.nodeBytes;
  for (const [token, { amount, holders }] of part.supply) addSupply(totals.supply, token, amount, holders);
  for (const [token, { amount, holders }] of part.hashedSupply) addSupply(totals.hashedSupply, token, amount, holders);
  for (const [hash, bytes] of part.codes) totals.codes.set(hash, bytes);
  for (const fault of part.faults) if (totals.faults.length < MAX_FAULTS) totals.faults.push(fault);
  totals.faultCount += part.faultCount;
}
