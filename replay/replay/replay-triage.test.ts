import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { GOQKC_CONFIG, GoquarkchainDirectory } from "../../node/archive/goquarkchain/data-directory.testkit.ts";
import { openArchive } from "../../node/archive/open-archive.ts";
import type { DatabaseTwin } from "../../node/archive/pyquarkchain/database-twin.testkit.ts";
import { PREFIX, prefixedKey } from "../../node/archive/pyquarkchain/keys.ts";
import { encodeDepositList } from "../../node/chain/deposit.ts";
import { ruleSet } from "../../node/el/evm/hardforks/rule-set.ts";
import type { PayloadStatus } from "../../node/engine/engine-api.ts";
import {
  CONFIG,
  FixtureChain,
  type Forgery,
  flipped,
  shardFolder,
  withHeader,
  withMeta,
  withRootHeader,
} from "../checkdb/twin-chain.testkit.ts";
import { checkInProcess } from "../checkdb/twin-check.testkit.ts";
import { openDatabase } from "../database/open-database.ts";
import { SMALL } from "../database/small-fixture.testkit.ts";
import type { Divergence, Report } from "../report/schema.ts";
import { githubReporter } from "../reporters/github.ts";
import { htmlReporter } from "../reporters/html/html.ts";
import { junitReporter } from "../reporters/junit.ts";
import { markdownReporter } from "../reporters/markdown.ts";
import { OwnCheck } from "../triage/own-check.ts";
import { triageDivergences } from "../triage/triage-run.ts";
import { serveShard } from "./http-shards.testkit.ts";
import { lyingEngine } from "./lying-engine.testkit.ts";
import type { ReplayRequest } from "./replay-request.ts";
import { lasting, replayFolder, replayInProcess } from "./replay-run.testkit.ts";

const chain = new FixtureChain();
afterAll(() => chain.close());

let folder: ReturnType<typeof replayFolder>;
beforeEach(() => {
  folder = replayFolder();
});
afterEach(() => folder.remove());

/** A block that root block 4 confirms, and that sends deposits. */
const TARGET = { fullShardId: 131073, height: 13 };
const RULES_TARGET = { fullShardId: 1, height: 13 };
const block = chain.minorBlock(TARGET.fullShardId, TARGET.height);
const parent = chain.minorBlock(TARGET.fullShardId, TARGET.height - 1);

/** The same blocks by a check, looked at as its command does. */
async function checked(db: string, config: string, found: readonly Divergence[], to: number): Promise<Divergence[]> {
  const answer = await checkInProcess(db, { config, from: 1, to });
  const divergences = answer.found.filter(({ hash }) => found.some((one) => one.hash === hash));
  const open = { db, configPath: config, rootTip: undefined, verifyChecksums: "default" } as const;
  const { triages, classes } = await triageDivergences({ ...open, divergences, folder: join(folder.path, "check") });
  const reported = (answer.report?.divergences ?? []).filter(({ hash }) =>
    divergences.some((one) => one.hash === hash),
  );
  return reported.map((divergence) => ({
    ...divergence,
    class: classes.get(divergence.hash) ?? divergence.class,
    triage: triages.get(divergence.hash) ?? null,
  }));
}

/** The first divergences of a replay with embedded engines are those of a check, closer look and files included. */
async function expectAsChecked(db: string, configPath = CONFIG): Promise<readonly Divergence[]> {
  const { report, exitCode } = await replayInProcess({ db, configPath, datadir: folder.path });
  expect(exitCode).toBe(2);
  const found = report?.divergences ?? [];
  expect(found.length).toBeGreaterThan(0);
  expect(found).toEqual(await checked(db, configPath, found, report?.stopped?.rootHeight ?? 0));
  for (const divergence of found) {
    expect(divergence.triage).not.toBeNull();
    const { reproducer, step } = divergence.triage as NonNullable<Divergence["triage"]>;
    for (const file of [reproducer, step?.traces?.reference, step?.traces?.tested]) {
      if (typeof file !== "string") continue;
      const [mine, theirs] = ["report", "check"].map((part) => readFileSync(join(folder.path, part, file), "utf8"));
      expect(mine).toBe(theirs);
    }
  }
  return found;
}

async function forged(forgery: Forgery): Promise<readonly Divergence[]> {
  const twin = chain.forge(forgery);
  try {
    return await expectAsChecked(twin.dir);
  } finally {
    twin.remove();
  }
}

function altered(change: Parameters<typeof withMeta>[1]): Forgery {
  return { minor: { ...TARGET, change: (found) => withMeta(found, change) } };
}

/** One destination's list of what the target sends. */
function otherDepositList(twin: DatabaseTwin): void {
  const hash = chain.minorHash(TARGET.fullShardId, TARGET.height);
  for (const id of chain.shardIds) {
    const list = id === TARGET.fullShardId ? undefined : chain.db.shard(id).depositList(hash);
    if (list === undefined || list.deposits.length === 0) continue;
    const key = prefixedKey(PREFIX.receivedDeposits, hash);
    twin.put(shardFolder(id), key, encodeDepositList(list.deposits.slice(1)));
    return;
  }
  throw new Error("the target sends deposits");
}

describe("what differs in the chain is looked at as a check does", () => {
  test.each<[string, Forgery, string | RegExp]>([
    ["a stored state", altered({ stateRoot: parent.meta.stateRoot }), /^unexplained\/state\./],
    ["a state that is not stored", altered({ stateRoot: flipped(block.meta.stateRoot) }), "unexplained/stateRoot"],
    ["gas", altered({ gasUsed: block.meta.gasUsed + 1n }), "unexplained/gasUsed"],
    ["a stored list of deposits", { rows: otherDepositList }, "unexplained/xshardSends"],
    ["a broken rule", { minor: { ...TARGET, change: (found) => withHeader(found, { version: 7 }) } }, "rule/VERSION"],
    [
      "a broken rule of a root block",
      { root: { height: 4, change: (found) => withRootHeader(found, { version: 7 }) } },
      "rule/VERSION",
    ],
  ])("%s", async (_, forgery, name) => {
    const [divergence, ...others] = await forged(forgery);
    expect(others).toEqual([]);
    expect(divergence.class).toEqual(typeof name === "string" ? name : expect.stringMatching(name));
  });

  test("transactions that the configuration forbids", async () => {
    const configPath = join(folder.path, "cluster_config.json");
    const text = readFileSync(CONFIG, "utf8").replace(/("ENABLE_EVM_TIMESTAMP": )\w+/, "$11656640186");
    writeFileSync(configPath, text);
    const found = await expectAsChecked(SMALL, configPath);
    expect(found.map((one) => one.class).join()).toContain("enableEvmTimestamp");
  });
});

/** Replays with an engine that lies about the target. */
async function lied(lie: (truth: PayloadStatus) => PayloadStatus, change: Partial<ReplayRequest> = {}) {
  const request = { datadir: folder.path, to: 4, shards: [TARGET.fullShardId], ...change };
  const run = await replayInProcess(request, (engine) =>
    lyingEngine(engine, (truth, { block: { header } }) => (header.height === TARGET.height ? lie(truth) : truth)),
  );
  expect(run.exitCode).toBe(2);
  return run.report as Report;
}

function lieAboutGas(truth: PayloadStatus): PayloadStatus {
  const { computed } = truth;
  return computed === null ? truth : { ...truth, computed: { ...computed, gasUsed: computed.gasUsed - 1n } };
}

describe("an engine that is at fault", () => {
  test("by what it computed", async () => {
    const { divergences, classes } = await lied(lieAboutGas);
    const [{ declared, computed }] = divergences[0].fields;
    expect(divergences).toMatchObject([
      { ...TARGET, class: "engine/gasUsed", triage: { class: "engine/gasUsed", reproducer: null, step: null } },
    ]);
    const explanation = divergences[0].triage?.attribution.explanation;
    expect(explanation).toMatch(/^the engine is at fault: our own execution matches what the block declares/);
    expect(explanation).toContain(`gasUsed ${computed} where ${declared} is declared`);
    expect(divergences[0].triage?.command).toBe(
      `qkc replay --db DIR --datadir ${folder.path} --to 4 --shard 131073 --resume`,
    );
    expect(classes).toMatchObject([{ name: "engine/gasUsed", count: 1, explanation }]);
  });

  test("a continued run meets it again, with the same report", async () => {
    const first = await lied(lieAboutGas);
    expect(lasting(await lied(lieAboutGas, { resume: true }))).toEqual(lasting(first));
  });

  test("by a refusal", async () => {
    const { divergences } = await lied((truth) => ({
      ...truth,
      ...{ status: "INVALID", latestValidHash: null, computed: null },
      validationError: { kind: "rejected", transactionIndex: 1, reason: "too dear" },
    }));
    expect(divergences).toMatchObject([{ ...TARGET, class: "engine/refused" }]);
    expect(divergences[0].triage?.attribution.explanation).toMatch(/it refuses the block: transaction 1: too dear/);
  });

  test("about a block that differs by itself: the class is the block's, and a warning tells of the engine", async () => {
    const twin = chain.forge(altered({ gasUsed: block.meta.gasUsed + 5n }));
    try {
      const { divergences, warnings } = await lied(lieAboutGas, { db: twin.dir });
      expect(divergences).toMatchObject([{ ...TARGET, class: "unexplained/gasUsed" }]);
      expect(divergences[0].triage?.reproducer).not.toBeNull();
      expect(warnings.join()).toMatch(/block 13: the engine comes to something else than our own execution: gasUsed/);
    } finally {
      twin.remove();
    }
  });

  test("by other rules: the rule, the step by its own trace, a reproducer, and a command that needs no engine", async () => {
    const { fullShardId, height } = RULES_TARGET;
    const served = await serveShard(folder.path, fullShardId, undefined, { rules: ruleSet("quarkchain+2929") });
    try {
      const engines = { kind: "urls", urls: [served.url], jwtSecretPath: undefined } as const;
      const { report } = await replayInProcess({ datadir: folder.path, engines, shards: [fullShardId] });
      expect(report?.divergences).toMatchObject([
        {
          ...RULES_TARGET,
          class: "engine/EIP-2929",
          triage: {
            class: "engine/EIP-2929",
            attribution: { switches: [{ name: "EIP-2929" }] },
            step: { reference: "quarkchain", tested: "engine", what: "gas" },
            unit: { kind: "transaction", index: 0 },
          },
        },
      ]);
      const [{ hash, triage }] = report?.divergences ?? [];
      expect(triage?.attribution.explanation).toMatch(/^the engine is at fault.*EIP-2929: .* at pc 0x/);
      expect(triage?.command).toBe(`qkc diff --db DIR --block ${hash} --rules quarkchain+2929`);
      const { traces } = triage?.step ?? {};
      for (const file of [triage?.reproducer, traces?.reference, traces?.tested]) {
        expect(existsSync(join(folder.path, "report", file ?? "none"))).toBe(true);
      }
      expect(triage?.id).toContain(`${fullShardId}-${height}-`);
    } finally {
      await served.close();
    }
  });
});

describe("a pruned database", () => {
  async function removeStates(dir: string): Promise<void> {
    const db = openArchive(dir);
    const shard = db.shard(1);
    const roots: Uint8Array[] = [];
    for (let height = 0; shard.canonicalHashAt(height) !== undefined; height++) {
      const { stateRoot } = shard.minorBlock(shard.canonicalHashAt(height)!).meta;
      if (shard.rows.has(stateRoot)) roots.push(stateRoot.slice());
    }
    db.close();
    const rows = new ClassicLevel<Uint8Array, Uint8Array>(join(dir, "S0", "shard-1", "db"), { keyEncoding: "view" });
    for (const root of roots) await rows.del(root);
    await rows.close();
  }

  async function liedOn(dir: string): Promise<Report> {
    const request = { db: dir, configPath: GOQKC_CONFIG, datadir: folder.path, shards: [1] };
    const run = await replayInProcess(request, (engine) =>
      lyingEngine(engine, (truth, { block: { header } }) => (header.height === 20 ? lieAboutGas(truth) : truth)),
    );
    expect(run.exitCode).toBe(2);
    return run.report as Report;
  }

  test("what can be computed from a stored state is looked at", async () => {
    const directory = new GoquarkchainDirectory();
    try {
      const { divergences } = await liedOn(directory.dir);
      expect(divergences).toMatchObject([{ height: 20, class: "engine/gasUsed", triage: { class: "engine/gasUsed" } }]);
    } finally {
      directory.remove();
    }
  });

  test("with no state near enough the divergence stands alone, and a warning says why", async () => {
    const directory = new GoquarkchainDirectory();
    try {
      await removeStates(directory.dir);
      const { divergences, warnings, verdict, classes } = await liedOn(directory.dir);
      expect(verdict).toBe("divergent");
      expect(divergences).toMatchObject([{ height: 20, fields: [{ field: "gasUsed" }], class: null, triage: null }]);
      expect(classes).toEqual([]);
      expect(warnings.join()).toMatch(/block 20 differs; a closer look at it failed: .*is not stored \(pruned\)/);
      const open = {
        db: directory.dir,
        configPath: GOQKC_CONFIG,
        rootTip: undefined,
        verifyChecksums: "default",
      } as const;
      const database = openDatabase(open);
      const verdict20 = await new OwnCheck(database).verdictOn({ ...divergences[0], fullShardId: 1 });
      database.source.close();
      expect(verdict20).toEqual({ kind: "unknown", reason: expect.stringContaining("is not stored (pruned)") });
    } finally {
      directory.remove();
    }
  });
});

describe("a replay's report as", () => {
  test("page, summary, test results and annotations", async () => {
    const report = await lied(lieAboutGas);
    const [{ class: name }] = report.divergences;
    const title = "replay of a pyquarkchain database, root blocks 1..4";
    expect(htmlReporter.render(report)).toContain(`<title>divergent: ${title}</title>`);
    const markdown = markdownReporter.render(report);
    expect(markdown).toContain(`## ❌ divergent: ${title}`);
    expect(markdown).toContain(`\`${name}\``);
    const junit = junitReporter.render(report);
    expect(junit).toContain('<testsuites name="qkc replay" tests="6" failures="1" errors="0" skipped="5"');
    expect(junit).toContain(`<property name="run" value="${title}"/>`);
    expect(junit).toContain(
      '<testcase classname="shard 0x20001" name="blocks are as declared"><failure message="shard 0x20001 block 13: gasUsed">',
    );
    expect(githubReporter.render(report)).toMatch(
      /^::error title=shard 0x20001 block 13 differs::the engine is at fault/,
    );
  });

  test("test results has what belongs to no counted root block", async () => {
    const twin = chain.forge({ root: { height: 1, change: (found) => withRootHeader(found, { version: 7 }) } });
    try {
      const { report } = await replayInProcess({ db: twin.dir, configPath: CONFIG, datadir: folder.path });
      expect(report?.totals.rootBlocks).toBe(0);
      expect(junitReporter.render(report as Report)).toMatch(
        /classname="root chain" name="blocks are as declared"><failure/,
      );
    } finally {
      twin.remove();
    }
  });

  test("test results has a block that no root block confirms", async () => {
    const report = await lied(lieAboutGas);
    const [divergence] = report.divergences;
    const side = { ...divergence, rootHeight: null, rootHash: null };
    const replay = { withForks: true, shards: [] };
    expect(junitReporter.render({ ...report, divergences: [side], replay })).toMatch(
      /classname="shard 0x20001" name="blocks are as declared"><failure/,
    );
  });
});
