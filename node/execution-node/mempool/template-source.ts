import { type Address, bytesKey } from "../../codec/bytes.ts";
import type { TransactionSource } from "../../el/transactions/fill-block.ts";
import type { PooledTransaction } from "./transaction-queue.ts";

/**
 * Gives a block's transactions out of a queue: the first in order whose nonce is next and whose start gas fits, again
 * and again (pyquarkchain evm/transaction_queue.py pop_transaction). Each is looked at once, and once more when the
 * nonce that it waited for came up, however many there are.
 */
export class TemplateSource implements TransactionSource<PooledTransaction> {
  /** Whose nonce is used up. */
  readonly outdated: PooledTransaction[] = [];
  readonly #ordered: readonly PooledTransaction[];
  /** By sender and nonce, places in the order. */
  readonly #waiting = new Map<string, Map<bigint, number[]>>();
  /** Places behind the cursor whose nonce came up, ascending. */
  #ready: number[] = [];
  #cursor = 0;
  #given: PooledTransaction | undefined;

  /** `ordered`: best first. */
  constructor(ordered: readonly PooledTransaction[]) {
    this.#ordered = ordered;
  }

  next(nonceOf: (sender: Address) => bigint, gasLeft: bigint): PooledTransaction | undefined {
    if (this.#given !== undefined) this.#wake(this.#given, nonceOf);
    for (;;) {
      const place = this.#ready.shift() ?? this.#cursor++;
      if (place >= this.#ordered.length) return undefined;
      const pooled = this.#ordered[place];
      const { nonce, startGas } = pooled.transaction;
      const due = nonceOf(pooled.sender);
      if (nonce === due && startGas <= gasLeft) {
        this.#given = pooled;
        return pooled;
      }
      if (nonce < due) this.outdated.push(pooled);
      else this.#wait(pooled, place);
    }
  }

  #wait({ sender, transaction }: PooledTransaction, place: number): void {
    const key = bytesKey(sender);
    const nonces = this.#waiting.get(key) ?? new Map<bigint, number[]>();
    this.#waiting.set(key, nonces);
    const places = nonces.get(transaction.nonce);
    if (places === undefined) nonces.set(transaction.nonce, [place]);
    else places.push(place);
  }

  /** What waited for the nonce that is due now, and what was too large and is outdated now, gets another look. */
  #wake({ sender, transaction }: PooledTransaction, nonceOf: (sender: Address) => bigint): void {
    const nonces = this.#waiting.get(bytesKey(sender));
    const due = nonceOf(sender);
    if (nonces === undefined || due === transaction.nonce) return;
    const woken = [transaction.nonce, due].flatMap((nonce) => nonces.get(nonce) ?? []);
    if (woken.length === 0) return;
    nonces.delete(transaction.nonce);
    nonces.delete(due);
    this.#ready = [...this.#ready, ...woken].sort((a, b) => a - b);
  }
}
