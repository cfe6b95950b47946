import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { QuarkChainConfig } from "../../node/chain/config.ts";
import { readClusterConfig } from "../../node/chain/config-file.ts";
import { toHex } from "../../node/codec/bytes.ts";
import { QkcError, UsageError } from "../../node/codec/errors.ts";
import { makeFolder } from "../../node/codec/make-folder.ts";
import { systemRefusal } from "../../node/codec/system-error.ts";
import { ruleSet } from "../../node/el/evm/hardforks/rule-set.ts";
import { createJwtSecret, jwtAuthenticator, readJwtSecret } from "../../node/engine/json-rpc/jwt.ts";
import { engineMethods } from "../../node/engine/server/engine-methods.ts";
import {
  OPEN_PORT_LIMITS,
  type RpcServer,
  type RpcServerOptions,
  startRpcServer,
} from "../../node/engine/server/rpc-server.ts";
import { CallThreads } from "../../node/execution-node/calls/call-threads.ts";
import { threadedTracingMethods } from "../../node/execution-node/debug/threaded-methods.ts";
import { ethMethods } from "../../node/execution-node/eth-api/eth-methods.ts";
import { ExecutionNode, type ExecutionNodeOptions } from "../../node/execution-node/execution-node.ts";
import { programVersion } from "../report/version.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import type { LogFormat } from "../terminal/log-format.ts";
import { onStopSignals } from "../terminal/stop-signals.ts";
import { type ElLog, elLog } from "./el-log.ts";

/** A checked command line of `qkc el`. */
export interface ElRequest
  extends Pick<ExecutionNodeOptions, "fullShardId" | "retention" | "durability" | "cacheBytes"> {
  readonly datadir: string;
  readonly configPath: string;
  readonly jwtSecretPath: string | undefined;
  readonly authrpc: Endpoint;
  readonly http: Endpoint | undefined;
  readonly rules: string;
  /** How long a call of eth_call, eth_estimateGas or a debugging method may run. */
  readonly callTimeoutMs: number;
  readonly logFormat: LogFormat;
}

/** Of each thread that runs calls. */
const CALL_CACHE_BYTES = 32 * 1024 * 1024;
/** Of each port. */
const MOST_CALL_THREADS = 4;

type Endpoint = Required<Pick<RpcServerOptions, "host" | "port" | "vhosts">>;

/** `qkc el`: serves until a signal says to stop, or the store cannot be written any more. Throws what keeps it from starting. */
export async function runEl(request: ElRequest): Promise<ExitCode> {
  const log = elLog(request.logFormat);
  const stop = new StopRequest();
  const releaseSignals = onStopSignals(
    (signal) => stop.ask(`${signal}: finishing what was begun`),
    () => process.exit(EXIT.interrupted),
  );
  try {
    const { configPath, fullShardId, retention, durability, cacheBytes, rules, datadir } = request;
    const config = readClusterConfig(configPath, process.env).quarkchain;
    refuseForeignFolder(datadir);
    const node = await ExecutionNode.open({
      folder: datadir,
      config,
      fullShardId,
      rules: ruleSet(rules),
      durability,
      retention,
      cacheBytes,
      version: programVersion(),
      isShared: true,
    });
    node.store.onWriteFailure((error) => stop.fail(error));
    const calls = callThreads(request, config);
    try {
      return await serve(request, { node, calls }, log, stop);
    } finally {
      await calls.close();
      await node.close();
      log.event("stopped", "stopped");
    }
  } finally {
    releaseSignals();
  }
}

function callThreads(request: ElRequest, config: QuarkChainConfig): CallThreads {
  const { datadir: folder, fullShardId, rules, callTimeoutMs: timeoutMs } = request;
  return new CallThreads({
    workerFile: new URL("../../node/execution-node/calls/call-thread.js", import.meta.url),
    data: { folder, config, fullShardId, ruleSet: rules, cacheBytes: CALL_CACHE_BYTES },
    threadsPerLane: Math.min(MOST_CALL_THREADS, Math.ceil(availableParallelism() / 2)),
    timeoutMs,
  });
}

async function serve(
  request: ElRequest,
  { node, calls }: { readonly node: ExecutionNode; readonly calls: CallThreads },
  log: ElLog,
  stop: StopRequest,
): Promise<ExitCode> {
  const onInternalError = (error: unknown, method: string) => log.event("error", `${method}: ${descriptionOf(error)}`);
  const eth = ethMethods(node, calls);
  const authenticate = jwtAuthenticator(jwtSecret(request));
  const servers: RpcServer[] = [];
  try {
    const methods = { ...eth, ...engineMethods(node), ...threadedTracingMethods(node, calls) };
    servers.push(await startRpcServer({ ...request.authrpc, methods, authenticate, onInternalError }));
    if (request.http !== undefined)
      servers.push(
        await startRpcServer({ ...request.http, ...OPEN_PORT_LIMITS, lane: "http", methods: eth, onInternalError }),
      );
    announce(log, node, servers);
    const failure = await stop.asked;
    log.event("stopping", failure === undefined ? stop.reason : failure.message);
    return failure === undefined ? EXIT.clean : EXIT.error;
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

/** Where in the program something happened matters for defects only. */
function descriptionOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof QkcError && error.code !== "INTERNAL" ? error.message : (error.stack ?? error.message);
}

function announce(log: ElLog, node: ExecutionNode, [authrpc, http]: readonly RpcServer[]): void {
  const head = node.headBlock();
  const shard = `0x${node.fullShardId.toString(16)}`;
  const at = head === undefined ? "empty" : `head ${head.block.header.height}`;
  const eth = http === undefined ? "" : `, eth ${http.url}`;
  log.event("ready", `ready: shard ${shard}, ${at}, engine ${authrpc.url}${eth}`, {
    shard,
    head: head === undefined ? null : { hash: `0x${toHex(head.hash)}`, height: head.block.header.height },
    engine: authrpc.url,
    http: http?.url ?? null,
    pid: process.pid,
  });
}

function jwtSecret({ jwtSecretPath, datadir }: ElRequest): Uint8Array {
  const path = jwtSecretPath ?? join(datadir, "jwt.hex");
  return existsSync(path) ? readJwtSecret(path) : createJwtSecret(path);
}

/** What the system itself puts into an empty volume. */
const NOBODYS: readonly string[] = ["lost+found"];

/** Nothing is written where something else lies, a client's database above all. */
function refuseForeignFolder(datadir: string): void {
  const names = namesIn(datadir);
  if (names.length === 0 || names.includes("execution")) return;
  const foreign = names.filter((name) => name !== "jwt.hex" && !NOBODYS.includes(name));
  if (foreign.length === 0) return;
  throw new UsageError(`${datadir} holds something else (${foreign.slice(0, 5).join(", ")}): give an empty folder`);
}

/** Makes the folder where there is none. */
function namesIn(datadir: string): string[] {
  try {
    makeFolder(datadir);
    return readdirSync(datadir);
  } catch (error) {
    throw systemRefusal(error, datadir, "use");
  }
}

/** Somebody wants the process to end, or it has to. */
class StopRequest {
  reason = "";
  /** The failure, or undefined where it was asked for. */
  readonly asked: Promise<QkcError | undefined>;
  #settle: (failure: QkcError | undefined) => void = () => {};

  constructor() {
    this.asked = new Promise((settle) => {
      this.#settle = settle;
    });
  }

  ask(reason: string): void {
    this.reason = reason;
    this.#settle(undefined);
  }

  fail(error: QkcError): void {
    this.#settle(error);
  }
}
