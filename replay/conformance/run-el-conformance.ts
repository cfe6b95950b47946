import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bytesEqual, toHex } from "../../node/codec/bytes.ts";
import { UsageError } from "../../node/codec/errors.ts";
import { HttpEngine } from "../../node/engine/client/http-engine.ts";
import { requireQuarkChainEngine } from "../../node/engine/client/require-engine.ts";
import type { ChainIdentity } from "../../node/engine/engine-api.ts";
import { readJwtSecret } from "../../node/engine/json-rpc/jwt.ts";
import { openDatabase } from "../database/open-database.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import { print } from "../terminal/print.ts";
import { chainSampleOf } from "./database-sample.ts";
import type { ChainSample } from "./suite/chain-sample.ts";
import { type CheckResult, runConformance } from "./suite/run-conformance.ts";

/** A checked command line of `qkc el-conformance`. */
export interface ElConformanceRequest {
  readonly url: string;
  readonly jwtSecretPath: string | undefined;
  readonly db: string | undefined;
  readonly configPath: string | undefined;
  /** Undefined: the engine's. */
  readonly fullShardId: number | undefined;
  readonly blocks: number;
  readonly json: boolean;
}

/** Throws what keeps the engine from being tried. */
export async function runElConformance(request: ElConformanceRequest): Promise<ExitCode> {
  const { url, jwtSecretPath } = request;
  const jwtSecret = jwtSecretPath === undefined ? undefined : readJwtSecret(jwtSecretPath);
  const engine = new HttpEngine({ url, jwtSecret });
  try {
    const { identity } = await requireQuarkChainEngine(engine);
    const results = await withSample(request, identity, (sample) =>
      runConformance({ engine, wire: { url, jwtSecret } }, sample),
    );
    print(request.json ? jsonOf(url, results) : textOf(results));
    return countOf(results, "failed") === 0 ? EXIT.clean : EXIT.divergent;
  } finally {
    engine.close();
  }
}

/** Deposits are read while the sample is used: the database stays open for so long. */
async function withSample<T>(
  { db, configPath, fullShardId, blocks }: ElConformanceRequest,
  identity: ChainIdentity,
  use: (sample: ChainSample) => Promise<T>,
): Promise<T> {
  const database = openDatabase({
    db: db ?? bundledDatabase(),
    configPath,
    rootTip: undefined,
    verifyChecksums: "default",
  });
  try {
    const sample = chainSampleOf(database, fullShardId ?? identity.fullShardId, blocks);
    refuseForeignHead(identity, sample);
    return await use(sample);
  } finally {
    database.source.close();
  }
}

/** The one in the package that this file belongs to, whether it runs from its source or from a build. */
function bundledDatabase(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const database = join(folder, "fixtures", "pyqkc-small");
    if (existsSync(database)) return database;
    if (folder === dirname(folder))
      throw new UsageError("no database comes with this installation: name one with --db");
  }
}

/** A chain that somebody keeps there must not lose its head. */
function refuseForeignHead({ head }: ChainIdentity, { genesis, blocks }: ChainSample): void {
  if (head === null || [genesis, ...blocks].some(({ blockHash }) => bytesEqual(blockHash, head.hash))) return;
  throw new UsageError(
    `the engine's head ${head.height} (${toHex(head.hash)}) is no block of the sample: give the engine an empty data directory`,
  );
}

function countOf(results: readonly CheckResult[], outcome: CheckResult["outcome"]): number {
  return results.filter((result) => result.outcome === outcome).length;
}

function jsonOf(engine: string, results: readonly CheckResult[]): string {
  const counts = {
    passed: countOf(results, "passed"),
    failed: countOf(results, "failed"),
    skipped: countOf(results, "skipped"),
  };
  return `${JSON.stringify({ schema: "qkc-el-conformance/1", engine, ...counts, checks: results }, null, 2)}\n`;
}

const MARKS = { passed: "ok  ", failed: "FAIL", skipped: "skip" } as const;

function textOf(results: readonly CheckResult[]): string {
  const lines = results.map(
    ({ name, outcome, reason }) => `${MARKS[outcome]}  ${name}${reason === null ? "" : `\n      ${reason}`}`,
  );
  const failed = countOf(results, "failed");
  const skipped = countOf(results, "skipped");
  const summary = `${results.length - failed - skipped} of ${results.length} checks passed, ${failed} failed, ${skipped} skipped`;
  return `${lines.join("\n")}\n\n${summary}\n`;
}
