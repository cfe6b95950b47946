import { setImmediate } from "node:timers/promises";
import type { BlockSource } from "../../../node/archive/block-source.ts";
import { type Hash32, hashFromHex, toHex } from "../../../node/codec/bytes.ts";
import { QkcError } from "../../../node/codec/errors.ts";
import { EIPS } from "../../../node/el/evm/hardforks/eips.ts";
import type { Rules } from "../../../node/el/evm/rules.ts";
import { declaredFields } from "../../execution/declared-differences.ts";
import type { ClassedDivergence } from "../../report/classes/group.ts";
import { OTHER_SWITCHES } from "../client-rules.ts";
import { declaredOutcome } from "../locality/declared-outcome.ts";
import type { TrialSource } from "../open-trial.ts";
import { type FoundHypothesis, hypothesisExecutor, type JudgedBlock, matches, Scales } from "./scales.ts";

/** Differing blocks on which hypotheses are weighed. */
const MAX_DIFFERING = 16;
/** Blocks that match what they declare and must go on doing so. */
const MAX_MATCHING = 16;
/** Differing blocks that are tried with what was found, so that one cause is one class. */
const MAX_TRIED = 3000;

const EIP_SWITCHES: ReadonlySet<string> = new Set([...EIPS.keys()].map((number) => `EIP-${number}`));

export interface SearchContext {
  readonly source: BlockSource;
  readonly trials: TrialSource;
  readonly tested: Rules;
  readonly shouldStop: () => boolean;
  readonly warn: (message: string) => void;
}

export interface SearchResult {
  /** With the classes that hypotheses give them. */
  readonly divergences: readonly ClassedDivergence[];
  /** By the name of the class. */
  readonly found: ReadonlyMap<string, FoundHypothesis>;
}

/**
 * Seeks what may have been done otherwise in differing blocks that no client's rules explain, or rules of which only a
 * part may be needed: each candidate is executed, and counts only where all that a block declares comes out.
 */
export async function seekHypotheses(
  divergences: readonly ClassedDivergence[],
  context: SearchContext,
): Promise<SearchResult> {
  const open = divergences.filter(isOpen);
  const scales = new Scales(context.trials.config, context.tested);
  for (const divergence of spread(open, MAX_DIFFERING)) {
    await setImmediate();
    if (context.shouldStop()) return { divergences, found: new Map() };
    const block = await judged(divergence, context);
    if (block === undefined) continue;
    const { class: name, switches } = divergence;
    scales.weighDiffering(block, switches.length > 0 ? { name, switches } : undefined);
  }
  if (!scales.isEmpty) await weighNeighbours(scales, open, context);
  const found = scales.choose();
  return { divergences: await reclassed(divergences, open, found, context), found };
}

type OpenDivergence = ClassedDivergence & { readonly fullShardId: number };

/** Not those that the other client's rules explain: a client that exists is the better explanation. */
function isOpen(divergence: ClassedDivergence): divergence is OpenDivergence {
  const { fullShardId, height, violations, switches } = divergence;
  if (fullShardId === null || height === 0) return false;
  if (violations.some(({ code }) => code !== "EXECUTION_INVALID")) return false;
  return switches.length === 0 || isOfEips(switches);
}

/** Ethereum's later rules, and none of those that the other client has. */
function isOfEips(switches: readonly string[]): boolean {
  return EIP_SWITCHES.has(switches[0]) && switches.every((one) => !OTHER_SWITCHES.includes(one));
}

/** The first of each class, then evenly over the rest. */
function spread(open: readonly OpenDivergence[], count: number): OpenDivergence[] {
  const firsts = new Map<string, OpenDivergence>();
  for (const one of open) if (!firsts.has(one.class)) firsts.set(one.class, one);
  const chosen = new Set([...firsts.values()].slice(0, count));
  const step = Math.max(1, Math.floor(open.length / count));
  for (let i = 0; i < open.length && chosen.size < count; i += step) chosen.add(open[i]);
  return open.filter((one) => chosen.has(one));
}

async function judged(
  place: { readonly fullShardId: number; readonly hash: string },
  { source, trials }: SearchContext,
): Promise<JudgedBlock | undefined> {
  const { fullShardId, hash } = place;
  try {
    const trial = await trials.trial({ fullShardId, hash: hashFromHex(hash) });
    const rig = trials.rig(fullShardId);
    return {
      id: hash,
      trial,
      cl: rig.cl,
      declared: () => declaredOutcome(source, rig.cl, trial),
      differingFields: declaredFields(source, rig, trial.block),
    };
  } catch (error) {
    // What cannot be executed once more tells nothing here; the closer look says why.
    if (error instanceof QkcError && error.code !== "INTERNAL") return undefined;
    throw error;
  }
}

async function weighNeighbours(scales: Scales, open: readonly OpenDivergence[], context: SearchContext): Promise<void> {
  let count = 0;
  for (const place of neighbours(open, context)) {
    await setImmediate();
    if (count >= MAX_MATCHING || context.shouldStop()) return;
    const block = await judged(place, context);
    if (block !== undefined && scales.weighMatching(block)) count++;
  }
}

/** Blocks around some of those that differ, the nearest first, for those with transactions tell most. */
function* neighbours(open: readonly OpenDivergence[], { trials }: SearchContext) {
  const seen = new Set(open.map(({ hash }) => hash));
  const centres = spread(open, 12);
  for (const hasTransactions of [true, false]) {
    for (let distance = 1; distance <= 12; distance++) {
      for (const { fullShardId, height: centre } of centres) {
        const { source } = trials.rig(fullShardId);
        for (const height of [centre - distance, centre + distance]) {
          const hash: Hash32 | undefined = height > 0 ? source.canonicalHashAt(height) : undefined;
          if (hash === undefined || seen.has(toHex(hash))) continue;
          if (source.minorBlock(hash).transactions.length > 0 !== hasTransactions) continue;
          seen.add(toHex(hash));
          yield { fullShardId, hash: toHex(hash) };
        }
      }
    }
  }
}

/** Each open divergence gets the class of the first hypothesis that explains it. */
async function reclassed(
  divergences: readonly ClassedDivergence[],
  open: readonly OpenDivergence[],
  found: ReadonlyMap<string, FoundHypothesis>,
  context: SearchContext,
): Promise<ClassedDivergence[]> {
  const { trials, tested } = context;
  const hypotheses = [...found].filter(([, { isOfRules }]) => !isOfRules);
  const names = new Map<string, string>();
  if (hypotheses.length > 0 && open.length > MAX_TRIED) {
    context.warn(`hypotheses were tried on the first ${MAX_TRIED} of ${open.length} differing blocks`);
  }
  for (const divergence of hypotheses.length === 0 ? [] : open.slice(0, MAX_TRIED)) {
    await setImmediate();
    if (context.shouldStop()) break;
    const block = found.has(divergence.class) ? undefined : await judged(divergence, context);
    const explaining = hypotheses.find(
      ([, { hypothesis }]) =>
        block !== undefined &&
        matches(block, hypothesisExecutor(trials.config, tested, hypothesis, divergence.fullShardId)),
    );
    if (explaining !== undefined) names.set(divergence.hash, explaining[0]);
  }
  return divergences.map((one) => {
    const name = names.get(one.hash);
    return name === undefined ? one : { ...one, class: name, switches: [] };
  });
}
