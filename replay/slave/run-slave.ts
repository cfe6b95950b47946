import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { ClusterConfig, SlaveConfig } from "../../node/chain/config.ts";
import { readClusterConfig } from "../../node/chain/config-file.ts";
import { createSharedEthashCaches, type SharedEthashCaches } from "../../node/cl/pow/ethash-cache-pool.ts";
import { UnsupportedError, UsageError } from "../../node/codec/errors.ts";
import { makeFolder } from "../../node/codec/make-folder.ts";
import { shown } from "../../node/codec/shown.ts";
import { LoopDelay } from "../../node/measure/loop-delay.ts";
import type { Log } from "../../node/net/link.ts";
import { listenForLinks } from "../../node/net/socket-link.ts";
import { httpPost } from "../../node/slave/monitoring/http-post.ts";
import { KafkaSamples } from "../../node/slave/monitoring/kafka-samples.ts";
import type { ShardOptions } from "../../node/slave/open-shard.ts";
import type { RefusedBlock } from "../../node/slave/shard-api.ts";
import { threadedShards } from "../../node/slave/shard-threads.ts";
import { Slave } from "../../node/slave/slave.ts";
import { illness } from "../../node/slave/slave-gauges.ts";
import type { WebsocketListener } from "../../node/slave/websocket/websocket-server.ts";
import { chooseEngines } from "../engines/engine-choice.ts";
import type { EngineChoice } from "../engines/engine-spec.ts";
import { programVersion } from "../report/version.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import type { LogFormat } from "../terminal/log-format.ts";
import type { ListenAddress } from "../terminal/metrics/listen-address.ts";
import { type MetricsServer, serveMetrics } from "../terminal/metrics/metrics-server.ts";
import { onStopSignals } from "../terminal/stop-signals.ts";
import { baseFolder, formerBase } from "./base-folder.ts";
import { slaveMetrics } from "./slave-metrics.ts";
import { lastingDatadir, slaveOf } from "./slave-place.ts";
import { RefusedBlocks } from "./verify/refused-blocks.ts";
import { threadedLook } from "./verify/threaded-look.ts";

/** A checked command line of `qkc slave`. */
export interface SlaveRequest extends Pick<ShardOptions, "durability" | "retention" | "cacheBytes"> {
  readonly configPath: string;
  readonly nodeId: string;
  /** The folder qkc in DB_PATH_ROOT where it is left out. */
  readonly datadir: string | undefined;
  /** Folder of an old client's database to stand on; left out: see baseFolder(). */
  readonly base: string | undefined;
  readonly host: string;
  /** embedded: the slave alone executes. */
  readonly engines: EngineChoice;
  /** Blocks that are refused for what they declare are looked at. */
  readonly verifies: boolean;
  readonly logFormat: LogFormat;
  readonly metrics: ListenAddress | undefined;
}

/** Ethash caches of all shards together, and the height up to which one fits: decades of a mainnet shard. */
const ETHASH_CACHES = 3;
const HIGHEST_ETHASH_BLOCK = 60_000_000;
/** Folder of reports on blocks that were refused, in the data directory. */
const REFUSED = "refused";
/** So long whoever watches waits for a shard. */
const WATCHED_WITHIN_MS = 2000;

/** `qkc slave`: serves until its master's link ends or a signal comes. Throws what keeps it from starting or going on. */
export async function runSlave(request: SlaveRequest): Promise<ExitCode> {
  const signals = stopSignals();
  try {
    const cluster = readClusterConfig(request.configPath, process.env);
    const log = withErrorSamples(slaveLog(request.logFormat), cluster);
    const self = slaveOf(cluster, request.nodeId);
    const { datadir, discard } = dataDirectory(request, cluster);
    try {
      const base = baseOf(request, { cluster, self, datadir });
      return await serve(request, { cluster, self, datadir, base, log }, signals.stopped);
    } finally {
      discard();
    }
  } finally {
    signals.release();
  }
}

interface Served {
  readonly cluster: ClusterConfig;
  readonly self: SlaveConfig;
  readonly datadir: string;
  readonly base: string | undefined;
  readonly log: Log;
}

/** Throws where the rest of the command line cannot do with a base. */
function baseOf(
  { base: named, retention, engines }: SlaveRequest,
  { cluster, self, datadir }: Pick<Served, "cluster" | "self" | "datadir">,
): string | undefined {
  const { dbPathRoot, operation } = cluster;
  const { fullShardIds } = self;
  const base = baseFolder({ named, datadir, dbPathRoot, fullShardIds, isClean: operation.clean });
  if (engines.kind !== "embedded") refuseWithoutHistory(base ?? formerBase(datadir, fullShardIds));
  if (base === undefined) return undefined;
  if (retention !== "archive") {
    throw new UsageError(
      `--gcmode prune cannot take states out of ${base}, which is only read: leave it out over a base`,
    );
  }
  return base;
}

function refuseWithoutHistory(base: string | undefined): void {
  if (base === undefined) return;
  throw new UnsupportedError(
    `an external engine cannot be fed from ${base}, whose history it lacks: replay that with qkc replay first, or leave the engine out`,
  );
}

async function serve(request: SlaveRequest, served: Served, stopped: Promise<string>): Promise<ExitCode> {
  const engines = await externalEngines(request, served, stopped);
  try {
    return await serveWith(engines, request, served, stopped);
  } finally {
    await engines.close();
  }
}

async function serveWith(
  { specs: externalEngines, givenUp }: ExternalEngines,
  { configPath, host, durability, retention, cacheBytes, metrics, verifies }: SlaveRequest,
  { cluster, self, datadir, base, log }: Served,
  stopped: Promise<string>,
): Promise<ExitCode> {
  const version = programVersion();
  const ethashCaches = ethashCachesOf(cluster);
  const openShard = threadedShards(new URL("../../node/slave/shard-thread.js", import.meta.url), {
    ...{ cluster, datadir, durability, retention, cacheBytes, version, ethashCaches, externalEngines, base, verifies },
  });
  const refusedBlocks = new RefusedBlocks({
    ...{ cluster, configPath, datadir, base, log, folder: join(datadir, REFUSED) },
    look: threadedLook(new URL("./verify/verify-thread.js", import.meta.url)),
  });
  const refused = (fullShardId: number, block: RefusedBlock) => refusedBlocks.refused(fullShardId, block);
  const slave = new Slave({ cluster, self, openShard, log, refused });
  const listener = await listenForLinks({ port: self.port, host }, (link) => slave.accept(link));
  log("info", `slave ${self.id}: listening on ${host}:${listener.port}, data in ${datadir}`);
  let subscribers: WebsocketListener | undefined;
  let watched: MetricsServer | undefined;
  try {
    if (metrics !== undefined) {
      watched = await serveSlaveMetrics(metrics, slave, version);
      log("info", `slave ${self.id}: metrics on ${watched.url}/metrics`);
    }
    subscribers = await subscribersOf(slave, self, log);
    const end = await Promise.race([slave.ended, stopped, givenUp]);
    if (typeof end === "string") log("info", `${end}: stopping`);
    else if (end.kind === "failed") throw end.error;
    return EXIT.clean;
  } finally {
    listener.close();
    subscribers?.close();
    watched?.close();
    await slave.close("this slave is stopping");
    log("info", `slave ${self.id}: stopped`);
  }
}

async function serveSlaveMetrics(address: ListenAddress, slave: Slave, version: string): Promise<MetricsServer> {
  const startedAt = Date.now();
  const loop = new LoopDelay();
  const server = await serveMetrics(address, {
    text: async () => {
      const gauges = await slave.gauges(WATCHED_WITHIN_MS);
      return slaveMetrics({ version, startedAt, now: Date.now(), gauges, loopDelay: loop.look() });
    },
    illness: async () => illness(await slave.gauges(WATCHED_WITHIN_MS)),
  });
  const close = () => {
    server.close();
    loop.stop();
  };
  return { url: server.url, close };
}

/** WEBSOCKET_JSON_RPC_PORT on HOST, as pyquarkchain's slave would serve it (cluster/jsonrpc.py JSONRPCWebsocketServer). */
async function subscribersOf(
  { subscriptions }: Slave,
  { id, host, websocketPort }: SlaveConfig,
  log: Log,
): Promise<WebsocketListener | undefined> {
  if (websocketPort === null) return undefined;
  // Few slaves have one: the others do without the library.
  const { listenForSubscribers } = await import("../../node/slave/websocket/websocket-server.ts");
  const listener = await listenForSubscribers(subscriptions, { host, port: websocketPort });
  log("info", `slave ${id}: websockets on ${host}:${listener.port}`);
  return listener;
}

interface ExternalEngines {
  readonly specs: ShardOptions["externalEngines"];
  /** Rejects where an engine that was started cannot be kept running. */
  readonly givenUp: Promise<never>;
  close(): Promise<void>;
}

/** Finds or starts the engines of all shards, those too that are not alive yet. */
async function externalEngines(
  { engines: choice, configPath, cacheBytes }: SlaveRequest,
  { cluster, self, datadir, log }: Served,
  stopped: Promise<string>,
): Promise<ExternalEngines> {
  let giveUp: (error: Error) => void = () => {};
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  // Whoever serves hears of it.
  givenUp.catch(() => {});
  if (choice.kind === "embedded") return { specs: new Map(), givenUp, close: async () => {} };
  const starting = new AbortController();
  void stopped.then((signal) => starting.abort(new UsageError(`${signal}: stopped before the engines answered`)));
  const { specs, close } = await chooseEngines({
    choice,
    config: cluster.quarkchain,
    configPath,
    datadir: join(datadir, "engines"),
    shards: self.fullShardIds,
    gcMode: "archive",
    cacheBytes,
    resume: true,
    signal: starting.signal,
    onGivenUp: giveUp,
    onRestart: (text) => log("warn", text),
  });
  const external = [...specs].flatMap(([id, spec]) => (spec.kind === "http" ? [[id, spec] as const] : []));
  return { specs: new Map(external), givenUp, close };
}

/** An empty DB_PATH_ROOT is pyquarkchain's database in memory: here a folder that is gone when the slave is. */
function dataDirectory({ datadir }: SlaveRequest, cluster: ClusterConfig) {
  const lasting = lastingDatadir(datadir, cluster);
  if (lasting !== undefined) {
    // A shard that cannot be made would be told at its first block only.
    makeFolder(lasting);
    return { datadir: lasting, discard: () => {} };
  }
  const folder = mkdtempSync(join(tmpdir(), "qkc-slave-"));
  return { datadir: folder, discard: () => rmSync(folder, { recursive: true, force: true }) };
}

function ethashCachesOf({ quarkchain }: ClusterConfig): SharedEthashCaches {
  const isUsed = [...quarkchain.shards.values()].some(({ consensusType }) => consensusType === "POW_ETHASH");
  return isUsed ? createSharedEthashCaches(ETHASH_CACHES, HIGHEST_ETHASH_BLOCK) : createSharedEthashCaches(1, 0);
}

/** Resolves with the first signal; a second one ends the process where it is. */
function stopSignals() {
  let stop: (signal: string) => void = () => {};
  const stopped = new Promise<string>((resolve) => {
    stop = resolve;
  });
  const release = onStopSignals(
    (signal) => stop(signal),
    () => process.exit(EXIT.interrupted),
  );
  return { stopped, release };
}

/** Lines in ASCII: pyquarkchain's cluster.py reads what its slaves print as that, and ends with anything else. */
function slaveLog(format: LogFormat): Log {
  return (level, line) => {
    const time = new Date().toISOString();
    const text = format === "json" ? JSON.stringify({ time, level, text: line }) : `${time} ${level} ${shown(line)}`;
    process.stderr.write(`${ascii(text)}\n`);
  };
}

/** Errors go to MONITORING.ERRORS too, where KAFKA_REST_ADDRESS names a proxy. */
function withErrorSamples(log: Log, { operation: { monitoring } }: ClusterConfig): Log {
  const samples = new KafkaSamples({
    monitoring,
    clusterId: monitoring.clusterId ?? hostname(),
    post: httpPost,
    now: Date.now,
    log: (line) => log("warn", line),
  });
  return (level, line) => {
    log(level, line);
    if (level === "error") samples.lineLogged(level, line);
  };
}

function ascii(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?");
}
