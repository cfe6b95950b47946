import type { Executor } from "../../execution/trial.ts";
import { firstUnits, foldedInto, unitCount } from "./case-units.ts";
import type { PreAccount, ReproducerCase } from "./format.ts";
import { type Judgement, judge } from "./judge.ts";
import { reduceList } from "./reduce-list.ts";
import { HashedKeys, withKnownSenders } from "./rename-senders.ts";
import { runCase } from "./run-case.ts";
import { decodedTransaction, signedBy } from "./sender-keys.ts";

/** How much work shrinking may be. Counted, not timed: the same block gives the same case on every machine. */
export interface ShrinkLimits {
  readonly executions: number;
  /** Instructions of all executions. */
  readonly steps: number;
}

export interface ShrunkCase {
  readonly subject: ReproducerCase;
  readonly judgement: Judgement;
}

/**
 * The smallest case found on which the two executions still differ in the same way: in the same fields, parting at
 * the same instruction. Undefined where the case as it is shows no difference.
 */
export function shrinkCase(
  subject: ReproducerCase,
  reference: Executor,
  tested: Executor,
  limits: ShrinkLimits,
): ShrunkCase | undefined {
  const judgement = judge(subject, reference, tested);
  if (judgement === undefined || judgement.differences.length === 0) return undefined;
  const shrinker = new Shrinker(reference, tested, limits, { subject, judgement });
  shrinker.keepFirstDifference();
  shrinker.foldUnitsBefore();
  shrinker.dropUnits();
  shrinker.dropSurroundings();
  shrinker.dropAccounts();
  shrinker.dropEntries();
  shrinker.nameSenders();
  shrinker.cutData();
  shrinker.cutCode();
  shrinker.dropAccounts();
  return shrinker.smallest;
}

class Shrinker {
  smallest: ShrunkCase;
  readonly #reference: Executor;
  readonly #tested: Executor;
  #executionsLeft: number;
  #stepsLeft: number;

  constructor(reference: Executor, tested: Executor, limits: ShrinkLimits, first: ShrunkCase) {
    this.#reference = reference;
    this.#tested = tested;
    this.#executionsLeft = limits.executions;
    this.#stepsLeft = limits.steps;
    this.smallest = first;
  }

  /** What comes after the first unit that differs may differ for other reasons: it sets no standard. */
  keepFirstDifference(): void {
    const whole = this.smallest.subject;
    let [agreeing, differing] = [0, unitCount(whole)];
    if (!this.#showsAnything(firstUnits(whole, differing))) return;
    while (differing - agreeing > 1) {
      const middle = (agreeing + differing) >> 1;
      if (this.#showsAnything(firstUnits(whole, middle))) differing = middle;
      else agreeing = middle;
    }
    const subject = firstUnits(whole, differing);
    const judgement = this.#judged(subject);
    if (judgement !== undefined && judgement.differences.length > 0) this.smallest = { subject, judgement };
  }

  /**
   * Units before the last one become part of the state. Their steps may have parted without effect: from here on it is
   * the steps of what is left that count.
   */
  foldUnitsBefore(): void {
    const { subject, judgement } = this.smallest;
    for (let count = unitCount(subject) - 1; count > 0; count = count >> 1) {
      const folded = foldedInto(subject, count, this.#reference, judgement.touched);
      if (folded === undefined) continue;
      const { gasLimit, xshardGasLimit } = subject.block;
      // What deposits used of their share of the gas showed in the limit of transactions.
      const used = subject.deposits.length > folded.deposits.length ? depositGas(judgement) : 0n;
      const more = { ...folded, block: { ...subject.block, gasLimit: gasLimit + used, xshardGasLimit } };
      if (this.#keeps(folded, false) || this.#keeps(more, false)) return;
    }
  }

  dropUnits(): void {
    const { subject } = this.smallest;
    const places = Array.from({ length: unitCount(subject) }, (_, place) => place);
    const { deposits } = subject;
    reduceList(places, (rest) =>
      this.#keeps({
        ...this.smallest.subject,
        deposits: rest.filter((place) => place < deposits.length).map((place) => deposits[place]),
        transactions: rest
          .filter((place) => place >= deposits.length)
          .map((place) => subject.transactions[place - deposits.length]),
      }),
    );
  }

  /** Not the configuration: executors bring their own. */
  dropSurroundings(): void {
    this.#keepsBlock({ blockReward: {} });
    this.#keepsBlock({ senderDisallowMap: {} });
    this.#keepsBlock({ reachableShards: [] });
    const hashes = Object.entries(this.smallest.subject.block.ancestorHashes);
    reduceList(hashes, (rest) => this.#keepsBlock({ ancestorHashes: Object.fromEntries(rest) }));
  }

  dropAccounts(): void {
    reduceList(Object.entries(this.smallest.subject.pre), (rest) =>
      this.#keeps({ ...this.smallest.subject, pre: Object.fromEntries(rest) }),
    );
  }

  /** Balances and slots. */
  dropEntries(): void {
    for (const part of ["balances", "storage"] as const) {
      const entries = Object.entries(this.smallest.subject.pre).flatMap(([address, account]) =>
        Object.keys(account[part]).map((key) => ({ address, key })),
      );
      reduceList(entries, (rest) => this.#keeps(withEntries(this.smallest.subject, part, rest)));
    }
  }

  nameSenders(): void {
    const { subject } = this.smallest;
    const hashed = new HashedKeys();
    try {
      runCase(subject, this.#reference, hashed);
      const named = withKnownSenders(subject, hashed);
      if (named !== undefined) this.#keeps(named);
    } catch {
      // A case that cannot be renamed keeps its senders.
    }
  }

  /** Calldata: shorter, then with zeros. Only where the transaction can be signed again. */
  cutData(): void {
    for (let index = 0; index < this.smallest.subject.transactions.length; index++) {
      const data = decodedTransaction(this.smallest.subject.transactions[index])?.data ?? new Uint8Array(0);
      let kept = data.length;
      for (let size = kept; size >= 1; size = Math.floor(size / 2)) {
        while (kept >= size && this.#keepsData(index, data.slice(0, kept - size))) kept -= size;
      }
      for (let size = 32; size >= 1; size = size >> 3) {
        for (let at = 0; at < kept; at += size) {
          const zeroed = decodedTransaction(this.smallest.subject.transactions[index])?.data.slice();
          if (zeroed === undefined || zeroed.subarray(at, at + size).every((byte) => byte === 0)) continue;
          this.#keepsData(index, zeroed.fill(0, at, at + size));
        }
      }
    }
  }

  /** Code behind the last byte that was reached goes, bytes that were not reached become zeros. */
  cutCode(): void {
    for (const address of Object.keys(this.smallest.subject.pre)) {
      const { code } = this.smallest.subject.pre[address];
      if (code.length === 0) continue;
      const reached = this.smallest.judgement.reached.get(address) ?? new Set<number>();
      const end = Math.min(code.length, 1 + [...reached].reduce((most, at) => Math.max(most, at), -1));
      const zeroed = code.map((byte, at) => (reached.has(at) ? byte : 0));
      if (this.#keepsAccount(address, { code: zeroed.slice(0, end) })) continue;
      if (this.#keepsAccount(address, { code: zeroed })) continue;
      this.#keepsAccount(address, { code: code.slice(0, end) });
    }
  }

  #keepsData(index: number, data: Uint8Array): boolean {
    const { subject } = this.smallest;
    const current = subject.transactions[index];
    const decoded = decodedTransaction(current);
    if (current.secretKey === undefined || decoded === undefined) return false;
    const changed = signedBy({ ...decoded, data }, current.secretKey);
    if (changed === undefined) return false;
    return this.#keeps({ ...subject, transactions: subject.transactions.with(index, changed) });
  }

  #keepsBlock(change: Partial<ReproducerCase["block"]>): boolean {
    const { subject } = this.smallest;
    return this.#keeps({ ...subject, block: { ...subject.block, ...change } });
  }

  #keepsAccount(address: string, change: Partial<PreAccount>): boolean {
    const { subject } = this.smallest;
    return this.#keeps({ ...subject, pre: { ...subject.pre, [address]: { ...subject.pre[address], ...change } } });
  }

  /** Whether the candidate differs in the same way; then it is the smallest. */
  #keeps(subject: ReproducerCase, atSameStep = true): boolean {
    const judgement = this.#judged(subject);
    const { sort, parting } = this.smallest.judgement;
    if (judgement?.sort !== sort || (atSameStep && judgement.parting !== parting)) return false;
    this.smallest = { subject, judgement };
    return true;
  }

  #showsAnything(subject: ReproducerCase): boolean {
    return (this.#judged(subject)?.differences.length ?? 0) > 0;
  }

  #judged(subject: ReproducerCase): Judgement | undefined {
    if (this.#executionsLeft <= 0 || this.#stepsLeft <= 0) return undefined;
    const judgement = judge(subject, this.#reference, this.#tested);
    this.#executionsLeft -= 2;
    this.#stepsLeft -= judgement?.steps ?? 0;
    return judgement;
  }
}

function depositGas({ expected }: Judgement): bigint {
  return expected.status === "EXECUTED" ? (expected.xshardReceiveGasUsed ?? 0n) : 0n;
}

function withEntries(
  subject: ReproducerCase,
  part: "balances" | "storage",
  kept: readonly { readonly address: string; readonly key: string }[],
): ReproducerCase {
  const names = new Set(kept.map(({ address, key }) => `${address} ${key}`));
  const pre = Object.entries(subject.pre).map(([address, account]) => {
    const rows = Object.entries(account[part]).filter(([key]) => names.has(`${address} ${key}`));
    return [address, { ...account, [part]: Object.fromEntries(rows) }] as const;
  });
  return { ...subject, pre: Object.fromEntries(pre) };
}
