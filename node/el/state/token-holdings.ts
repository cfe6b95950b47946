import { ownBytes } from "../../codec/byte-slab.ts";
import {
  asHash32,
  bigIntToBytes,
  bytesEqual,
  concatBytes,
  EMPTY_BYTES,
  mostBytes,
  putMinimalBytesBefore,
  toHex,
} from "../../codec/bytes.ts";
import { CodecError, DatabaseDamagedError } from "../../codec/errors.ts";
import { EMPTY_TRIE_ROOT } from "../../codec/keccak.ts";
import { putListHeaderBefore, putStringHeaderBefore, rlpListItems, uintFromPayload } from "../../codec/rlp.ts";
import { Trie } from "../trie/trie.ts";
import type { WarmNodes } from "../trie/warm-nodes.ts";
import type { NodeStore } from "./node-store.ts";
import { numberTrieKey, readNumber, writeNumber } from "./number-trie.ts";

const LIST_FORM = 0;
const TRIE_FORM = 1;
/** The form and a list's header at its longest. */
const LIST_BYTES = 1 + 9;
/** The headers of two numbers and of their list at their longest. */
const PAIR_BYTES = 3 * 9;

let draft = new Uint8Array(1024);

/** The rows of an account's token trie are not there: its nonce, code and storage may be, its balances are lost. */
export class LostTokenTrieError extends DatabaseDamagedError {}

/** Balances of one account at some time. */
export interface Held {
  readonly balances: ReadonlyMap<bigint, bigint>;
  readonly trie: Trie | undefined;
}

/**
 * Whether an account's token_balances field names a token trie whose root is not stored, or altered. goquarkchain
 * leaves such fields: it never writes the trie with the state (core/state/statedb.go Commit).
 */
export function isTokenTrieLost(store: NodeStore, encoded: Uint8Array): boolean {
  if (encoded[0] !== TRIE_FORM) return false;
  const root = asHash32(encoded.subarray(1));
  if (bytesEqual(root, EMPTY_TRIE_ROOT)) return false;
  try {
    store.get(root);
    return false;
  } catch (error) {
    if (!(error instanceof DatabaseDamagedError)) throw error;
    return true;
  }
}

/**
 * Token balances of an account (pyquarkchain state.py TokenBalances): all of them in memory, or the ones in use in
 * front of a token trie. An entry of zero is not the same as no entry: see `encode`.
 */
export class TokenHoldings {
  readonly #store: NodeStore;
  readonly #nodes: WarmNodes;
  #balances = new Map<bigint, bigint>();
  #trie: Trie | undefined;

  /** `encoded`: the account's token_balances field. Throws CodecError when it follows no known form. */
  constructor(store: NodeStore, nodes: WarmNodes, encoded: Uint8Array) {
    this.#store = store;
    this.#nodes = nodes;
    if (encoded.length === 0) return;
    const content = encoded.subarray(1);
    if (encoded[0] === LIST_FORM) this.#readList(content);
    else if (encoded[0] === TRIE_FORM) this.#trie = new Trie(store, asHash32(content), nodes);
    else throw new CodecError(`token balances of unknown form ${encoded[0]}`);
  }

  /** Non-zero balances found in the token trie stay in memory, zeros do not (state.py TokenBalances.balance). */
  balance(tokenId: bigint): bigint {
    const known = this.#balances.get(tokenId);
    if (known !== undefined) return known;
    if (this.#trie === undefined) return 0n;
    const balance = readToken(this.#trie, tokenId);
    if (balance !== 0n) this.#balances.set(tokenId, balance);
    return balance;
  }

  /** Balances in memory, zeros among them; with a token trie not all there are. */
  get entries(): ReadonlyMap<bigint, bigint> {
    return this.#balances;
  }

  get hasTrie(): boolean {
    return this.#trie !== undefined;
  }

  /** Also how a change is taken back: the entry stays, with its old number (state.py TokenBalances.set_balance). */
  set(tokenId: bigint, balance: bigint): void {
    this.#balances.set(tokenId, balance);
  }

  /** Whether the balance is in memory, be it zero. */
  hasEntry(tokenId: bigint): boolean {
    return this.#balances.has(tokenId);
  }

  dropEntry(tokenId: bigint): void {
    this.#balances.delete(tokenId);
  }

  /**
   * Drops all balances and returns the token trie for `restoreTrie`. Taking a reset back does not bring the entries
   * in memory back: the journal of state.py TokenBalances.reset restores `_balance`, a name nothing reads.
   */
  reset(): Trie | undefined {
    const trie = this.#trie;
    this.#balances = new Map();
    this.#trie = undefined;
    return trie;
  }

  /** A copy of what is in memory, with the token trie or, as if there were none, without it. */
  held(withTrie: boolean): Held {
    return { balances: new Map(this.#balances), trie: withTrie ? this.#trie : undefined };
  }

  restore({ balances, trie }: Held): void {
    this.#balances = new Map(balances);
    this.#trie = trie;
  }

  restoreTrie(trie: Trie | undefined): void {
    this.#trie = trie;
  }

  /** No non-zero balance; one with a token trie is never blank, whatever the trie holds (state.py is_blank). */
  isBlank(): boolean {
    return this.#trie === undefined && this.#nonZeroEntries() === 0;
  }

  /** Writes the token trie if there is one or has to be one from now on. */
  commit(threshold: number): void {
    if (this.#trie === undefined && this.#nonZeroEntries() <= threshold) return;
    this.#trie ??= new Trie(this.#store, EMPTY_TRIE_ROOT, this.#nodes);
    for (const [tokenId, balance] of this.#balances) {
      writeNumber(this.#trie, tokenId, balance);
      // Whoever lists the account has to find the token behind its hash (securetrie.py SecureTrie.update).
      if (balance > 0n) this.#store.put(numberTrieKey(tokenId), bigIntToBytes(tokenId, 32));
    }
    this.#trie.commit();
    this.#balances = new Map();
  }

  /**
   * The account's token_balances field; to be called after `commit`. Empty only without any entry: entries that are
   * all zero, even left behind by a change that was taken back, give `00 c0` (state.py TokenBalances.serialize).
   */
  encode(zerosLeaveList: boolean): Uint8Array {
    if (this.#trie !== undefined) return concatBytes(Uint8Array.of(TRIE_FORM), this.#trie.rootHash);
    if (this.#balances.size === 0) return EMPTY_BYTES;
    const tokens: bigint[] = [];
    let most = LIST_BYTES;
    for (const [tokenId, balance] of this.#balances) {
      if (balance <= 0n) continue;
      tokens.push(tokenId);
      most += PAIR_BYTES + mostBytes(tokenId) + mostBytes(balance);
    }
    if (tokens.length === 0 && !zerosLeaveList) return EMPTY_BYTES;
    if (tokens.length > 1) tokens.sort((a, b) => (a < b ? -1 : 1));
    if (draft.length < most) draft = new Uint8Array(2 * most);
    return this.#encodeList(tokens);
  }

  /** Written from its end, where the lengths are known. */
  #encodeList(tokens: readonly bigint[]): Uint8Array {
    const end = draft.length;
    let at = end;
    for (let i = tokens.length - 1; i >= 0; i--) {
      const pairEnd = at;
      at = putStringHeaderBefore(draft, putMinimalBytesBefore(draft, at, this.#balances.get(tokens[i]) as bigint), at);
      at = putStringHeaderBefore(draft, putMinimalBytesBefore(draft, at, tokens[i]), at);
      at = putListHeaderBefore(draft, at, pairEnd);
    }
    at = putListHeaderBefore(draft, at, end);
    draft[--at] = LIST_FORM;
    return ownBytes(draft, at, end);
  }

  #readList(content: Uint8Array): void {
    for (const pair of rlpListItems(content, "token balances")) {
      const fields = rlpListItems(pair, "token balance pair");
      if (fields.length !== 2) throw new CodecError(`a token balance pair has 2 fields, got ${fields.length}`);
      this.#balances.set(uintFromPayload(fields[0], "token id"), uintFromPayload(fields[1], "token balance"));
    }
  }

  #nonZeroEntries(): number {
    let count = 0;
    for (const balance of this.#balances.values()) if (balance > 0n) count++;
    return count;
  }
}

function readToken(trie: Trie, tokenId: bigint): bigint {
  try {
    return readNumber(trie, tokenId);
  } catch (error) {
    if (!(error instanceof DatabaseDamagedError) || error.location.key !== toHex(trie.rootHash)) throw error;
    const message = "missing row: the token trie of an account, which holds its balances, is not stored";
    throw new LostTokenTrieError(message, error.location, { cause: error });
  }
}
