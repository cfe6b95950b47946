import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { SYSTEM_CLOCK } from "../../node/codec/clock.ts";
import { freePorts } from "../../node/engine/process/engine-processes.ts";
import { LINK_LIMITS } from "../../node/net/cluster-links.ts";
import { Connection } from "../../node/net/connection.ts";
import { Handlers } from "../../node/net/handlers.ts";
import { LinkError } from "../../node/net/link-error.ts";
import { SOCKET_TRANSPORT } from "../../node/net/socket-link.ts";
import { CLUSTER_OPERATIONS, CLUSTER_RPC } from "../../node/wire/cluster-ops.ts";
import { SMALL, SMALL_SHARDS } from "../database/small-fixture.testkit.ts";
import { type BuiltProject, buildProject } from "../work/built-project.testkit.ts";
import { historyOf } from "./history.testkit.ts";

let project: BuiltProject;
let folder: string;
let child: ChildProcess;
let port: number;
let lines: string[];
let closed: Promise<[number | null]>;

beforeAll(() => {
  project = buildProject();
});

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "qkc-run-slave-"));
  [port] = await freePorts(1);
  // As text: its balances are no numbers of JavaScript's.
  const config = readFileSync(join(SMALL, "cluster_config.json"), "utf8");
  writeFileSync(join(folder, "cluster_config.json"), config.replace(/"PORT": 38000,/, `"PORT": ${port},`));
  // As pyquarkchain's cluster.py starts a slave.
  const flags = [`--cluster_config=${join(folder, "cluster_config.json")}`, "--node_id=S0", "--enable_profiler=true"];
  const main = fileURLToPath(project.file("replay/cli/main.ts"));
  child = spawn(process.execPath, [main, "slave", ...flags, "--base", SMALL, "--datadir", join(folder, "data")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  closed = once(child, "close") as Promise<[number | null]>;
  lines = [];
  createInterface({ input: child.stderr as NodeJS.ReadableStream }).on("line", (line) => lines.push(line));
  await expect.poll(() => lines.join("\n")).toContain("listening on");
});

afterEach(async () => {
  child.kill("SIGKILL");
  await closed;
  rmSync(folder, { recursive: true, force: true });
});

it("says of each shard what it does, and ends clean with its master", async () => {
  const master = await startShards();
  master.close(new LinkError("closed", "the master ends"));
  expect(await closed).toEqual([0, null]);
  for (const id of SMALL_SHARDS) {
    const name = `shard 0x${id.toString(16).padStart(8, "0")}: `;
    expect(lines.filter((line) => line.includes(name)).length, name).toBeGreaterThan(0);
  }
});

it("ends with 0 at a signal", async () => {
  await startShards();
  child.kill("SIGTERM");
  expect(await closed).toEqual([0, null]);
});

it("ends at once at a second one, whatever it had begun", async () => {
  await startShards();
  // Both are there when the process goes on: its shards' threads cannot have ended between them.
  child.kill("SIGSTOP");
  child.kill("SIGTERM");
  child.kill("SIGINT");
  child.kill("SIGCONT");
  expect(await closed).toEqual([130, null]);
});

/** As a master whose root chain is the database's. */
async function startShards(): Promise<Connection<undefined>> {
  const { steps } = historyOf(SMALL);
  const master = new Connection<undefined>({
    link: await SOCKET_TRANSPORT.dial("127.0.0.1", port, 60_000),
    ...{ name: "slave", caller: undefined, metadataBytes: 12, operations: CLUSTER_OPERATIONS },
    ...{ handlers: new Handlers<undefined>(), limits: LINK_LIMITS.master, clock: SYSTEM_CLOCK, log: () => {} },
    route: () => false,
  });
  const ping = { id: "", fullShardIds: [] };
  const { fullShardIds } = await master.channel.request(CLUSTER_RPC.ping, { ...ping, rootTip: undefined });
  expect(fullShardIds).toEqual(SMALL_SHARDS);
  await master.channel.request(CLUSTER_RPC.ping, { ...ping, rootTip: steps[steps.length - 1].root });
  return master;
}
