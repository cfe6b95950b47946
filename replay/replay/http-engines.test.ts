import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EngineError } from "../../node/engine/engine-error.ts";
import { SMALL_SHARDS } from "../database/small-fixture.testkit.ts";
import { type ServedShard, serveShard, unreliableWay } from "./http-shards.testkit.ts";
import { alteredEngine } from "./lying-engine.testkit.ts";
import { lasting, replayFolder, replayInProcess } from "./replay-run.testkit.ts";

const TO = 3;

let folder: ReturnType<typeof replayFolder>;
const closing: { close(): Promise<void> }[] = [];
beforeEach(() => {
  folder = replayFolder();
});
afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close();
  folder.remove();
});

async function serveAll(wrap?: Parameters<typeof serveShard>[2]): Promise<ServedShard[]> {
  const served = await Promise.all(SMALL_SHARDS.map((id) => serveShard(folder.path, id, wrap)));
  closing.push(...served);
  return served;
}

function replayOver(
  urls: readonly string[],
  change: Partial<Parameters<typeof replayInProcess>[0]> = {},
  attempts = 6,
) {
  const retry = { attempts, firstDelayMs: 5, longestDelayMs: 20 };
  const engines = { kind: "urls", urls, jwtSecretPath: undefined, retry } as const;
  return replayInProcess({ datadir: `${folder.path}/new`, to: TO, engines, ...change });
}

async function expectedReport(): Promise<unknown> {
  return lasting((await replayInProcess({ datadir: `${folder.path}/expected`, to: TO })).report);
}

describe("a replay over HTTP", () => {
  test("comes to the same report as in process, whichever engine is whose", async () => {
    const urls = (await serveAll()).map(({ url }) => url).reverse();
    const { report } = await replayOver(urls);
    expect(lasting(report)).toEqual(await expectedReport());
  });

  test("over connections that break off, and an engine that is slow", async () => {
    const served = await serveAll((engine) =>
      alteredEngine(engine, {
        newPayload: async (payload) => {
          await sleep(2);
          return await engine.newPayload(payload);
        },
      }),
    );
    let pieces = 0;
    const ways = await Promise.all(served.map(({ url }) => unreliableWay(url, () => ++pieces % 5 === 0)));
    closing.push(...ways);
    const { report, error } = await replayOver(
      ways.map(({ url }) => url),
      {},
      20,
    );
    expect(error).toBeUndefined();
    expect(pieces).toBeGreaterThan(20);
    expect(lasting(report)).toEqual(await expectedReport());
  });

  test("an engine that goes away ends the run after some attempts", async () => {
    const served = await serveAll();
    let pieces = 0;
    const way = await unreliableWay(served[1].url, () => ++pieces > 6);
    closing.push(way);
    const run = await replayOver([served[0].url, way.url, served[2].url, served[3].url]);
    expect(run).toMatchObject({
      exitCode: 1,
      error: expect.stringMatching(/cannot be reached.*given up after 6 attempts/),
    });
    const continued = await replayOver(
      served.map(({ url }) => url),
      { resume: true },
    );
    expect(lasting(continued.report)).toEqual(await expectedReport());
  });
});

describe("an engine that is not the right one", () => {
  test("of another shard, twice, or none for a shard", async () => {
    const [first, second] = await serveAll();
    expect(await replayOver([first.url, second.url], { shards: [1] })).toMatchObject({
      exitCode: 1,
      error: expect.stringContaining("is shard 65538's, which is not replayed"),
    });
    expect(await replayOver([first.url, first.url])).toMatchObject({
      exitCode: 1,
      error: expect.stringContaining("are both shard 1's"),
    });
    expect(await replayOver([first.url])).toMatchObject({
      exitCode: 1,
      error: expect.stringContaining("no engine for shard 65538, 65539, 131073"),
    });
  });

  test("of another network or genesis", async () => {
    const other = await serveShard(folder.path, 1, (engine) =>
      alteredEngine(engine, {
        chainIdentity: async () => {
          const identity = await engine.chainIdentity();
          return {
            ...identity,
            networkId: 3,
            genesisStateRoot: new Uint8Array(32) as typeof identity.genesisStateRoot,
          };
        },
      }),
    );
    closing.push(other);
    const { exitCode, error } = await replayOver([other.url], { shards: [1] });
    expect(exitCode).toBe(1);
    expect(error).toMatch(/is another chain's: network 3 instead of \d+; genesis state 0{64} instead of/);
  });

  test("that holds a chain already, where the run begins at genesis", async () => {
    const [served] = await serveAll();
    await replayOver([served.url], { shards: [1] });
    const again = await replayOver([served.url], { shards: [1], datadir: `${folder.path}/again` });
    expect(again).toMatchObject({ exitCode: 1, error: expect.stringContaining("holds a chain up to block") });
  });

  test("without QuarkChain's extension: exit code 3 at once", async () => {
    const other = await serveShard(folder.path, 1, (engine) =>
      alteredEngine(engine, {
        exchangeCapabilities: async () => ["engine_newPayloadV4", "engine_forkchoiceUpdatedV3"],
      }),
    );
    closing.push(other);
    expect(await replayOver([other.url], { shards: [1] })).toMatchObject({
      exitCode: 3,
      error: expect.stringContaining("this is no QuarkChain engine"),
    });
  });

  test("that answers garbage, or with an error", async () => {
    const garbage = createServer((_, response) => response.end("{ no json"));
    await new Promise<void>((listening) => garbage.listen(0, "127.0.0.1", listening));
    closing.push({ close: () => new Promise((closed) => garbage.close(() => closed())) });
    const { port } = garbage.address() as AddressInfo;
    expect((await replayOver([`http://127.0.0.1:${port}`], { shards: [1] })).exitCode).toBe(1);

    const failing = await serveShard(folder.path, 1, (engine) =>
      alteredEngine(engine, {
        newPayload: async () => {
          throw new EngineError(-32000, "out of order");
        },
      }),
    );
    closing.push(failing);
    expect(await replayOver([failing.url], { shards: [1], datadir: `${folder.path}/failing` })).toMatchObject({
      exitCode: 1,
      error: expect.stringContaining("out of order"),
    });
  });
});
