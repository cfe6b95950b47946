import type { EvmTransaction } from "../../chain/evm-transaction.ts";
import type { TypedTransaction } from "../../chain/typed-transaction.ts";
import { type Address, bytesKey, type Hash32 } from "../../codec/bytes.ts";

/** A transaction that waits for a block. */
export interface PooledTransaction {
  readonly typed: TypedTransaction;
  readonly transaction: EvmTransaction;
  readonly sender: Address;
  /** Counts up with each transaction that is stored. */
  readonly arrival: number;
  /** Milliseconds since 1970. */
  readonly arrivedAt: number;
}

export type NewTransaction = Pick<PooledTransaction, "typed" | "transaction" | "sender">;

/**
 * Transactions by gas price, whatever its token, then by arrival (pyquarkchain evm/transaction_queue.py
 * TransactionQueue). A sender may have several with one nonce. Where it is full, the newest of the lowest price leaves,
 * or the newcomer is not stored when its price is lower still.
 *
 * Other than there, those that no block can hold yet, because a nonce before theirs is missing, leave first: invented
 * signatures with nonces ahead would fill the pool for ever.
 */
export class TransactionQueue {
  readonly #capacity: number;
  readonly #byHash = new Map<string, PooledTransaction>();
  readonly #bySender = new Map<string, Map<bigint, PooledTransaction[]>>();
  /** Those before which a nonce is missing. */
  readonly #waiting = new Set<PooledTransaction>();
  #ordered: PooledTransaction[] = [];
  #arrivals = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#ordered.length;
  }

  /** How many were stored so far. */
  get arrivals(): number {
    return this.#arrivals;
  }

  find(hash: Hash32): PooledTransaction | undefined {
    return this.#byHash.get(bytesKey(hash));
  }

  /** Best price first. The list is the caller's. */
  ordered(): PooledTransaction[] {
    return [...this.#ordered];
  }

  /** False where it was not stored: it is there already, or the queue is full of better ones. */
  add(added: NewTransaction, now: number, isAhead: boolean): boolean {
    if (this.find(added.typed.hash) !== undefined) return false;
    if (this.size >= this.#capacity && !this.#makeRoom(added.transaction.gasPrice)) return false;
    this.#insert({ ...added, arrival: this.#arrivals++, arrivedAt: now }, isAhead);
    return true;
  }

  /** Takes away all with this sender and nonce: one of them is in the chain now. */
  removeNonce(sender: Address, nonce: bigint): void {
    for (const pooled of [...(this.#bySender.get(bytesKey(sender))?.get(nonce) ?? [])]) this.remove(pooled);
  }

  remove(pooled: PooledTransaction): void {
    if (this.#byHash.get(bytesKey(pooled.typed.hash)) !== pooled) return;
    this.#byHash.delete(bytesKey(pooled.typed.hash));
    this.#waiting.delete(pooled);
    this.#ordered.splice(this.#placeOf(pooled), 1);
    const sender = bytesKey(pooled.sender);
    const nonces = this.#bySender.get(sender);
    const rest = nonces?.get(pooled.transaction.nonce)?.filter((other) => other !== pooled) ?? [];
    if (rest.length > 0) nonces?.set(pooled.transaction.nonce, rest);
    else nonces?.delete(pooled.transaction.nonce);
    if (nonces?.size === 0) this.#bySender.delete(sender);
  }

  /** Lets go of those that came before a time and still miss a nonce before theirs. */
  expire(before: number): void {
    for (const pooled of [...this.#waiting]) if (pooled.arrivedAt < before) this.remove(pooled);
  }

  /** Behind all others of its price, as if it had come now. */
  moveBack(pooled: PooledTransaction): void {
    if (this.find(pooled.typed.hash) !== pooled) return;
    const isAhead = this.#waiting.has(pooled);
    this.remove(pooled);
    this.#insert({ ...pooled, arrival: this.#arrivals++ }, isAhead);
  }

  #makeRoom(price: bigint): boolean {
    const last = this.#newestWaiting() ?? (this.#ordered.at(-1) as PooledTransaction);
    if (!this.#waiting.has(last) && price < last.transaction.gasPrice) return false;
    this.remove(last);
    return true;
  }

  /** Of the lowest price. */
  #newestWaiting(): PooledTransaction | undefined {
    if (this.#waiting.size === 0) return undefined;
    return this.#ordered.findLast((pooled) => this.#waiting.has(pooled));
  }

  #insert(pooled: PooledTransaction, isAhead: boolean): void {
    const { nonce } = pooled.transaction;
    const sender = bytesKey(pooled.sender);
    const nonces = this.#bySender.get(sender) ?? new Map<bigint, PooledTransaction[]>();
    this.#bySender.set(sender, nonces);
    nonces.set(nonce, [...(nonces.get(nonce) ?? []), pooled]);
    this.#byHash.set(bytesKey(pooled.typed.hash), pooled);
    this.#ordered.splice(this.#placeOf(pooled), 0, pooled);
    if (isAhead && !this.#isConnected(nonces, nonce)) this.#waiting.add(pooled);
    else this.#connect(nonces, nonce + 1n);
  }

  #isConnected(nonces: ReadonlyMap<bigint, PooledTransaction[]>, nonce: bigint): boolean {
    return nonces.get(nonce - 1n)?.some((before) => !this.#waiting.has(before)) ?? false;
  }

  /** Those behind a transaction that a block can hold can be held, too. */
  #connect(nonces: ReadonlyMap<bigint, PooledTransaction[]>, first: bigint): void {
    for (let nonce = first; ; nonce++) {
      const following = nonces.get(nonce);
      if (following === undefined) return;
      for (const pooled of following) this.#waiting.delete(pooled);
    }
  }

  /** Where it stands, or would. */
  #placeOf(pooled: PooledTransaction): number {
    let low = 0;
    let high = this.#ordered.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.#ordered[middle], pooled)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isBefore(one: PooledTransaction, other: PooledTransaction): boolean {
  const price = one.transaction.gasPrice;
  const otherPrice = other.transaction.gasPrice;
  return price === otherPrice ? one.arrival < other.arrival : price > otherPrice;
}
