/** A case on which both sides disagree, cut down. */
export interface Difference<Case> {
  /** Of the case as it was generated. */
  readonly name: string;
  readonly smallest: Case;
  /** What differs, for people. */
  readonly description: string;
}

/** One way of comparing: how cases are made, judged and cut down. */
export interface Level<Case> {
  readonly name: string;
  /** How many seeds one request to the reference covers. */
  readonly seedsPerRequest: number;
  /** Cases of these seeds with the reference's answers. */
  casesOf(seeds: readonly number[]): Promise<Case[]>;
  differs(candidate: Case): boolean;
  explain(candidate: Case): Promise<Difference<Case>>;
  /** How much was compared, where the number of cases does not say it. */
  extent?(): string;
}
