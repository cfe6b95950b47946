import type { QuarkChainConfig } from "../../../node/chain/config.ts";
import type { ShardCl } from "../../../node/cl/shard-cl.ts";
import type { NewPayloadResult } from "../../../node/el/block-executor.ts";
import type { Rules } from "../../../node/el/evm/rules.ts";
import type { BlockTrial } from "../../execution/trial.ts";
import type { Outcome } from "../locality/locality.ts";
import type { Executed } from "./executed.ts";
import type { Vary } from "./variation.ts";

/** Something that the maker of a block may have done otherwise than the chain's rules. It is no rule of any client. */
export interface Hypothesis {
  /** Names the class: letters, digits and `.-+=/`, for example `price.SLOAD=800`. */
  readonly id: string;
  /** What it says, in words that go on after "as if": "SLOAD cost 800 instead of 200". */
  readonly says: string;
  /** What would show that it is wrong. */
  readonly refutedBy: string;
  /** The lower, the simpler: of those that explain the same, the lowest is named. */
  readonly cost: number;
  readonly vary: Vary;
}

/** What is known of a block for which hypotheses are sought. */
export interface Evidence {
  readonly config: QuarkChainConfig;
  readonly tested: Rules;
  readonly cl: Pick<ShardCl, "chain">;
  readonly trial: BlockTrial;
  readonly declared: Outcome;
  /** By the tested rules. */
  readonly executed: Executed;
  /** Fields of the block that differ, `sends` among them; all where it cannot be executed. */
  readonly differs: (field: string) => boolean;
  /** Executes the block by a hypothesis; undefined where it cannot be. */
  readonly run: (vary: Vary) => NewPayloadResult | undefined;
}

/** Hypotheses that may explain a block; each is put to the test by who asks for them. */
export type Candidates = (evidence: Evidence) => Iterable<Hypothesis>;
