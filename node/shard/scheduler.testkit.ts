/** Uniform in [0, 1), the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Whoever waits belongs to somebody who may die; what is done while waiting may fail. */
interface Waiting {
  readonly owner: Owner;
  readonly what: string;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A process of the simulation: what waits in its name never comes back once it is dead. */
export class Owner {
  readonly name: string;
  isDead = false;

  constructor(name: string) {
    this.name = name;
  }
}

export class SimulatedFailure extends Error {}

/**
 * Decides who goes on next where several wait: all of the simulation's waits are here, and one of them is released at a
 * time, chosen by the seed. Nothing else has a clock.
 */
export class Scheduler {
  readonly random: () => number;
  readonly trace: string[] = [];
  #waiting: Waiting[] = [];
  readonly #tasks = new Set<{ readonly owner: Owner; readonly what: string }>();
  readonly #failures: unknown[] = [];

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** Waits for its turn; with a chance of `fails` it is a failure. */
  pause(owner: Owner, what: string, fails = 0): Promise<void> {
    if (owner.isDead) return new Promise<never>(() => {});
    return new Promise((resolve, reject) => {
      const isFailing = this.random() < fails;
      const settle = isFailing ? () => reject(new SimulatedFailure(`${what} failed`)) : resolve;
      this.#waiting.push({ owner, what, resolve: settle, reject });
    });
  }

  /** A task that has to come to its end, unless its owner dies. */
  spawn(owner: Owner, what: string, task: () => Promise<void>): void {
    const running = { owner, what };
    this.#tasks.add(running);
    void this.pause(owner, what)
      .then(task)
      .catch((error: unknown) => {
        if (!owner.isDead) this.#failures.push(error);
      })
      .finally(() => {
        this.#tasks.delete(running);
      });
  }

  /** What waits in its name fails, for those who wait for it from outside; it waits for nothing any more. */
  kill(owner: Owner): void {
    owner.isDead = true;
    const lost = this.#waiting.filter((waiting) => waiting.owner === owner);
    this.#waiting = this.#waiting.filter((waiting) => waiting.owner !== owner);
    for (const { reject, what } of lost) reject(new SimulatedFailure(`${what} was cut off`));
  }

  /** Runs until nothing waits. Throws the first failure; `after` is called between any two steps. */
  async run(after: () => void): Promise<void> {
    for (;;) {
      // Everything that needs no turn comes to its next wait.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#failures.length > 0) throw this.#failures[0];
      after();
      if (this.#waiting.length === 0) return this.#assertAllEnded();
      const [next] = this.#waiting.splice(Math.floor(this.random() * this.#waiting.length), 1);
      this.trace.push(`${next.owner.name}: ${next.what}`);
      next.resolve();
    }
  }

  #assertAllEnded(): void {
    const stuck = [...this.#tasks].filter(({ owner }) => !owner.isDead).map(({ what }) => what);
    if (stuck.length > 0) throw new Error(`nobody waits for a turn, and ${stuck.length} tasks never end: ${stuck}`);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)];
  }
}
