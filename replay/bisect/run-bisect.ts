import { RootChain } from "../../node/cl/root-chain.ts";
import { toHex } from "../../node/codec/bytes.ts";
import { UsageError } from "../../node/codec/errors.ts";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import { readJwtSecret } from "../../node/engine/json-rpc/jwt.ts";
import { confirmingRoot } from "../database/confirming-root.ts";
import { type OpenDatabase, openDatabase } from "../database/open-database.ts";
import { canonicalHash, namedShard, shardTipHeight } from "../database/shard-heights.ts";
import { type EngineRefusal, firstRefusal } from "../engines/engine-divergence.ts";
import { type EngineAddress, withEngineStep } from "../engines/engine-look.ts";
import { engineBehaviour, isEnginesOutcome } from "../engines/engine-triage.ts";
import { reportedDivergence } from "../report/assemble.ts";
import { assertOutside, createRunFolder } from "../report/run-folder.ts";
import type { FoundDivergence } from "../report/schema.ts";
import { divergenceText } from "../report/summary.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import { note, print } from "../terminal/print.ts";
import { whatifRules } from "../terminal/rules-option.ts";
import { shardName } from "../text/block-name.ts";
import { colorsFor } from "../text/colors.ts";
import { programText, withPlaces } from "../text/command-text.ts";
import { TrialSource } from "../triage/open-trial.ts";
import { triageOf } from "../triage/triage-run.ts";
import { firstDivergence } from "./first-divergence.ts";

export interface BisectRequest {
  readonly db: string;
  readonly configPath: string | undefined;
  readonly fullShardId: number;
  readonly good: number;
  /** Undefined: the newest block. */
  readonly bad: number | undefined;
  /** Text of a rule set; undefined: the chain's own. */
  readonly rules: string | undefined;
  readonly engine: { readonly url: string; readonly jwtSecretPath: string | undefined } | undefined;
  /** Undefined: one in reports/. */
  readonly reportFolder: string | undefined;
  readonly json: boolean;
}

/** What `qkc bisect` found. */
interface BisectAnswer {
  /** Undefined where no block of the range diverges. */
  readonly divergence: FoundDivergence | undefined;
  /** Blocks that were executed. */
  readonly executed: number;
  readonly warnings: readonly string[];
}

const PROGRESS_MILLISECONDS = 5000;

/** `qkc bisect`. Throws what keeps it from an answer. */
export async function runBisect(request: BisectRequest): Promise<ExitCode> {
  const { db, configPath, fullShardId, good } = request;
  assertOutside(db, request.reportFolder);
  const database = openDatabase({ db, configPath, rootTip: undefined, verifyChecksums: "default" });
  try {
    const shard = namedShard(database.source, fullShardId);
    const bad = request.bad ?? shardTipHeight(shard);
    if (good >= bad) throw new UsageError(`the range is empty: it starts above block ${good} and ends at ${bad}`);
    // Before blocks are executed up to where there are no more.
    canonicalHash(shard, bad);
    const answer = await (request.engine === undefined
      ? byRules(database, request, bad)
      : byEngine(database, request, request.engine, bad));
    for (const warning of answer.warnings) note(warning);
    printAnswer(request, bad, answer);
    return answer.divergence === undefined ? EXIT.clean : EXIT.divergent;
  } finally {
    database.source.close();
  }
}

async function byRules(database: OpenDatabase, request: BisectRequest, bad: number): Promise<BisectAnswer> {
  const { fullShardId, good, rules: rulesText } = request;
  const rules = rulesText === undefined ? QUARKCHAIN_RULES : whatifRules(rulesText);
  const found = await firstDivergence(database, { fullShardId, good, bad, rules, onBlock: progress(fullShardId, bad) });
  const { divergence, executed } = found;
  if (divergence === undefined) return found;
  const warnings = [...found.warnings];
  const looked = await withTriage(database, request, divergence, { tested: rules, rulesText }, warnings);
  return { divergence: looked, executed, warnings };
}

async function byEngine(
  database: OpenDatabase,
  request: BisectRequest,
  { url, jwtSecretPath }: NonNullable<BisectRequest["engine"]>,
  bad: number,
): Promise<BisectAnswer> {
  const { fullShardId } = request;
  const jwtSecret = jwtSecretPath === undefined ? undefined : readJwtSecret(jwtSecretPath);
  const onBlock = progress(fullShardId, bad);
  const { refusal, executed } = await firstRefusal(database, { url, jwtSecret, fullShardId, bad, onBlock });
  if (refusal === undefined) return { divergence: undefined, executed, warnings: [] };
  const warnings: string[] = [];
  const divergence = await engineDivergence(database, request, { ...refusal, url, jwtSecret }, warnings);
  return { divergence, executed, warnings };
}

/**
 * The engine's answer as a divergence; its cause by our own execution under rules that come to the same, and the step at
 * which it parts from the chain's rules by its own traces, where it gives them.
 */
async function engineDivergence(
  database: OpenDatabase,
  request: BisectRequest,
  refusal: EngineRefusal & EngineAddress,
  warnings: string[],
): Promise<FoundDivergence> {
  const { fullShardId } = request;
  const { height, hash, fields, reason } = refusal;
  const rootChain = new RootChain(database.source.rootBlocks(), database.rootTip);
  const divergence: FoundDivergence = {
    fullShardId,
    height,
    hash: toHex(hash),
    ...confirmingRoot(rootChain, database.source.shard(fullShardId).minorBlock(hash), hash),
    fields: [...fields],
    violations: reason === undefined ? [] : [{ code: "EXECUTION_INVALID", message: reason }],
    class: "unexplained/engine",
    allowed: null,
    triage: null,
    switches: [],
  };
  if (height === 0) return divergence;
  const trials = new TrialSource(database);
  const trial = await trials.trial({ fullShardId, hash });
  const folder = request.reportFolder ?? createRunFolder(request.db, new Date());
  const inFolder = { ...request, reportFolder: folder };
  const warn = (message: string) => warnings.push(message);
  const look = { ...refusal, config: trials.config, trial, folder, warn };
  const behaviour = engineBehaviour(trials, trial, (outcome) => isEnginesOutcome(outcome, refusal));
  if (behaviour === undefined) return await withEngineStep(divergence, look);
  if (behaviour === "chain") {
    warnings.push(`block ${height}: the engine is not alone, the chain's own rules come to the same as it does`);
    const range = { fullShardId, good: height - 1, bad: height, rules: QUARKCHAIN_RULES, onBlock: () => {} };
    const found = await firstDivergence(database, range);
    const tested = { tested: QUARKCHAIN_RULES, rulesText: undefined };
    return await withTriage(database, inFolder, found.divergence ?? divergence, tested, warnings);
  }
  const { rules: tested, rulesText, cause } = behaviour;
  const classed = { ...divergence, class: cause.name, switches: [...cause.switches] };
  return await withEngineStep(await withTriage(database, inFolder, classed, { tested, rulesText }, warnings), look);
}

type Tested = Pick<Parameters<typeof triageOf>[1], "tested" | "rulesText">;

async function withTriage(
  { source, ...database }: OpenDatabase,
  { db, reportFolder }: BisectRequest,
  divergence: FoundDivergence,
  tested: Tested,
  warnings: string[],
): Promise<FoundDivergence> {
  const { class: name } = divergence;
  if (name === null) return divergence;
  const folder = reportFolder ?? createRunFolder(db, new Date());
  const trials = new TrialSource({ source, ...database });
  const warn = (message: string) => warnings.push(message);
  return {
    ...divergence,
    triage: await triageOf({ ...divergence, class: name }, { source, trials, folder, warn, ...tested }),
  };
}

/** A line on stderr every few seconds. */
function progress(fullShardId: number, bad: number): (height: number) => void {
  let last = Date.now();
  return (height) => {
    if (Date.now() - last < PROGRESS_MILLISECONDS) return;
    last = Date.now();
    note(`shard ${shardName(fullShardId)}: block ${height} of ${bad}`);
  };
}

function printAnswer(request: BisectRequest, bad: number, { divergence, executed }: BisectAnswer): void {
  const { fullShardId, good, rules, engine, json } = request;
  if (json) {
    const answer = { fullShardId, good, bad, rules: rules ?? null, engine: engine?.url ?? null, executed };
    print(
      `${JSON.stringify({ ...answer, divergence: divergence === undefined ? null : reportedDivergence(divergence) }, null, 2)}\n`,
    );
    return;
  }
  const where = `blocks ${good + 1} to ${bad} of shard ${shardName(fullShardId)}, ${executed} executed`;
  if (divergence === undefined) {
    print(`no block diverges: ${where}\n`);
    return;
  }
  const colors = colorsFor(process.stdout.isTTY, process.env);
  const explanation = divergence.triage?.attribution.explanation;
  const places = { program: programText(), db: request.db, configPath: request.configPath };
  const lines = [
    `${colors.red(colors.bold(`block ${divergence.height} is the first that diverges`))}: ${where}`,
    `  ${divergenceText(divergence, (command) => withPlaces(command, places), colors)}`,
    ...(explanation === undefined ? [] : [`  cause: ${explanation}`]),
  ];
  print(`${lines.join("\n")}\n`);
}
