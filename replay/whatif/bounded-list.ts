/** The first items of a list and the number of the others: it stays small however long a chain is. */
export class BoundedList<T> {
  readonly items: T[] = [];
  readonly #most: number;
  #omittedCount = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get omitted(): number {
    return this.#omittedCount;
  }

  add(item: T): void {
    if (this.items.length < this.#most) this.items.push(item);
    else this.#omittedCount++;
  }
}
