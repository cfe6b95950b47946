import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { readFixtureConfig } from "../../node/chain/expected-configs.testkit.ts";
import { asAddress } from "../../node/codec/bytes.ts";
import { HttpEngine } from "../../node/engine/client/http-engine.ts";
import { createJwtSecret } from "../../node/engine/json-rpc/jwt.ts";
import { EngineProcess, freePorts } from "../../node/engine/process/engine-processes.ts";
import { type ExternalEngine, openExternalEngine } from "../../node/slave/external-engine.ts";
import { LiveShard } from "../../node/slave/live-shard.testkit.ts";
import { type BuiltProject, buildProject } from "../work/built-project.testkit.ts";

const SHARD = 2;
const CONFIG_PATH = fileURLToPath(new URL("../../fixtures/configs/defaults.json", import.meta.url));
const cluster = readFixtureConfig("defaults.json");

let project: BuiltProject;
let folder: string;
const closing: (() => Promise<void> | void)[] = [];

beforeAll(() => {
  project = buildProject();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qkc-external-"));
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
});

/** `qkc el` in a process that says its id, watched and started again. */
async function startEngine(): Promise<{ readonly url: string; readonly jwtSecret: Uint8Array; kill(): void }> {
  const jwtPath = join(folder, "jwt.hex");
  const jwtSecret = createJwtSecret(jwtPath);
  const main = fileURLToPath(project.file("replay/cli/main.ts"));
  const el = `${process.execPath} ${main} el --datadir {datadir} --config {config} --shard {shard} --authrpc.port {port}`;
  const [port] = await freePorts(1);
  const engine = new EngineProcess({
    fullShardId: SHARD,
    command: `/bin/sh -c 'echo $$ > {datadir}.pid; exec ${el} --jwt-secret {jwt}'`,
    datadir: join(folder, "el"),
    port,
    jwtPath,
    configPath: CONFIG_PATH,
    logs: join(folder, "logs"),
    onGivenUp: (error) => expect.unreachable(error.message),
    onRestart: () => {},
  });
  engine.start();
  closing.push(() => engine.stop());
  const kill = () => process.kill(Number(readFileSync(join(folder, "el.pid"), "utf8")), "SIGKILL");
  return { url: engine.url, jwtSecret, kill };
}

async function openShard(external: ExternalEngine): Promise<LiveShard> {
  let now = 1_700_000_000_000;
  const shard = await LiveShard.open({
    cluster,
    fullShardId: SHARD,
    clock: () => (now += 1000),
    engineOver: (node, chain) => external.mirrored(node, chain),
  });
  closing.push(() => shard.close());
  return shard;
}

async function grow(shard: LiveShard, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const recipient = asAddress(new Uint8Array(20).fill(n + 1));
    const outcome = await shard.add(await shard.templates.make({ recipient, fullShardKey: SHARD }));
    expect(outcome.status).toBe("added");
  }
}

test("an engine that is killed again and again, and once loses its disk, has every block in the end", async () => {
  const { url, jwtSecret, kill } = await startEngine();
  const log: string[] = [];
  const external = await openExternalEngine({
    spec: { url, jwtSecret },
    config: cluster.quarkchain,
    fullShardId: SHARD,
    log: (level, line) => log.push(`${level}: ${line}`),
  });
  closing.push(() => external.close());
  const shard = await openShard(external);
  for (let round = 0; round < 4; round++) {
    await grow(shard, 6);
    kill();
    if (round === 2) rmSync(join(folder, "el"), { recursive: true });
  }
  await grow(shard, 3);
  const engine = new HttpEngine({ url, jwtSecret });
  closing.push(() => engine.close());
  const { head } = await engine.chainIdentity();
  expect(head).toEqual({ hash: shard.snapshot.head.hash, height: 27 });
  expect(log.filter((line) => line.includes("had lost 19 blocks"))).toHaveLength(1);
  expect(log.some((line) => line.startsWith("warn: shard 2: newPayload: "))).toBe(true);
}, 180_000);
