import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serveShard } from "./http-shards.testkit.ts";
import { alteredEngine } from "./lying-engine.testkit.ts";

/**
 * `el-child.testkit.js <database> <datadir> <shard> <port>`: an execution layer that ends its own process while it works
 * on its fourth payload, once in the life of its folder.
 */
async function main([db, datadir, shard, port]: readonly string[]): Promise<void> {
  const mark = `${datadir}.died`;
  let payloads = 0;
  const served = await serveShard(
    join(datadir),
    Number(shard),
    (engine) =>
      alteredEngine(engine, {
        newPayload: (payload) => {
          const answered = engine.newPayload(payload);
          if (++payloads === 4 && !existsSync(mark)) {
            writeFileSync(mark, "");
            process.kill(process.pid, "SIGKILL");
          }
          return answered;
        },
      }),
    { db, port: Number(port) },
  );
  process.on("SIGTERM", () => void served.close());
}

await main(process.argv.slice(2));
