import type { QuarkChainConfig } from "../../../node/chain/config.ts";
import type { BlockTrial, Executor } from "../../execution/trial.ts";
import { PROGRAM, programVersion } from "../../report/version.ts";
import { captureCase } from "./capture-case.ts";
import { addressKey } from "./case-state.ts";
import { FORMAT, type Outcome, type OutcomeDifference, type Reproducer, type ReproducerCase } from "./format.ts";
import { senderOf } from "./sender-keys.ts";
import { type ShrinkLimits, shrinkCase } from "./shrink-case.ts";

/** Which block a reproducer is made of. */
export interface ReproducerOrigin {
  /** Names the divergence, as its file will be named. */
  readonly id: string;
  readonly trial: BlockTrial;
  readonly config: QuarkChainConfig;
  /** Text of the rule set under test, as --rules takes it. */
  readonly rules: string;
  readonly tested: Executor;
}

export interface ReproducerRequest extends ReproducerOrigin {
  readonly reference: Executor;
}

interface ReproducerParts {
  readonly subject: ReproducerCase;
  readonly source: Reproducer["about"]["expected"];
  readonly expected: Outcome;
  readonly got: Outcome;
  readonly differences: readonly OutcomeDifference[];
}

/** A second or two. */
const LIMITS: ShrinkLimits = { executions: 4000, steps: 20_000_000 };

/**
 * A small case on which `tested` differs from `reference` as it does on the block. Undefined where it does not differ
 * there. Throws what an execution throws.
 */
export function makeReproducer(request: ReproducerRequest): Reproducer | undefined {
  const { trial, config, reference, tested } = request;
  const { subject } = captureCase(trial, config, [reference, tested]);
  const shrunk = shrinkCase(subject, reference, tested, LIMITS);
  if (shrunk === undefined) return undefined;
  const source = { source: "execution", name: reference.name } as const;
  return assembledReproducer(request, { subject: shrunk.subject, source, ...shrunk.judgement });
}

export function assembledReproducer(
  { id, trial, rules, tested }: ReproducerOrigin,
  { subject, source, expected, got, differences }: ReproducerParts,
): Reproducer {
  const { fullShardId, height, hash } = trial;
  const program = `${PROGRAM} ${programVersion()}`;
  const found = { id, fullShardId, height, hash, program };
  return {
    format: FORMAT,
    about: { ...found, expected: source, got: { name: tested.name }, differences: [...differences] },
    rules,
    ...withNeededSenders(subject),
    expected,
    got,
  };
}

/** A network's list of early senders is long, and only those who send matter. */
function withNeededSenders(subject: ReproducerCase): ReproducerCase {
  const senders = new Set(subject.transactions.map(senderOf).map((sender) => sender && addressKey(sender)));
  const txWhitelistSenders = subject.config.txWhitelistSenders.filter((sender) => senders.has(addressKey(sender)));
  return { ...subject, config: { ...subject.config, txWhitelistSenders } };
}
