import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { decodeEvmTransaction } from "../../chain/evm-transaction.ts";
import { recoverSender } from "../../chain/sender.ts";
import { readTypedTransaction, type TypedTransaction } from "../../chain/typed-transaction.ts";
import { addressFromHex, fromHex, type Hash32, toHex } from "../../codec/bytes.ts";
import { EMPTY_TRIE_ROOT } from "../../codec/keccak.ts";
import { WireReader } from "../../codec/wire.ts";
import type { NodeStore } from "../../el/state/node-store.ts";
import { WorldState } from "../../el/state/world-state.ts";
import type { NewTransaction } from "./transaction-queue.ts";

/** Readers for fixtures/pool: see the README there. */
export interface QueueCase {
  readonly limit: number;
  readonly operations: readonly QueueOperation[];
}

interface QueueOperation {
  /** A transaction in its wrapper, as hex. */
  readonly add?: string;
  readonly diff?: readonly string[];
  /** Gas of a block to fill. */
  readonly template?: number;
  readonly taken?: readonly string[];
  /** Of each sender, by address. */
  readonly nonces: Record<string, number>;
  /** First 4 bytes of the hashes in the queue afterwards. */
  readonly order: readonly string[];
}

export interface AdmissionCase {
  readonly name: string;
  /** The text of a cluster_config.json. */
  readonly config: string;
  readonly fullShardId: number;
  readonly accounts: Record<string, { readonly nonce: number; readonly balances: Record<string, string> }>;
  readonly tip: {
    readonly height: number;
    readonly createTime: number;
    readonly difficulty: string;
    readonly gasLimit: string;
  };
  readonly reachable: readonly number[];
  readonly rows: readonly { readonly title: string; readonly typed: string; readonly answer: boolean }[];
}

export function readPoolVectors<T>(name: string): T {
  const path = fileURLToPath(new URL(`../../../fixtures/pool/${name}.json.gz`, import.meta.url));
  return JSON.parse(gunzipSync(readFileSync(path)).toString("utf8")) as T;
}

export function typedOf(hex: string): TypedTransaction {
  return readTypedTransaction(new WireReader(fromHex(hex)));
}

export function newTransactionOf(hex: string): NewTransaction {
  const typed = typedOf(hex);
  const transaction = decodeEvmTransaction(typed.rlp);
  const sender = recoverSender(transaction);
  if (sender === undefined) throw new Error("a vector's transaction has no sender");
  return { typed, transaction, sender };
}

export function shortHash({ typed }: Pick<NewTransaction, "typed">): string {
  return toHex(typed.hash).slice(0, 8);
}

export interface TemplateCase {
  readonly config: string;
  readonly fullShardId: number;
  readonly accounts: AdmissionCase["accounts"];
  readonly createTime: number;
  readonly gasLimit: string;
  readonly leastGasPrice: string;
  /** In the order of their arrival. */
  readonly pooled: readonly string[];
  readonly taken: readonly string[];
  readonly gasUsed: string;
  /** The queue afterwards. */
  readonly order: readonly string[];
}

/** Root of a state that holds the accounts. */
export function stateWith(nodes: NodeStore, accounts: AdmissionCase["accounts"]): Hash32 {
  const state = new WorldState(nodes, EMPTY_TRIE_ROOT);
  for (const [address, { nonce, balances }] of Object.entries(accounts)) {
    state.setNonce(addressFromHex(address), BigInt(nonce));
    for (const [token, amount] of Object.entries(balances)) {
      state.addBalance(addressFromHex(address), BigInt(token), BigInt(amount));
    }
  }
  return state.commit();
}
