import { type Hash32, toHex } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError, UnsupportedError } from "../../node/codec/errors.ts";
import type { FieldDifference } from "../../node/engine/compare-execution.ts";
import { type Cause, causeWithout, ruleClass } from "../report/classes/class-name.ts";
import type { RangeResult } from "../report/schema.ts";
import { StageClock } from "./stage-clock.ts";

/** The block that is being checked, as a report names it. */
export interface CheckedBlock {
  /** Null for a root block. */
  readonly fullShardId: number | null;
  readonly height: number;
  readonly hash: Hash32;
  /** The root block that confirms it; null where none does yet. */
  readonly root: { readonly height: number; readonly hash: Hash32 } | null;
}

/** What execution said of a block's transactions, where it could not execute them. */
export interface Violation {
  readonly code: string;
  readonly message: string;
}

type ShardTotals = RangeResult["shards"][number];

/** Collects what a range's check finds, as plain data. */
export class Findings {
  rootBlocks = 0;
  readonly divergences: RangeResult["divergences"] = [];
  readonly unsupported: RangeResult["unsupported"] = [];
  readonly damage: RangeResult["damage"] = [];
  readonly warnings = new Set<string>();
  readonly clock = new StageClock();
  readonly #totals = new Map<number, { counted: ShardTotals; gas: bigint; xshardGas: bigint }>();

  /** `cause`: null where it could not be found out. */
  addDivergence(
    block: CheckedBlock,
    differences: readonly FieldDifference[],
    violations: readonly Violation[],
    cause: Cause | null = causeWithout(ruleClass(violations.map(({ code }) => code))),
  ): void {
    if (differences.length === 0 && violations.length === 0) return;
    this.divergences.push({
      ...place(block),
      rootHash: block.root === null ? null : toHex(block.root.hash),
      fields: [...differences],
      violations: violations.map(({ code, message }) => ({ code, message })),
      class: cause?.name ?? null,
      allowed: null,
      triage: null,
      switches: [...(cause?.switches ?? [])],
    });
  }

  /** Keeps what is a verdict on the input and rethrows everything else. */
  addError(block: CheckedBlock, error: unknown): void {
    if (error instanceof DatabaseDamagedError) this.addDamage(block, error);
    else if (error instanceof UnsupportedError) this.unsupported.push({ ...place(block), message: error.message });
    else throw error;
  }

  addDamage(block: CheckedBlock, { message, location }: DatabaseDamagedError): void {
    const { file = null, offset = null, key = null } = location;
    this.damage.push({ ...place(block), message, file, offset, key });
  }

  count(
    fullShardId: number,
    executed: { transactions: number; deposits: number; gas: bigint; xshardGas: bigint },
  ): void {
    let totals = this.#totals.get(fullShardId);
    if (totals === undefined) {
      const counted = { fullShardId, minorBlocks: 0, transactions: 0, deposits: 0, gasUsed: "0", xshardGasUsed: "0" };
      totals = { counted, gas: 0n, xshardGas: 0n };
      this.#totals.set(fullShardId, totals);
    }
    totals.counted.minorBlocks++;
    totals.counted.transactions += executed.transactions;
    totals.counted.deposits += executed.deposits;
    totals.gas += executed.gas;
    totals.xshardGas += executed.xshardGas;
  }

  shards(): ShardTotals[] {
    return [...this.#totals.values()]
      .map(({ counted, gas, xshardGas }) => ({ ...counted, gasUsed: `${gas}`, xshardGasUsed: `${xshardGas}` }))
      .sort((a, b) => a.fullShardId - b.fullShardId);
  }
}

function place({ fullShardId, height, hash, root }: CheckedBlock) {
  return { fullShardId, height, hash: toHex(hash), rootHeight: root === null ? null : root.height };
}
