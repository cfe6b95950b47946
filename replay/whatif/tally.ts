import type { Range } from "../report/schema.ts";
import type { BlockOutcome } from "./block-whatif.ts";
import { BoundedList } from "./bounded-list.ts";
import type { BlockChange, Change, Group, WhatifCounts, WhatifRange } from "./schema.ts";

/** Changes listed one by one, by range and in all; the others are counted. */
export const MAX_LISTED = 100_000;
/** Findings and changes of whole blocks, of each kind, listed one by one by range; a warning gives the number of the others. */
const MAX_FINDINGS = 1000;
/** Changes of each switch of which a range says what the switch changes first. */
const EXAMPLES = 5;
const MORE_WARNINGS = "there are more warnings than are listed";

export const NO_COUNTS: WhatifCounts = {
  minorBlocks: 0,
  transactions: 0,
  deposits: 0,
  changedBlocks: 0,
  invalidBlocks: 0,
  changedTransactions: 0,
  changedDeposits: 0,
  newlyFailing: 0,
  newlySucceeding: 0,
  refused: 0,
  consequences: 0,
  gasBefore: "0",
  gasAfter: "0",
};

type Place = Pick<Change, "fullShardId" | "height" | "hash" | "rootHeight">;
type Finding = WhatifRange["damage"][number];

/** Counts and keeps what the blocks of one range would be. */
export class Tally {
  readonly #counts: WhatifCounts = { ...NO_COUNTS };
  readonly #groups = new Map<string, Group>();
  readonly #changes = new BoundedList<Change>(MAX_LISTED);
  readonly #blockChanges = new BoundedList<BlockChange>(MAX_FINDINGS);
  readonly #unsupported = new BoundedList<Finding>(MAX_FINDINGS);
  readonly #damage = new BoundedList<Finding>(MAX_FINDINGS);
  readonly #warnings = new Set<string>();
  readonly #examples = new Map<string, number>();

  countBlock(transactions: number, deposits: number): void {
    this.#counts.minorBlocks++;
    this.#counts.transactions += transactions;
    this.#counts.deposits += deposits;
  }

  /** Whether what these switches change in a transaction is to be said; counts it as one that says so. */
  readonly isExample = (switches: readonly string[]): boolean => {
    const wanting = switches.filter((name) => (this.#examples.get(name) ?? 0) < EXAMPLES);
    for (const name of wanting) this.#examples.set(name, (this.#examples.get(name) ?? 0) + 1);
    return wanting.length > 0;
  };

  addBlock(place: Place, { units, block, consequences, isChanged }: BlockOutcome): void {
    if (!isChanged) return;
    this.#counts.changedBlocks++;
    this.#counts.consequences += consequences;
    if (block !== undefined) {
      if (block.kind === "invalid") this.#counts.invalidBlocks++;
      for (const name of block.switches) this.#groupOf(name).blocks++;
      this.#blockChanges.add({ ...place, ...block });
    }
    for (const unit of units) this.#addChange({ ...place, ...unit });
  }

  addUnsupported(finding: Finding): void {
    this.#unsupported.add(finding);
  }

  addDamage(finding: Finding): void {
    this.#damage.add(finding);
  }

  /** The same text counts once. */
  warn(text: string): void {
    if (this.#warnings.size < MAX_FINDINGS) this.#warnings.add(text);
    else if (!this.#warnings.has(text)) this.#warnings.add(MORE_WARNINGS);
  }

  result(range: Range): WhatifRange {
    return {
      index: range.index,
      counts: this.#counts,
      groups: [...this.#groups.values()],
      changes: this.#changes.items,
      omitted: this.#changes.omitted,
      blockChanges: this.#blockChanges.items,
      unsupported: this.#unsupported.items,
      damage: this.#damage.items,
      warnings: [...this.#warnings, ...this.#omissions(range)],
    };
  }

  #omissions({ firstRootHeight, lastRootHeight, unconfirmed }: Range): string[] {
    const where = unconfirmed ? "unconfirmed blocks" : `root blocks ${firstRootHeight}..${lastRootHeight}`;
    const lists = [
      [this.#blockChanges, "blocks that differ as a whole"],
      [this.#unsupported, "unsupported blocks"],
      [this.#damage, "damaged blocks"],
    ] as const;
    return lists
      .filter(([{ omitted }]) => omitted > 0)
      .map(([{ omitted }, what]) => `${where}: ${omitted} more ${what} than are listed`);
  }

  #addChange(change: Change): void {
    const counts = this.#counts;
    const { kind, before, after } = change;
    if (kind === "transaction") counts.changedTransactions++;
    else counts.changedDeposits++;
    if (after.status === "refused") counts.refused++;
    else if (before.status === "success" && after.status === "failure") counts.newlyFailing++;
    else if (before.status === "failure" && after.status === "success") counts.newlySucceeding++;
    if (after.status !== "refused") {
      counts.gasBefore = plus(counts.gasBefore, before.gas);
      counts.gasAfter = plus(counts.gasAfter, after.gas);
    }
    for (const { name, gas } of change.switches) this.#count(name, gas ?? "0", change);
    this.#changes.add(change);
  }

  #count(name: string, gas: string, { kind, before, after, switches }: Change): void {
    const group = this.#groupOf(name);
    if (kind === "transaction") group.transactions++;
    else group.deposits++;
    if (switches.length === 1) group.alone++;
    if (before.status !== after.status) group.statusChanged++;
    group.gas = plus(group.gas, gas);
  }

  #groupOf(name: string): Group {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = emptyGroup(name);
      this.#groups.set(name, group);
    }
    return group;
  }
}

export function emptyGroup(name: string): Group {
  return { name, transactions: 0, deposits: 0, alone: 0, blocks: 0, statusChanged: 0, gas: "0" };
}

/** Sum of two whole numbers as texts. */
export function plus(a: string, b: string): string {
  return `${BigInt(a) + BigInt(b)}`;
}
