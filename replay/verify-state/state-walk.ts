import type { KeyValueReader } from "../../node/archive/key-value-reader.ts";
import { bytesEqual, bytesToBigInt, type Hash32, hashFromHex, toHex } from "../../node/codec/bytes.ts";
import { CodecError, DatabaseDamagedError } from "../../node/codec/errors.ts";
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY } from "../../node/codec/keccak.ts";
import { rlpString } from "../../node/codec/rlp.ts";
import { decodeAccount } from "../../node/el/state/account.ts";
import { readTokenField } from "../../node/el/state/token-field.ts";
import { type RowFault, readProvedRow } from "../database/proved-rows.ts";
import { type TrieVisitor, visitTrie } from "../database/visit-trie.ts";
import { addFault, addSupply, noTotals, type StatePart, type StateTotals } from "./state-totals.ts";

/** A part of a state trie: what hangs from one node, and the nibbles that lead there. */
export interface Subtree {
  /** 64 hex digits. */
  readonly hash: string;
  readonly path: string;
}

export interface StateWalkOptions {
  /** Told after each account. */
  readonly onAccount?: () => void;
  /** Asked to stop between accounts. */
  readonly shouldStop?: () => boolean;
}

/** Thrown and to be caught by the caller of a walk: the user wants to stop. */
export class WalkStopped extends Error {}

/** Goes through a state: every account with its tokens, code and storage. What is wrong is counted and walked around. */
export class StateWalk {
  readonly totals: StateTotals = noTotals();
  readonly #rows: KeyValueReader;
  readonly #options: StateWalkOptions;

  constructor(rows: KeyValueReader, options: StateWalkOptions = {}) {
    this.#rows = rows;
    this.#options = options;
  }

  /** Walks everything under a node of the state trie. */
  walk({ hash, path }: Subtree): void {
    this.#visit(hash, path, undefined);
  }

  /** Walks the top of a state trie and answers with the parts below `depth` nibbles. */
  split(stateRoot: Hash32, depth: number): Subtree[] {
    const subtrees: Subtree[] = [];
    this.#visit(toHex(stateRoot), "", (hash, path) => {
      if (path.length < depth) return false;
      subtrees.push({ hash: toHex(hash), path });
      return true;
    });
    return subtrees;
  }

  #visit(hash: string, path: string, keepForLater: TrieVisitor["skip"]): void {
    visitTrie(this.#rows, hashFromHex(hash), path, {
      skip: keepForLater,
      ...this.#counting("state node", undefined),
      leaf: (key, value) => this.#account(key, value),
    });
  }

  #account(key: string, value: Uint8Array): void {
    if (this.#options.shouldStop?.()) throw new WalkStopped();
    this.#readable("state node", key, value, () => {
      const { codeHash, storageRoot, tokenBalances } = decodeAccount(value);
      this.totals.accounts++;
      this.#tokens(key, tokenBalances);
      this.#code(key, codeHash);
      this.#storage(key, storageRoot);
    });
    this.#options.onAccount?.();
  }

  #tokens(account: string, encoded: Uint8Array): void {
    const field = readTokenField(encoded);
    if (field.form === "list") {
      for (const [token, amount] of field.balances) if (amount > 0n) addSupply(this.totals.supply, token, amount, 1);
      return;
    }
    visitTrie(this.#rows, field.root, "", {
      ...this.#counting("token node", account),
      leaf: (key, value) => {
        this.#readable("token node", account, value, () => {
          const amount = bytesToBigInt(rlpString(value, "token balance"));
          if (amount > 0n) addSupply(this.totals.hashedSupply, key, amount, 1);
        });
      },
    });
  }

  #code(account: string, codeHash: Hash32): void {
    if (bytesEqual(codeHash, KECCAK_EMPTY)) return;
    this.totals.contracts++;
    const hash = toHex(codeHash);
    if (this.totals.codes.has(hash)) return;
    const row = readProvedRow(this.#rows, codeHash);
    if ("fault" in row) this.#fault(row.fault, "code", hash, account, row.message);
    else this.totals.codes.set(hash, row.bytes.length);
  }

  #storage(account: string, storageRoot: Hash32): void {
    if (bytesEqual(storageRoot, EMPTY_TRIE_ROOT)) return;
    visitTrie(this.#rows, storageRoot, "", {
      ...this.#counting("storage node", account),
      leaf: (_key, value) => {
        this.#readable("storage node", account, value, () => {
          rlpString(value, "storage slot");
          this.totals.storageSlots++;
        });
      },
    });
  }

  /** Nodes of an account's tries are named by the account: that is where people can look for them. */
  #counting(part: StatePart, account: string | undefined): Pick<TrieVisitor, "node" | "fault"> {
    return {
      node: (bytes) => {
        this.totals.nodes++;
        this.totals.nodeBytes += bytes;
      },
      fault: (kind, hash, path, message) => this.#fault(kind, part, toHex(hash), account ?? path, message),
    };
  }

  /** A leaf that proves itself and still cannot be read was written that way. */
  #readable(part: StatePart, path: string, value: Uint8Array, read: () => void): void {
    try {
      read();
    } catch (error) {
      if (!(error instanceof CodecError) && !(error instanceof DatabaseDamagedError)) throw error;
      this.#fault("unreadable", part, toHex(value), path, error.message);
    }
  }

  #fault(kind: RowFault, part: StatePart, hash: string, path: string, message: string): void {
    addFault(this.totals, { kind, part, hash, path, message });
  }
}
