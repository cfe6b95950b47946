import type { EngineApi } from "../../node/engine/engine-api.ts";
import type { ClBatch } from "../../node/shard/store/cl-batch.ts";
import { ClStore } from "../../node/shard/store/cl-store.ts";
import { alteredEngine } from "./lying-engine.testkit.ts";
import { replayInProcess } from "./replay-run.testkit.ts";

/**
 * `replay-child.testkit.js <database> <datadir> <last root height> <resume|fresh> <kill at>`: a replay in one thread that
 * kills its own process at the n-th event: before or after a block is executed, before, while or after a store is
 * written. Answers with the exit code of the command where it comes to its end.
 */
async function main([db, datadir, to, resume, killAt]: readonly string[]): Promise<void> {
  let left = Number(killAt);
  const event = () => {
    if (--left === 0) process.kill(process.pid, "SIGKILL");
  };
  const write = ClStore.prototype.write;
  ClStore.prototype.write = async function (this: ClStore, batch: ClBatch): Promise<void> {
    event();
    const written = write.call(this, batch);
    event();
    await written;
    event();
  };
  const wrap = (engine: EngineApi) =>
    alteredEngine(engine, {
      newPayload: async (payload) => {
        event();
        const answered = engine.newPayload(payload);
        event();
        const status = await answered;
        event();
        return status;
      },
      forkchoiceUpdated: async (state) => {
        const answered = engine.forkchoiceUpdated(state);
        event();
        return await answered;
      },
    });
  const run = await replayInProcess({ db, datadir, to: Number(to), resume: resume === "resume" }, wrap);
  if (run.error !== undefined) process.stderr.write(`${run.error}\n`);
  process.exitCode = run.exitCode;
}

await main(process.argv.slice(2));
