import type { ClusterConfig } from "../../../node/chain/config.ts";
import { configHash } from "../../../node/chain/config-hash.ts";
import { rootGenesisBlock } from "../../../node/chain/genesis.ts";
import { decodeMinorBlock } from "../../../node/chain/minor-block.ts";
import { rootHeaderHash } from "../../../node/chain/root-block.ts";
import { asHash32, toHex } from "../../../node/codec/bytes.ts";
import { QkcError } from "../../../node/codec/errors.ts";
import { QUARKCHAIN_RULES } from "../../../node/el/evm/rules.ts";
import { openStore } from "../../../node/execution-node/open-store.ts";
import { openBase } from "../../../node/shard/base/open-base.ts";
import { ClStore } from "../../../node/shard/store/cl-store.ts";
import { consensusFolder, executionFolder } from "../../../node/slave/open-shard.ts";
import type { RefusedBlock } from "../../../node/slave/shard-api.ts";
import type { OpenDatabase } from "../../database/open-database.ts";
import { assembleReport } from "../../report/assemble.ts";
import { writeReport } from "../../report/run-folder.ts";
import type { FoundDivergence, RangeResult, Report } from "../../report/schema.ts";
import type { Triage } from "../../report/triage-schema.ts";
import { PROGRAM, programVersion } from "../../report/version.ts";
import { type RunClock, runTiming, startClock } from "../../terminal/timing.ts";
import { OwnCheck, type OwnVerdict } from "../../triage/own-check.ts";
import { type TriageRun, triageIn } from "../../triage/triage-run.ts";
import { LiveSource, type LiveStores } from "./live-source.ts";

/** Plain data: it crosses to the thread that looks. */
export interface LookRequest {
  readonly cluster: ClusterConfig;
  readonly configPath: string;
  readonly datadir: string;
  readonly base: string | undefined;
  readonly fullShardId: number;
  readonly refused: RefusedBlock;
  /** Where the report goes. */
  readonly folder: string;
}

/** What a closer look at a block came to. */
export type Look =
  | { readonly kind: "differs"; readonly path: string; readonly class: string | null; readonly explanation: string }
  /** Its execution comes to what it declares: it was refused for its seal, its time or its place. */
  | { readonly kind: "agrees" }
  | { readonly kind: "unknown"; readonly reason: string };

const CACHE_BYTES = 16 * 1024 * 1024;
const FLAGS: Report["provenance"]["flags"] = {
  ...{ verifyPow: false, checkArchive: false, verifyChecksums: "default", unconfirmed: true },
  ...{ rootTip: null, maxDivergences: null },
};
/** Of the other shards, whose lists are somewhere else. */
const NOT_COMPARED = /^shard \d+ is not there:/;

/**
 * Executes a block that a live shard has refused once more, beside the shard and over its stores, which another thread writes:
 * where its execution differs from what it declares, by which rule that can be explained, and a small case of it.
 */
export async function lookAtRefused(request: LookRequest): Promise<Look> {
  return await withStores(request, async (stores) => {
    const { cluster, configPath, fullShardId, refused } = request;
    const hash = asHash32(refused.hash);
    const block = decodeMinorBlock(refused.encoded);
    const source = new LiveSource(stores, { hash, block });
    const rootTip = source.rootTipHash();
    if (rootTip === undefined)
      throw new QkcError("INTERNAL", `shard ${fullShardId} refuses a block and has none itself`);
    const database: OpenDatabase = { source, config: cluster, configPath, rootTip };
    const check = new OwnCheck(database);
    const verdict: OwnVerdict = await check.verdictOn({
      ...{ fullShardId, height: block.header.height, hash: toHex(hash), rootHeight: null, rootHash: null },
    });
    if (verdict.kind !== "differs") return verdict;
    return await reported(request, database, verdict.divergence, check.warnings);
  });
}

async function withStores<T>(
  { cluster, datadir, base: folder, fullShardId }: LookRequest,
  work: (stores: LiveStores) => Promise<T>,
): Promise<T> {
  const config = cluster.quarkchain;
  const base = folder === undefined ? undefined : openBase(folder, config, fullShardId);
  try {
    const identity = { fullShardId, rootGenesisHash: rootHeaderHash(rootGenesisBlock(config).header) };
    const store = await ClStore.open(consensusFolder(datadir, fullShardId), identity, {
      base: base?.shard,
      isShared: true,
    });
    try {
      const execution = await openStore({
        ...{ folder: executionFolder(datadir, fullShardId), config, fullShardId, base: base?.shard },
        ...{ rules: QUARKCHAIN_RULES, durability: "process", cacheBytes: CACHE_BYTES, isShared: true },
      });
      try {
        return await work({ store, execution });
      } finally {
        await execution.close();
      }
    } finally {
      await store.close();
    }
  } finally {
    base?.close();
  }
}

async function reported(
  request: LookRequest,
  database: OpenDatabase,
  divergence: FoundDivergence,
  warnings: readonly string[],
): Promise<Look> {
  const clock = startClock();
  const run = await triageIn(database, { divergences: [divergence], folder: request.folder });
  const report = reportOf({ request, clock, divergence, run, warnings });
  const path = await writeReport(request.folder, report);
  const [{ class: name, triage }] = report.divergences;
  return { kind: "differs", path, class: name, explanation: triage?.attribution.explanation ?? "" };
}

interface RefusedReportInput {
  readonly request: LookRequest;
  readonly clock: RunClock;
  readonly divergence: FoundDivergence;
  readonly run: TriageRun;
  readonly warnings: readonly string[];
}

/** As of a check of this one block, which no root block confirms. */
function reportOf({ request, clock, divergence, run, warnings }: RefusedReportInput): Report {
  const { cluster, configPath, datadir } = request;
  const result: RangeResult = {
    ...{ index: 0, checkedTo: 0, rootBlocks: 0, shards: [], divergences: [divergence] },
    ...{ unsupported: [], damage: [], warnings: [], timing: { seconds: 0, stages: {} } },
  };
  return assembleReport({
    command: "slave",
    provenance: {
      ...{ program: PROGRAM, version: programVersion(), database: null },
      ...{ configHash: toHex(configHash(cluster.quarkchain)), ruleSet: QUARKCHAIN_RULES.name, flags: FLAGS },
    },
    ...{ range: null, results: [result], allowlist: [], classes: run.classes },
    warnings: [...warnings, ...run.warnings].filter((warning) => !NOT_COMPARED.test(warning)),
    triages: new Map([...run.triages].map(([hash, triage]) => [hash, withItsCommand(triage)])),
    ...{ expected: undefined, stopped: null, interrupted: false, failure: undefined },
    timing: runTiming(clock, {
      ...{
        databasePath: datadir,
        configPath,
        workers: 1,
        ranges: 1,
        results: [result],
        resumed: new Map(),
        stalls: [],
      },
    }),
  });
}

/** No database has the block: its case is what meets the difference again. */
function withItsCommand(triage: Triage): Triage {
  return { ...triage, command: `qkc reproduce ${triage.reproducer ?? "FILE"}` };
}
