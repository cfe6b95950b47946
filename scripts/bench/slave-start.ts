/**
 * How long a slave takes over an old database until it answers its master:
 * npx tsx scripts/bench/slave-start.ts "<command of qkc>" <database> [node id], on a configuration beside the database.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { SYSTEM_CLOCK } from "../../node/codec/clock.ts";
import { LINK_LIMITS } from "../../node/net/cluster-links.ts";
import { Connection } from "../../node/net/connection.ts";
import { Handlers } from "../../node/net/handlers.ts";
import { LinkError } from "../../node/net/link-error.ts";
import { SOCKET_TRANSPORT } from "../../node/net/socket-link.ts";
import { CLUSTER_OPERATIONS, CLUSTER_RPC } from "../../node/wire/cluster-ops.ts";
import { openDatabase } from "../../replay/database/open-database.ts";

/** Of a process and its threads (Linux). */
function cpuSeconds(pid: number): string {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return ((Number(fields[11]) + Number(fields[12])) / 100).toFixed(2);
}

const [command, db, nodeId = "S0"] = process.argv.slice(2);
const { source, config, configPath, rootTip } = openDatabase({
  ...{ db, configPath: undefined, rootTip: undefined, verifyChecksums: "default" },
});
const rootBlock = source.rootBlocks().rootBlock(rootTip);
source.close();
const slave = config.slaves.find(({ id }) => id === nodeId);
if (slave === undefined) throw new Error(`the configuration has no slave ${nodeId}`);

const datadir = mkdtempSync(join(tmpdir(), "qkc-slave-start-"));
const startedAt = performance.now();
/** On a machine that does other work the wall says little. */
const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(2)} s (CPU ${cpuSeconds(child.pid ?? 0)} s)`;
const options = `--cluster_config ${configPath} --node_id ${nodeId} --datadir ${datadir} --base ${db}`;
const child = spawn(`exec ${command} slave ${options}`, { shell: true, stdio: ["ignore", "inherit", "pipe"] });
const ended = new Promise((resolve) => child.once("exit", resolve));
try {
  for await (const line of createInterface({ input: child.stderr })) if (line.includes("listening on")) break;
  console.log(`listens after ${seconds()}`);
  const connection = new Connection<undefined>({
    link: await SOCKET_TRANSPORT.dial("127.0.0.1", slave.port, 5000),
    ...{ name: "slave", caller: undefined, metadataBytes: 12, operations: CLUSTER_OPERATIONS },
    ...{ handlers: new Handlers<undefined>(), limits: LINK_LIMITS.master, clock: SYSTEM_CLOCK, log: () => {} },
    route: () => false,
  });
  const ping = { id: "", fullShardIds: [] };
  await connection.channel.request(CLUSTER_RPC.ping, { ...ping, rootTip: undefined });
  console.log(`first PONG after ${seconds()}`);
  await connection.channel.request(CLUSTER_RPC.ping, { ...ping, rootTip: rootBlock });
  console.log(`on root block ${rootBlock.header.height} after ${seconds()}`);
  const { errorCode, headersInfos } = await connection.channel.request(CLUSTER_RPC.getUnconfirmedHeaders, {});
  console.log(`unconfirmed headers of ${headersInfos.length} shards, code ${errorCode}, after ${seconds()}`);
  connection.close(new LinkError("closed", "all is measured"));
  await ended;
} finally {
  child.kill();
  rmSync(datadir, { recursive: true, force: true });
}
