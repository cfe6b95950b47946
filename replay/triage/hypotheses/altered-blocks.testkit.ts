import { encodeDepositList } from "../../../node/chain/deposit.ts";
import { bytesEqual, toHex } from "../../../node/codec/bytes.ts";
import type { NewPayloadResult } from "../../../node/el/block-executor.ts";
import { QUARKCHAIN_RULES } from "../../../node/el/evm/rules.ts";
import type { ExecutionResult } from "../../../node/el/payload.ts";
import { compareDeclared } from "../../../node/engine/compare-block.ts";
import { rulesExecutor } from "../../execution/rules-executor.ts";
import type { BlockTrial, Executor } from "../../execution/trial.ts";
import { outcomeOf } from "../locality/declared-outcome.ts";
import type { FaultyBlocks } from "../seeded-faults/seeded-faults.testkit.ts";
import { type FoundHypothesis, type JudgedBlock, Scales } from "./scales.ts";

/** How many blocks are executed to find some that differ. */
const MOST_TRIED = 150;

/**
 * What is found where blocks declare what an altered execution of them comes to; undefined where none of them differ.
 * Their own declarations are those of pyquarkchain.
 */
export function findAlteration(
  { config, trials, source }: FaultyBlocks,
  alteredOf: (fullShardId: number) => Executor,
  most = { differing: 5, matching: 12 },
): { readonly found: ReadonlyMap<string, FoundHypothesis>; readonly differing: number } | undefined {
  const scales = new Scales(config, QUARKCHAIN_RULES);
  const matching: JudgedBlock[] = [];
  let differing = 0;
  const isEnough = () => differing >= most.differing && matching.length >= most.matching;
  for (const trial of shuffled(trials).slice(0, MOST_TRIED)) {
    if (isEnough()) break;
    const honest = rulesExecutor(config, trial.fullShardId, QUARKCHAIN_RULES);
    const outcome = executed(alteredOf(trial.fullShardId), trial);
    if (outcome?.status !== "EXECUTED") continue;
    const block = declaring(trial, source.rig(trial.fullShardId).cl, outcome.computed);
    const isSame = block.differingFields(honest.execute(trial.payload, trial.nodes)).length === 0;
    if (isSame) matching.push(block);
    else if (differing < most.differing) {
      scales.weighDiffering(block);
      differing++;
    }
  }
  if (differing === 0) return undefined;
  for (const block of matching.slice(0, most.matching)) scales.weighMatching(block);
  return { found: scales.choose(), differing };
}

/** Always in the same order, of no shard or height in particular. */
function shuffled(trials: readonly BlockTrial[]): BlockTrial[] {
  return trials.toSorted((a, b) => (toHex(a.hash) < toHex(b.hash) ? -1 : 1));
}

function executed(executor: Executor, { payload, nodes }: BlockTrial): NewPayloadResult | undefined {
  try {
    return executor.execute(payload, nodes);
  } catch {
    // Quantities that the alteration drove out of range.
    return undefined;
  }
}

function declaring(trial: BlockTrial, cl: JudgedBlock["cl"], computed: ExecutionResult): JudgedBlock {
  const { header, meta } = trial.block;
  const { stateRoot, receiptRoot, gasUsed, xshardReceiveGasUsed, xshardCursor, bloom, coinbaseAmounts } = computed;
  const block = {
    ...trial.block,
    header: { ...header, bloom, coinbaseAmounts },
    meta: { ...meta, stateRoot, receiptRoot, gasUsed, xshardReceiveGasUsed, xshardCursor },
  };
  const altered = { ...trial, block };
  const declared = outcomeOf({ status: "EXECUTED", computed }, cl, altered);
  return {
    id: `${trial.fullShardId}:${trial.height}`,
    trial: altered,
    cl,
    declared: () => declared,
    differingFields: (outcome) => {
      if (outcome.status === "INVALID") return ["refused"];
      const fields = compareDeclared(block, outcome.computed).map(({ field }) => field);
      const [ours, theirs] = [outcome.computed, computed].map(({ xshardSends }) => encodeDepositList(xshardSends));
      return bytesEqual(ours, theirs) ? fields : [...fields, "xshardSends"];
    },
  };
}
