import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import {
  encodeMinorBlock,
  type MinorBlock,
  type MinorBlockHeader,
  minorHeaderHash,
  minorMetaHash,
} from "../../../node/chain/minor-block.ts";
import { toHex } from "../../../node/codec/bytes.ts";
import { GOQUARKCHAIN_RULES } from "../../../node/el/evm/rules.ts";
import type { ExecutionResult } from "../../../node/el/payload.ts";
import type { RefusedBlock } from "../../../node/slave/shard-api.ts";
import { openDatabase } from "../../database/open-database.ts";
import { SMALL } from "../../database/small-fixture.testkit.ts";
import { rulesExecutor } from "../../execution/rules-executor.ts";
import { replayInProcess } from "../../replay/replay-run.testkit.ts";
import { divergenceId } from "../../report/divergence-id.ts";
import { type Report, reportSchema } from "../../report/schema.ts";
import { TrialSource } from "../../triage/open-trial.ts";
import { readReproducerFile, reproduce } from "../../triage/reproducer/reproduce.ts";
import { type BuiltProject, buildProject } from "../../work/built-project.testkit.ts";
import { historyOf, type Step } from "../history.testkit.ts";
import { ModelCluster, type ModelSlave } from "../model-cluster.testkit.ts";
import { withoutBlocksBehind } from "../old-database.testkit.ts";
import { type Look, type LookRequest, lookAtRefused } from "./look-at-refused.ts";
import { RefusedBlocks } from "./refused-blocks.ts";
import { threadedLook } from "./threaded-look.ts";

/** EFAULT: the code of a block that is refused. */
const REFUSED = 14;
/** A peer executes by this client's rules. */
const OTHER_RULES = GOQUARKCHAIN_RULES;

let project: BuiltProject;
let folder: string;
let lines: string[];
let looking: RefusedBlocks;
let running: ModelSlave[];

beforeAll(() => {
  project = buildProject();
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qkc-verify-"));
  lines = [];
  running = [];
});

afterEach(async () => {
  await looking.idle;
  for (const { slave } of running) await slave.close("the test is over");
  rmSync(folder, { recursive: true, force: true });
});

it("a block of another client's rules is refused, its cause named and a case of it written; the true one is taken", async () => {
  const { steps, cluster } = historyOf(SMALL);
  const forged = await firstThatDiffers(steps);
  await replayInProcess({ datadir: join(folder, cluster.slaves[0].id), to: forged.before });
  const report = await refusedReport(steps, forged);
  expect(report.command).toBe("slave");
  expect(report.divergences).toHaveLength(1);
  const [{ fullShardId, height, hash, fields, triage }] = report.divergences;
  const { header } = forged.forged;
  expect({ fullShardId, height, hash }).toEqual({
    ...{ fullShardId: header.branch, height: header.height, hash: toHex(minorHeaderHash(header)) },
  });
  expect(fields.map(({ field }) => field)).toContain("stateRoot");
  expect(triage?.attribution.switches.length).toBeGreaterThan(0);
  const reproducer = join(refusedFolder(header), triage?.reproducer ?? "none");
  expect(reproduce(readReproducerFile(reproducer)).differences).not.toEqual([]);
  expect(reproduce(readReproducerFile(reproducer), OTHER_RULES.name).differences).toEqual([]);
  expect(triage?.command).toBe(`qkc reproduce ${triage?.reproducer}`);
  expect(lines.filter((line) => line.includes("is refused: ") && line.includes("report: "))).toHaveLength(1);
});

it("as well over an old database, and in a thread beside the one that writes", async () => {
  const { steps } = historyOf(SMALL);
  const forged = await firstThatDiffers(steps);
  const twin = withoutBlocksBehind(steps, forged.before);
  try {
    const thread = project.file("replay/slave/verify/verify-thread.ts");
    const { divergences } = await refusedReport(steps, forged, { base: twin.dir, look: threadedLook(thread) });
    expect(divergences[0].triage?.attribution.switches.length).toBeGreaterThan(0);
  } finally {
    twin.remove();
  }
});

it("each is looked at once, and no more than a peer's flood may cost", async () => {
  const { steps, cluster } = historyOf(SMALL);
  const looked: number[] = [];
  const blocks = steps.flatMap((step) => step.blocks);
  looking = new RefusedBlocks({
    ...{ cluster, configPath: "", datadir: folder, base: undefined, folder, log: (_, line) => lines.push(line) },
    look: async ({ fullShardId }) => {
      looked.push(fullShardId);
      return { kind: "agrees" };
    },
  });
  for (const block of [...blocks, ...blocks]) {
    looking.refused(block.header.branch, {
      ...{ hash: minorHeaderHash(block.header), encoded: encodeMinorBlock(block), differences: [], violations: [] },
    });
  }
  await looking.idle;
  expect(looked).toHaveLength(8);
  expect(lines.filter((line) => line.includes("it is not looked at"))).toHaveLength(blocks.length - 8);
});

interface ForgedBlock {
  /** Height of the root block below its own. */
  readonly before: number;
  readonly step: Step;
  readonly block: MinorBlock;
  readonly forged: MinorBlock;
}

/** What a slave that verifies reports of the block, which it refuses before and takes as it is. */
async function refusedReport(
  steps: readonly Step[],
  { before, step, block, forged }: ForgedBlock,
  { base, look = lookAtRefused }: { base?: string; look?: (request: LookRequest) => Promise<Look> } = {},
): Promise<Report> {
  const { cluster } = historyOf(SMALL);
  const [config] = cluster.slaves;
  const { configPath } = smallDatabase();
  looking = new RefusedBlocks({
    ...{ cluster, configPath, datadir: join(folder, config.id), base, folder: join(folder, "refused") },
    ...{ log: (_level: string, line: string) => lines.push(line), look },
  });
  const refused = (fullShardId: number, one: RefusedBlock) => looking.refused(fullShardId, one);
  const slave = new ModelCluster(cluster, folder, base, refused).start(config);
  running.push(slave);
  await slave.master.ping();
  await slave.master.ping(steps[before].root);
  const earlier = step.blocks.slice(0, step.blocks.indexOf(block));
  for (const one of earlier) expect(await slave.master.addMinor(one)).toBe(0);
  expect(await slave.master.addMinor(forged)).toBe(REFUSED);
  expect(await slave.master.addMinor(forged)).toBe(REFUSED);
  const path = join(refusedFolder(forged.header), "report.json");
  await expect.poll(() => existsSync(path)).toBe(true);
  await looking.idle;
  for (const one of step.blocks.slice(earlier.length)) expect(await slave.master.addMinor(one)).toBe(0);
  expect(await slave.master.addRoot(step.root)).toMatchObject({ errorCode: 0 });
  return reportSchema.parse(JSON.parse(readFileSync(path, "utf8")));
}

function refusedFolder(header: MinorBlockHeader): string {
  const { branch: fullShardId, height } = header;
  return join(folder, "refused", divergenceId({ fullShardId, height, hash: toHex(minorHeaderHash(header)) }));
}

function smallDatabase() {
  return openDatabase({ db: SMALL, configPath: undefined, rootTip: undefined, verifyChecksums: "default" });
}

/** The first block that the other rules execute to something else, as a client that has them would make it. */
async function firstThatDiffers(steps: readonly Step[]): Promise<ForgedBlock> {
  const database = smallDatabase();
  try {
    const trials = new TrialSource(database);
    for (const step of steps.slice(2)) {
      for (const block of step.blocks) {
        const fullShardId = block.header.branch;
        const trial = await trials.trial({ fullShardId, hash: minorHeaderHash(block.header) });
        const outcome = rulesExecutor(trials.config, fullShardId, OTHER_RULES).execute(trial.payload, trial.nodes);
        if (outcome.status === "INVALID") continue;
        const forged = declaring(block, outcome.computed);
        if (toHex(minorHeaderHash(forged.header)) !== toHex(minorHeaderHash(block.header))) {
          return { before: step.root.header.height - 1, step, block, forged };
        }
      }
    }
  } finally {
    database.source.close();
  }
  throw new Error("no block differs");
}

function declaring(block: MinorBlock, computed: ExecutionResult): MinorBlock {
  const { stateRoot, receiptRoot, gasUsed, xshardReceiveGasUsed, bloom } = computed;
  const meta = { ...block.meta, stateRoot, receiptRoot, gasUsed, xshardReceiveGasUsed };
  return { ...block, meta, header: { ...block.header, bloom, metaHash: minorMetaHash(meta) } };
}
