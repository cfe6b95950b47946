import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { openPyquarkchainDatabase } from "../../node/archive/pyquarkchain/database.ts";
import { type Hash32, toHex } from "../../node/codec/bytes.ts";
import { CONFIG, FixtureChain, withHeader, withMeta } from "../checkdb/twin-chain.testkit.ts";
import { checkInProcess } from "../checkdb/twin-check.testkit.ts";
import { REPORTER_NAMES } from "../report/reporter-names.ts";
import type { Report } from "../report/schema.ts";
import { summarize } from "../report/summary.ts";
import { renderReport } from "../reporters/render-report.ts";
import { colorsFor } from "../text/colors.ts";
import { triageDivergences } from "../triage/triage-run.ts";
import type { CheckdbRequest } from "../work/checkdb-request.ts";
import { createProgram } from "./program.ts";

const SHARD = 1;
const chain = new FixtureChain();
const folder = mkdtempSync(join(tmpdir(), "qkc commands "));
afterAll(() => {
  chain.close();
  rmSync(folder, { recursive: true });
});

const height = chain.tipHeight(SHARD);
/** A configuration that nothing finds by itself, in a folder whose name needs quotes. */
const config = join(folder, "my config.json");
copyFileSync(CONFIG, config);
const FORGERIES = {
  "what comes out is not declared": chain.forge({
    minor: { fullShardId: SHARD, height, change: (block) => withMeta(block, { gasUsed: block.meta.gasUsed + 1n }) },
  }),
  "a rule is broken": chain.forge({
    minor: {
      fullShardId: SHARD,
      height,
      change: (block) => withHeader(block, { gasLimit: block.header.gasLimit + 1n }),
    },
  }),
};
afterAll(() => {
  for (const twin of Object.values(FORGERIES)) twin.remove();
});

describe.each(Object.entries(FORGERIES))("where %s", (_, twin) => {
  it("every printed command, in every form of the report, meets the divergence again", async () => {
    rmSync(join(twin.dir, "cluster_config.json"), { force: true });
    const reportFolder = join(folder, "report");
    mkdirSync(reportFolder, { recursive: true });
    const tip = tipOf(twin.dir);
    const { report, found } = await checkInProcess(twin.dir, { config, rootTip: tip, last: 2, checkArchive: true });
    const open = { db: twin.dir, configPath: config, rootTip: tip, verifyChecksums: "default" } as const;
    const { triages } = await triageDivergences({
      ...open,
      divergences: found,
      folder: reportFolder,
    });
    const whole = withTriages(report as Report, triages);
    expect(whole.divergences.length).toBeGreaterThan(0);
    const texts = [
      summarize(whole, { colors: colorsFor(false, {}), reportPath: undefined, next: undefined }),
      ...REPORTER_NAMES.map((form) => renderReport(form, whole)),
    ];
    const commands = new Set(texts.flatMap(commandsIn));
    for (const text of texts) expect(commandsIn(text).length, text.slice(0, 200)).toBeGreaterThan(0);
    for (const command of commands) expect(await meets(command, whole), command).toBe(true);
  });
});

function tipOf(db: string): string {
  const database = openPyquarkchainDatabase(db);
  try {
    return toHex(database.rootTipHash() as Hash32);
  } finally {
    database.close();
  }
}

function withTriages(report: Report, triages: ReadonlyMap<string, Report["divergences"][number]["triage"]>): Report {
  return {
    ...report,
    divergences: report.divergences.map((one) => ({ ...one, triage: triages.get(one.hash) ?? null })),
  };
}

/** Commands as any form prints them, with their entities and escapes taken back. */
function commandsIn(text: string): string[] {
  const plain = text
    .replaceAll("%0A", "\n")
    .replaceAll("%25", "%")
    .replaceAll("&#39;", "'")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
  return [...plain.matchAll(/qkc (?:diff|checkdb) --db [^"\n<]*/g)].map(([command]) => command.trim());
}

/** Runs a command line as a shell would split it; whether it shows a divergence of the report. */
async function meets(command: string, report: Report): Promise<boolean> {
  const args = [...command.matchAll(/'((?:[^']|'\\'')*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare).slice(1);
  let exitCode = -1;
  let request: CheckdbRequest | undefined;
  const program = createProgram("0.0.0", {
    run: async (work) => {
      exitCode = await work();
    },
    checkdb: async (asked) => {
      request = asked;
      return 0;
    },
    coordinate: async () => 0,
    work: async () => 0,
  });
  const printed = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    await program.parseAsync(args, { from: "user" });
  } finally {
    printed.mockRestore();
  }
  if (request === undefined) return exitCode === 2;
  const { span, shards, rootTip: tip, configPath, checkArchive, verifyPow, unconfirmed } = request;
  const range =
    span.kind === "last" ? { last: span.count } : span.kind === "heights" ? { from: span.from, to: span.to } : {};
  const flags = { checkArchive, verifyPow, unconfirmed } as const;
  const set = Object.fromEntries(Object.entries(flags).filter(([, isSet]) => isSet)) as Record<string, true>;
  const again = await checkInProcess(request.db, { ...range, ...set, shard: shards, rootTip: tip, config: configPath });
  const hashes = new Set(again.report?.divergences.map(({ hash }) => hash));
  return report.divergences.some(({ hash }) => hashes.has(hash)) && checkArchive;
}
