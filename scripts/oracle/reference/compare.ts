/**
 * Compares `qkc checkdb` with unaltered pyquarkchain over databases that were made under one altered rule each:
 *
 *     node --import tsx scripts/oracle/reference/compare.ts FOLDER…
 *
 * Each folder holds a database, its cluster_config.json and the expected.json that reexecute.py wrote. A database agrees
 * when checkdb finds exactly the blocks that pyquarkchain finds, with exactly the same fields and values; a block that
 * pyquarkchain cannot execute must be one that checkdb cannot execute or finds against the rules.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Divergence, Report } from "../../../replay/report/schema.ts";

interface ExpectedField {
  readonly field: string;
  readonly declared: unknown;
  readonly computed: unknown;
}

interface ExpectedDivergence {
  readonly fullShardId: number;
  readonly height: number;
  readonly fields?: readonly ExpectedField[];
  readonly error?: unknown;
}

const FIELD_NAMES: Readonly<Record<string, string>> = {
  hash_evm_state_root: "stateRoot",
  hash_evm_receipt_root: "receiptRoot",
  bloom: "bloom",
  evm_gas_used: "gasUsed",
  evm_cross_shard_receive_gas_used: "xshardReceiveGasUsed",
  xshard_tx_cursor_info: "xshardCursor",
  coinbase_amount_map: "coinbaseAmounts",
  xshard_sends: "xshardSends",
};

let agreeing = 0;
let differing = 0;
for (const folder of process.argv.slice(2)) {
  const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8"));
  const { report, status } = checkdb(folder);
  const complaints = [
    ...compare(
      expected.divergences,
      report.divergences.filter((d) => d.fullShardId !== null),
    ),
  ];
  const rootExpected: readonly unknown[] = expected.rootDivergences ?? [];
  const rootFound = report.divergences.filter((d) => d.fullShardId === null);
  if (rootExpected.length > 0 !== rootFound.length > 0) {
    complaints.push(`root blocks: expected ${rootExpected.length} divergent, found ${rootFound.length}`);
  }
  if (report.damage.length + report.unsupported.length > 0) complaints.push(`damage: ${report.damage[0]?.message}`);
  const shouldExit = expected.divergences.length + rootExpected.length > 0 ? 2 : 0;
  if (status !== shouldExit) complaints.push(`exit code ${status}, not ${shouldExit}`);
  if (complaints.length === 0) agreeing++;
  else differing++;
  const verdict = complaints.length === 0 ? "agrees" : "DIFFERS";
  console.log(
    `${verdict} ${basename(folder)}: ${expected.divergences.length} divergent minor blocks, ${rootExpected.length} root blocks`,
  );
  for (const complaint of complaints.slice(0, 5)) console.log(`    ${complaint}`);
}
console.log(`${agreeing} agree, ${differing} differ`);
process.exitCode = differing === 0 && agreeing > 0 ? 0 : 1;

function checkdb(folder: string): { report: Report; status: number | null } {
  const out = mkdtempSync(join(tmpdir(), "qkc-compare-"));
  const main = new URL("../../../dist/replay/cli/main.js", import.meta.url).pathname;
  if (!existsSync(main)) throw new Error("build first: npm run build");
  const args = [main, "checkdb", "--db", folder, "--workers", "1", "--quiet", "--report", out];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  const path = join(out, "report.json");
  if (!existsSync(path)) throw new Error(`no report for ${folder}: ${stderr}`);
  const report = JSON.parse(readFileSync(path, "utf8")) as Report;
  rmSync(out, { recursive: true });
  return { report, status };
}

function* compare(expected: readonly ExpectedDivergence[], found: readonly Divergence[]): Generator<string> {
  const name = (d: { fullShardId: number | null; height: number }) => `${d.fullShardId}/${d.height}`;
  const byName = new Map(found.map((divergence) => [name(divergence), divergence]));
  for (const block of expected) {
    const divergence = byName.get(name(block));
    byName.delete(name(block));
    if (divergence === undefined) yield `${name(block)}: not found`;
    else yield* compareBlock(name(block), block, divergence);
  }
  for (const extra of byName.keys()) yield `${extra}: found, but pyquarkchain agrees with the block`;
}

function* compareBlock(name: string, expected: ExpectedDivergence, found: Divergence): Generator<string> {
  if (expected.error !== undefined) {
    if (found.violations.length === 0)
      yield `${name}: pyquarkchain refuses the block (${JSON.stringify(expected.error)})`;
    return;
  }
  const wanted = (expected.fields ?? []).map(describeExpected).sort();
  const got = found.fields.map(({ field, declared, computed }) => describe(field, declared, computed)).sort();
  if (JSON.stringify(wanted) !== JSON.stringify(got))
    yield `${name}: expected ${wanted.join("; ")} found ${got.join("; ")}`;
  for (const { code, message } of found.violations) yield `${name}: violation ${code} ${message}`;
}

function describeExpected({ field, declared, computed }: ExpectedField): string {
  const ours = FIELD_NAMES[field] ?? field;
  return describe(ours, valueText(ours, declared), valueText(ours, computed));
}

/** What was sent is compared by shard and number only: the two programs describe lists in their own ways. */
function describe(field: string, declared: string, computed: string): string {
  return field === "xshardSends" ? field : `${field} ${declared} ${computed}`;
}

function valueText(field: string, value: unknown): string {
  if (field === "xshardCursor") return Object.values(value as object).join("/");
  if (field === "coinbaseAmounts") {
    const rows = Object.entries(value as Record<string, string>).sort(([a], [b]) => Number(BigInt(a) - BigInt(b)));
    return rows.map(([tokenId, amount]) => `${tokenId}:${amount}`).join(" ");
  }
  return `${value}`;
}
