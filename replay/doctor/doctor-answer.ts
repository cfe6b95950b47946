import { toHex } from "../../node/codec/bytes.ts";
import { shardName } from "../text/block-name.ts";
import type { Colors } from "../text/colors.ts";
import { grouped } from "../text/grouped.ts";
import type { Json } from "../text/json.ts";
import { shownWithin } from "../text/printable.ts";
import { fieldTable, textTable } from "../text/table.ts";
import { timeText } from "../text/values.ts";
import { gigabytes } from "./advice.ts";
import type { TrialFacts } from "./calibrate.ts";
import type { Finding, Severity } from "./diagnosis.ts";
import type { Examination } from "./doctor.ts";
import type { Run } from "./heights.ts";
import type { ChainTip, ShardFacts } from "./shard-exam.ts";
import type { StoreFacts } from "./store-facts.ts";

/** Runs of heights that people are shown of a shard's states; --json has them all. */
const SHOWN_RUNS = 4;

/** What `qkc doctor --json` prints. Heights are numbers, hashes hex. */
export function doctorJson(examination: Examination): { readonly [name: string]: Json } {
  const { root, config, trial, advice, stores, shards, findings } = examination;
  return {
    schema: "qkc-doctor/1",
    verdict: examination.verdict,
    database: examination.db,
    kind: examination.kind,
    deep: examination.deep,
    bytes: advice.databaseBytes,
    stores: stores.map((store) => ({ ...store })),
    config: config === undefined ? null : { ...config },
    root: root === undefined ? null : rootJson(root),
    shards: shards.map(shardJson),
    history: shards.some(({ history }) => history),
    trial: trial === undefined ? null : { ...trial },
    advice: { ...advice },
    findings: findings.map((finding) => ({ ...finding })),
  };
}

function rootJson(root: NonNullable<Examination["root"]>): Json {
  const { tipHeight, tipTime, tipIsGuessed, blocksLookedAt, genesisHash } = root;
  const tipHash = toHex(root.tipHash);
  return {
    tipHeight,
    tipHash,
    tipTime,
    tipIsGuessed,
    genesisHash: genesisHash ? toHex(genesisHash) : null,
    blocksLookedAt,
  };
}

function shardJson({ confirmed, tip, ...rest }: ShardFacts): Json {
  return { ...rest, states: rest.states.map((run) => ({ ...run })), confirmed: tipJson(confirmed), tip: tipJson(tip) };
}

function tipJson(tip: ChainTip | undefined): Json {
  return tip === undefined ? null : { height: tip.height, hash: toHex(tip.hash), time: tip.time };
}

const VERDICT_TEXT = {
  fit: "fit: every block can be checked from this database",
  limited: "fit with limits: see what cannot be proved from this database",
  damaged: "damaged: rows or files are missing, or contradict each other",
} as const;

/** The same for people: the verdict first, then what is wrong, then what is there, then what to do. */
export function doctorText(examined: Examination, colors: Colors): string {
  const examination = shownWithin(examined);
  const { verdict, findings, advice, trial, deep } = examination;
  const paint = verdict === "fit" ? colors.green : verdict === "limited" ? colors.yellow : colors.red;
  const [word, reason] = VERDICT_TEXT[verdict].split(": ");
  const sections = [
    `${paint(colors.bold(word))}: ${reason}`,
    findingsText(findings, colors),
    fieldTable(identity(examination)),
    storesText(examination.stores),
    shardsText(examination.shards),
    [...advice.lines, ...(deep ? [] : ["a look at samples: --deep looks at every block and every state root"])].join(
      "\n",
    ),
    [`next:  ${advice.command}`, ...trialText(trial, advice.workers)].join("\n"),
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

function findingsText(findings: readonly Finding[], colors: Colors): string {
  const paint: Record<Severity, (text: string) => string> = {
    damage: colors.red,
    limit: colors.yellow,
    note: colors.dim,
  };
  return findings
    .map(({ severity, code, fullShardId, count, heights, message }) => {
      const where = fullShardId === null ? "" : `shard ${shardName(fullShardId)}: `;
      const more = heights.slice(0, 5).map(grouped).join(", ");
      const times =
        count === 1
          ? ""
          : ` (${grouped(count)} times${more === "" ? "" : `, heights ${more}${count > 5 ? ", …" : ""}`})`;
      return `${paint[severity](severity)} ${code}: ${where}${message}${times}`;
    })
    .join("\n");
}

function identity({ db, kind, root, config, advice, shards, fullShardIds }: Examination): [string, string][] {
  const fields: [string, string][] = [
    ["database", `${db}, ${kind}, ${gigabytes(advice.databaseBytes)}, ${fullShardIds.length} shards`],
  ];
  if (config !== undefined) {
    const fits = config.matches ? "its genesis blocks are the database's" : "NOT this database's";
    fields.push(["config", `${config.path}, network ${config.networkId}, ${fits}`]);
  }
  if (root !== undefined) {
    const guessed = root.tipIsGuessed ? " (the newest that the shards build on)" : "";
    fields.push(["root tip", `${grouped(root.tipHeight)}  ${toHex(root.tipHash)}${guessed}`]);
    fields.push(["root time", timeText(root.tipTime)]);
    if (root.genesisHash !== undefined) fields.push(["genesis", toHex(root.genesisHash)]);
  }
  const withHistory = shards.filter(({ history }) => history).length;
  const history = withHistory === 0 ? "no" : withHistory === shards.length ? "yes" : `in ${withHistory} shards`;
  fields.push(["history index", history]);
  return fields;
}

function storesText(stores: readonly StoreFacts[]): string {
  if (stores.length === 0) return "";
  const rows = stores.map((store) => [
    store.fullShardId === null ? "root" : shardName(store.fullShardId),
    `${store.format}${store.formatVersions.length === 0 ? "" : ` v${store.formatVersions.join("/")}`}`,
    gigabytes(store.bytes),
    grouped(store.tables),
    store.levels.map(({ level, tables }) => `L${level}:${tables}`).join(" ") || "-",
    store.entries === null ? "-" : grouped(store.entries),
    [...store.compressions, ...store.checksums].join(" ") || "-",
    `${store.logs} with ${grouped(store.logKeys)} keys`,
  ]);
  return textTable([["store", "format", "size", "tables", "levels", "rows", "encoding", "logs"], ...rows], [2, 3, 5]);
}

function shardsText(shards: readonly ShardFacts[]): string {
  if (shards.length === 0) return "";
  const rows = shards.map(({ fullShardId, confirmed, tip, states, blocksLookedAt }) => [
    shardName(fullShardId),
    confirmed === undefined ? "-" : grouped(confirmed.height),
    tip === undefined ? "-" : grouped(tip.height),
    grouped(blocksLookedAt),
    statesText(states),
  ]);
  return textTable([["shard", "confirmed", "tip", "looked at", "states stored"], ...rows], [1, 2, 3]);
}

function statesText(states: readonly Run[]): string {
  const stored = states.filter(({ has }) => has);
  if (stored.length === 0) return "none";
  const shown = stored
    .slice(-SHOWN_RUNS)
    .map(({ from, to }) => (from === to ? grouped(from) : `${grouped(from)}..${grouped(to)}`));
  const more = stored.length > SHOWN_RUNS ? `${grouped(stored.length - SHOWN_RUNS)} runs, then ` : "";
  return `${more}${shown.join(", ")}`;
}

function trialText(trial: TrialFacts | undefined, workers: number): string[] {
  if (trial === undefined) return [];
  const tried = `${grouped(trial.rootBlocks)} root blocks with ${grouped(trial.minorBlocks)} minor blocks took ${trial.seconds.toFixed(1)} s`;
  return [`takes: about ${durationText(trial.estimatedSeconds)} with ${workers} workers (${tried})`];
}

function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}
