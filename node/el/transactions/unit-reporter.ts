import type { Hash32 } from "../../codec/bytes.ts";
import type { BlockObserver, ExecutionUnit } from "../evm/tracer.ts";
import type { BlockExecution } from "./block-execution.ts";

/** Tells an observer where the units of a block's execution begin and end. A unit that throws is not left. */
export class UnitReporter {
  readonly #observer: BlockObserver;
  readonly #execution: BlockExecution;
  readonly #counts = { deposit: 0, transaction: 0, reward: 0 };
  #gasUsedBefore = 0n;
  #receiptsBefore = 0;
  #feesBefore: ReadonlyMap<bigint, bigint> = new Map();

  constructor(observer: BlockObserver, execution: BlockExecution) {
    this.#observer = observer;
    this.#execution = execution;
  }

  enter(kind: ExecutionUnit["kind"], hash?: Hash32): ExecutionUnit {
    const unit = { kind, index: this.#counts[kind]++, hash };
    this.#gasUsedBefore = this.#execution.gasUsed;
    this.#receiptsBefore = this.#receiptsOf(kind).length;
    this.#feesBefore = new Map(this.#execution.fees);
    this.#observer.enterUnit(unit);
    return unit;
  }

  leave(unit: ExecutionUnit | undefined): void {
    if (unit === undefined) return;
    const receipts = this.#receiptsOf(unit.kind);
    this.#observer.leaveUnit(unit, {
      receipt: receipts.length > this.#receiptsBefore ? receipts.at(-1) : undefined,
      gasUsed: this.#execution.gasUsed - this.#gasUsedBefore,
      minerFees: this.#addedFees(),
    });
  }

  #addedFees(): Map<bigint, bigint> {
    const added = new Map<bigint, bigint>();
    for (const [tokenId, fees] of this.#execution.fees) {
      const fee = fees - (this.#feesBefore.get(tokenId) ?? 0n);
      if (fee !== 0n) added.set(tokenId, fee);
    }
    return added;
  }

  #receiptsOf(kind: ExecutionUnit["kind"]) {
    return kind === "deposit" ? this.#execution.depositReceipts : this.#execution.receipts;
  }
}
