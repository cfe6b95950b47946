import { availableParallelism } from "node:os";
import { UsageError } from "../../node/codec/errors.ts";
import type { ReporterName } from "../report/reporter-names.ts";
import { databaseOfConfig } from "./database-of-config.ts";
import type { Part } from "./split.ts";

/** Which root blocks the user asks for; the database decides what the open ends are. */
export type SpanRequest =
  | { readonly kind: "heights"; readonly from: number | undefined; readonly to: number | undefined }
  | { readonly kind: "last"; readonly count: number }
  /** The clients' way: downwards from `from` (the tip where negative or beyond it) to `to`, as each of them means that. */
  | { readonly kind: "downwards"; readonly from: number; readonly to: number };

/** Whether an interrupted run is continued; "auto": where there is one. */
type Resume = "no" | "required" | "auto";

/** A checked command line of `qkc checkdb`. */
export interface CheckdbRequest {
  readonly db: string;
  readonly configPath: string | undefined;
  readonly span: SpanRequest;
  /** Report of the clean run to go on from. */
  readonly since: string | undefined;
  /** The part of the run that this process checks; undefined = all of it. */
  readonly part: Part | undefined;
  /** Full shard ids, ascending, each once; undefined = all. */
  readonly shards: readonly number[] | undefined;
  readonly workers: number;
  /** Root blocks in a range; undefined = by weight. */
  readonly batch: number | undefined;
  readonly unconfirmed: boolean;
  readonly reportFolder: string | undefined;
  readonly json: boolean;
  readonly resume: Resume;
  readonly maxDivergences: number | null;
  /** File of divergences that are known and accepted. */
  readonly allowFile: string | undefined;
  readonly verifyPow: boolean;
  readonly checkArchive: boolean;
  readonly verifyChecksums: "default" | "all";
  readonly rootTip: string | undefined;
  readonly stallSeconds: number;
  readonly quiet: boolean;
  /** Other forms of the report that are wanted; undefined: what the surroundings ask for. */
  readonly reporters: readonly ReporterName[] | undefined;
  /** Where to tell other programs how the run goes. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  /** What to time: each block's stages, with "cpu" the functions too; undefined: neither. */
  readonly profile?: "stages" | "cpu";
}

/** A command line as it was understood and as it was typed. */
export interface Invocation {
  readonly request: CheckdbRequest;
  readonly args: readonly string[];
}

/** Which part of a database a command works on, and with how many threads; values as commander delivers them. */
export interface RangeOptions {
  /** Root heights, inclusive. */
  readonly from?: number;
  readonly to?: number;
  /** Never together with the others. */
  readonly last?: number;
  /** Full shard ids. */
  readonly shard?: readonly number[];
  readonly workers?: number;
}

/** Option values as commander delivers them. */
export interface CheckdbOptions extends RangeOptions {
  /** Undefined: the one that `cluster_config` names. */
  readonly db?: string;
  readonly config?: string;
  readonly since?: string;
  readonly part?: Part;
  readonly unconfirmed?: true;
  readonly report?: string;
  readonly json?: true;
  readonly resume?: true | "auto";
  readonly maxDivergences?: number;
  readonly failFast?: true;
  readonly allow?: string;
  readonly verifyPow?: true;
  readonly checkArchive?: true;
  readonly verifyChecksums: "default" | "all";
  readonly rootTip?: string;
  readonly stallTimeout: number;
  readonly quiet?: true;
  readonly reporter?: readonly ReporterName[];
  readonly metrics?: { readonly host: string; readonly port: number };
  readonly profile?: true | "cpu";
  readonly cluster_config?: string;
  readonly check_db?: string | true;
  readonly check_db_rblock_from?: number;
  readonly check_db_rblock_to?: number;
  readonly check_db_rblock_batch?: number;
}

/** Throws UsageError where no database is named, ConfigError for a configuration that should name it and cannot. */
export function checkdbRequest(options: CheckdbOptions): CheckdbRequest {
  return {
    db: options.db ?? databaseOf(options.cluster_config),
    configPath: options.config ?? options.cluster_config,
    span: spanRequest(options),
    since: options.since,
    part: options.part,
    shards: options.shard === undefined ? undefined : [...new Set(options.shard)].sort((a, b) => a - b),
    workers: options.workers ?? availableParallelism(),
    batch: options.check_db_rblock_batch,
    unconfirmed: options.unconfirmed === true,
    reportFolder: options.report,
    json: options.json === true,
    resume: options.resume === true ? "required" : (options.resume ?? "no"),
    maxDivergences: options.failFast === true ? 1 : (options.maxDivergences ?? null),
    allowFile: options.allow,
    verifyPow: options.verifyPow === true,
    checkArchive: options.checkArchive === true,
    verifyChecksums: options.verifyChecksums,
    rootTip: options.rootTip,
    stallSeconds: options.stallTimeout,
    quiet: options.quiet === true,
    reporters: options.reporter,
    metrics: options.metrics,
    profile: options.profile === true ? "stages" : options.profile,
  };
}

function databaseOf(clusterConfig: string | undefined): string {
  if (clusterConfig !== undefined) return databaseOfConfig(clusterConfig);
  throw new UsageError("no database is named: give its folder with --db");
}

function spanRequest(options: CheckdbOptions): SpanRequest {
  if (options.last !== undefined) return { kind: "last", count: options.last };
  const { check_db_rblock_from: from, check_db_rblock_to: to } = options;
  if (from === undefined && to === undefined) return { kind: "heights", from: options.from, to: options.to };
  // Defaults of pyquarkchain cluster/cluster.py parse_args.
  return { kind: "downwards", from: from ?? -1, to: to ?? 0 };
}
