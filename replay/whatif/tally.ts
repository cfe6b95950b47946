import type { BlockOutcome } from "./block-whatif.ts";
import type { BlockChange, Change, Group, WhatifCounts, WhatifRange } from "./schema.ts";

/** Changes listed one by one, by range and in all; the others are counted. */
export const MAX_LISTED = 100_000;
/** Changes of each switch of which a range says what the switch changes first. */
const EXAMPLES = 5;

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

/** Counts and keeps what the blocks of one range would be. */
export class Tally {
  private readonly counts: WhatifCounts = { ...NO_COUNTS };
  private readonly groups = new Map<string, Group>();
  private readonly changes: Change[] = [];
  private readonly blockChanges: BlockChange[] = [];
  private readonly examples = new Map<string, number>();
  private omitted = 0;
  readonly unsupported: WhatifRange["unsupported"] = [];
  readonly damage: WhatifRange["damage"] = [];
  readonly warnings = new Set<string>();

  countBlock(transactions: number, deposits: number): void {
    this.counts.minorBlocks++;
    this.counts.transactions += transactions;
    this.counts.deposits += deposits;
  }

  /** Whether what these switches change in a transaction is to be said; counts it as one that says so. */
  readonly isExample = (switches: readonly string[]): boolean => {
    const wanting = switches.filter((name) => (this.examples.get(name) ?? 0) < EXAMPLES);
    for (const name of wanting) this.examples.set(name, (this.examples.get(name) ?? 0) + 1);
    return wanting.length > 0;
  };

  addBlock(place: Place, { units, block, consequences, isChanged }: BlockOutcome): void {
    if (!isChanged) return;
    this.counts.changedBlocks++;
    this.counts.consequences += consequences;
    if (block !== undefined) {
      if (block.kind === "invalid") this.counts.invalidBlocks++;
      for (const name of block.switches) this.groupOf(name).blocks++;
      this.blockChanges.push({ ...place, ...block });
    }
    for (const unit of units) this.addChange({ ...place, ...unit });
  }

  result(index: number): WhatifRange {
    return {
      index,
      counts: this.counts,
      groups: [...this.groups.values()],
      changes: this.changes,
      omitted: this.omitted,
      blockChanges: this.blockChanges,
      unsupported: this.unsupported,
      damage: this.damage,
      warnings: [...this.warnings],
    };
  }

  private addChange(change: Change): void {
    const { counts } = this;
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
    for (const { name, gas } of change.switches) this.count(name, gas ?? "0", change);
    if (this.changes.length < MAX_LISTED) this.changes.push(change);
    else this.omitted++;
  }

  private count(name: string, gas: string, { kind, before, after, switches }: Change): void {
    const group = this.groupOf(name);
    if (kind === "transaction") group.transactions++;
    else group.deposits++;
    if (switches.length === 1) group.alone++;
    if (before.status !== after.status) group.statusChanged++;
    group.gas = plus(group.gas, gas);
  }

  private groupOf(name: string): Group {
    let group = this.groups.get(name);
    if (group === undefined) {
      group = emptyGroup(name);
      this.groups.set(name, group);
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
