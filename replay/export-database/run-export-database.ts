import { existsSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { namesIn } from "../../node/archive/folder.ts";
import { ROOT_TIP_KEY as GOQUARKCHAIN_TIP } from "../../node/archive/goquarkchain/keys.ts";
import { ROOT_TIP_KEY as PYQUARKCHAIN_TIP } from "../../node/archive/pyquarkchain/keys.ts";
import { bytesKey, toHex } from "../../node/codec/bytes.ts";
import { QkcError, UsageError } from "../../node/codec/errors.ts";
import { clientRows, type StoredBlock } from "../database/client-rows.ts";
import { EXCERPT_FORMAT } from "../database/excerpt.ts";
import { type OpenDatabase, openDatabase } from "../database/open-database.ts";
import { assertOutside } from "../report/run-folder.ts";
import { PROGRAM, programVersion } from "../report/version.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import { print } from "../terminal/print.ts";
import { blockName } from "../text/block-name.ts";
import { commandText } from "../text/command-text.ts";
import { grouped } from "../text/grouped.ts";
import { type ExportTarget, exportTarget, type TargetRequest } from "./export-target.ts";
import { checkNarrowly, type NarrowFindings, type NarrowOptions } from "./narrow-check.ts";
import { RowRecorder } from "./row-recorder.ts";
import { writeExcerpt } from "./write-excerpt.ts";

export interface ExportDatabaseRequest extends TargetRequest {
  readonly db: string;
  readonly configPath: string | undefined;
  readonly rootTip: string | undefined;
  /** Folder to write to. */
  readonly out: string;
}

/** `qkc export-database`: checks the block with every row recorded that is read, writes those, and checks what it wrote. */
export async function runExportDatabase(request: ExportDatabaseRequest): Promise<ExitCode> {
  const { db, configPath, out } = request;
  assertOutside(db, out, "--out");
  if (existsSync(out) && namesIn(out).length > 0)
    throw new UsageError(`${out} is not empty: name a new folder with --out`);
  const { rootTip } = request;
  const target = exportTarget(request, { db, configPath, rootTip, verifyChecksums: "default" });
  const recorder = new RowRecorder();
  const recorded = await recordedCheck(request, target, recorder);
  await writeExcerpt(out, {
    db,
    configPath: recorded.configPath,
    folders: recorder.folders,
    excerpt: {
      format: EXCERPT_FORMAT,
      program: `${PROGRAM} ${programVersion()}`,
      rootFrom: target.options.from,
      shards: [target.stored.block.header.branch],
    },
  });
  const again = recorded.hasRootDatabase ? withoutTip(target.options) : target.options;
  assertSame(recorded.findings, await writtenCheck(out, again), out);
  print(exportedText(out, target, recorded.findings, recorder, again));
  return EXIT.clean;
}

/** What a check from the confirming root block finds; the recorder has the rows that it read. */
async function recordedCheck(
  { db, configPath }: ExportDatabaseRequest,
  { stored, options }: ExportTarget,
  recorder: RowRecorder,
) {
  const { wrapRows } = recorder;
  const { rootTip } = options;
  const database = openDatabase({ db, configPath, rootTip, verifyChecksums: "default", wrapRows });
  try {
    const findings = await checkNarrowly(database, db, options);
    readIndexes(database, stored);
    const { hasRootDatabase } = database.source;
    if (hasRootDatabase) nameTip(recorder, database);
    return { findings, configPath: database.configPath, hasRootDatabase };
  } finally {
    database.source.close();
  }
}

/** Rows by which other commands find the block and its transactions. */
function readIndexes({ source }: OpenDatabase, { block }: StoredBlock): void {
  const { branch, height } = block.header;
  const rows = clientRows(source);
  source.shard(branch).canonicalHashAt(height);
  for (const { hash } of block.transactions) rows.transaction(branch, hash);
}

/** The tip of what is written is the root block that confirms what is checked: nothing above it is there. */
function nameTip({ folders }: RowRecorder, { source, rootTip }: OpenDatabase): void {
  const key = source.kind === "pyquarkchain" ? PYQUARKCHAIN_TIP : GOQUARKCHAIN_TIP;
  for (const [folder, rows] of folders) {
    if (folder.endsWith(source.rootFolderName)) rows.set(bytesKey(key), { key, value: rootTip });
  }
}

async function writtenCheck(out: string, options: NarrowOptions): Promise<NarrowFindings> {
  const { rootTip } = options;
  const database = openDatabase({ db: out, configPath: undefined, rootTip, verifyChecksums: "all" });
  try {
    return await checkNarrowly(database, out, options);
  } finally {
    database.source.close();
  }
}

function withoutTip({ rootTip: _, ...options }: NarrowOptions): NarrowOptions {
  return options;
}

function assertSame(recorded: NarrowFindings, written: NarrowFindings, out: string): void {
  if (isDeepStrictEqual(recorded, written)) return;
  throw new QkcError(
    "INTERNAL",
    `the check of ${out} does not find what the check of the database finds: ` +
      `${divergencesText(written)} instead of ${divergencesText(recorded)}`,
  );
}

function exportedText(
  out: string,
  { stored }: ExportTarget,
  findings: NarrowFindings,
  { folders }: RowRecorder,
  options: NarrowOptions,
): string {
  const rows = [...folders.values()].flatMap((read) => [...read.values()]);
  const bytes = rows.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  const { branch: fullShardId, height } = stored.block.header;
  const differs = findings.divergences.some(({ hash }) => hash === toHex(stored.hash));
  const name = blockName({ fullShardId, height });
  return [
    `${out}: ${grouped(rows.length)} rows, ${grouped(bytes)} bytes`,
    `its check finds what that of the database does: ${divergencesText(findings)}`,
    ...findings.faults.map((fault) => `not checked, in either: ${fault}`),
    ...(differs ? [] : [`${name} is not among what differs`]),
    `next: ${commandText(["checkdb", "--db", out, ...flagsOf(options)])}`,
    "",
  ].join("\n");
}

function divergencesText({ divergences }: NarrowFindings): string {
  if (divergences.length === 0) return "no divergence";
  return divergences.map((one) => `${blockName(one)} (${one.class ?? "of no class"})`).join(", ");
}

function flagsOf({ unconfirmed, verifyPow, rootTip }: NarrowOptions): string[] {
  return [
    ...(rootTip === undefined ? [] : ["--root-tip", rootTip]),
    ...(unconfirmed === true ? ["--unconfirmed"] : []),
    ...(verifyPow === true ? ["--verify-pow"] : []),
  ];
}
