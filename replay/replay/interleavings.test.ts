import { describe, expect, test } from "vitest";
import { type MinorBlock, minorHeaderHash } from "../../node/chain/minor-block.ts";
import { bytesKey, toHex } from "../../node/codec/bytes.ts";
import { everyNth } from "../../node/codec/thoroughness.testkit.ts";
import { Scheduler, SimulatedFailure } from "../../node/shard/scheduler.testkit.ts";
import { type Lasting, nothingYet, ReplaySim, SIM_SHARDS, SimDatabase, type SimOutcome } from "./replay-sim.testkit.ts";
import { RunStopped } from "./run-link.ts";

const RUNS = Number(process.env.QKC_INTERLEAVINGS ?? 40 / everyNth(2));
const FIRST_SEED = Number(process.env.QKC_SEED ?? 1);
const ROOT_BLOCKS = 10;
const FAIR = { engineFails: 0, writeFails: 0 };

/** Runs processes one after the other until one comes to its end; `crashes`: chance of an end between two turns. */
async function replayed(
  database: SimDatabase,
  scheduler: Scheduler,
  weather: { engineFails: number; writeFails: number; crashes: number },
  lasting: Lasting,
): Promise<SimOutcome> {
  for (let attempt = 0; ; attempt++) {
    // In the end the weather is fair, or nobody would ever arrive.
    const now = attempt < 8 ? weather : { ...FAIR, crashes: 0 };
    const sim = new ReplaySim(database, scheduler, now, lasting);
    sim.begin();
    await scheduler.run(() => {
      if (scheduler.chance(now.crashes)) scheduler.kill(sim.owner);
    });
    const { outcome } = sim;
    if (outcome === undefined || isSimulated(outcome.failure)) continue;
    if (outcome.failure !== undefined) throw outcome.failure;
    return outcome;
  }
}

function isSimulated(failure: unknown): boolean {
  if (failure instanceof RunStopped)
    throw new Error("the report would say that somebody stopped the run, and nobody did");
  return failure instanceof SimulatedFailure || (failure instanceof Error && failure.cause instanceof SimulatedFailure);
}

async function forEachSeed(run: (seed: number, scheduler: Scheduler) => Promise<void>): Promise<void> {
  let turns = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const scheduler = new Scheduler(seed);
    try {
      await run(seed, scheduler);
    } catch (error) {
      const { message, stack } = error as Error;
      throw new Error(`seed ${seed}: ${message}\n${scheduler.trace.slice(-60).join("\n")}\n${stack}`);
    }
    turns += scheduler.trace.length;
  }
  console.log(`seeds ${FIRST_SEED}…${FIRST_SEED + RUNS - 1}: ${turns} turns`);
}

/** Rows as text: what a store holds. */
function contents({ rows }: Lasting): unknown {
  return SIM_SHARDS.map((id) => [...(rows.get(id) as Map<string, Uint8Array>)].map(([k, v]) => [k, toHex(v)]).sort());
}

/** Barrier, Coordinator, ShardHost and ShardReplay over two shards; QKC_SEED and QKC_INTERLEAVINGS choose other orders. */
describe("a replay, whatever order its messages, engines and writes come in", () => {
  test.each([
    ["nothing fails", { ...FAIR, crashes: 0 }],
    ["engines and writes fail, and it is continued", { engineFails: 0.01, writeFails: 0.01, crashes: 0 }],
    ["its process dies, and it is continued", { ...FAIR, crashes: 0.01 }],
  ])("ends with the same stores: %s", async (_, weather) => {
    const database = new SimDatabase(1, ROOT_BLOCKS);
    const reference = nothingYet(database);
    await replayed(database, new Scheduler(0), { ...FAIR, crashes: 0 }, reference);
    await forEachSeed(async (_seed, scheduler) => {
      const lasting = nothingYet(database);
      const outcome = await replayed(database, scheduler, weather, lasting);
      expect(outcome).toMatchObject({ endsWith: undefined, committed: [ROOT_BLOCKS, ROOT_BLOCKS] });
      expect(contents(lasting)).toEqual(contents(reference));
    });
  });

  test("ends with the first root block that differs, whose other blocks are still executed", async () => {
    await forEachSeed(async (seed, scheduler) => {
      const database = new SimDatabase(seed, ROOT_BLOCKS);
      const lasting = nothingYet(database);
      const wrong = SIM_SHARDS.flatMap((id) => {
        const block = scheduler.pick((database.blocks.get(id) as MinorBlock[]).slice(1));
        if (block === undefined) return [];
        lasting.engines.get(id)?.differing.add(bytesKey(minorHeaderHash(block.header)));
        return [{ step: stepOf(database, block), hash: toHex(minorHeaderHash(block.header)) }];
      });
      const first = Math.min(...wrong.map(({ step }) => step));
      const outcome = await replayed(database, scheduler, { ...FAIR, crashes: 0 }, lasting);
      expect(outcome.endsWith).toBe(Number.isFinite(first) ? first : undefined);
      const named = wrong.filter(({ step }) => step === first).map(({ hash }) => hash);
      expect(outcome.divergences.map(({ hash }) => hash).sort()).toEqual(named.sort());
      if (Number.isFinite(first)) expect(outcome.committed).toEqual([first - 1, first - 1]);
    });
  });
});

/** Height of the root block that confirms a block. */
function stepOf({ roots }: SimDatabase, { header }: MinorBlock): number {
  const hash = toHex(minorHeaderHash(header));
  return roots.findIndex(({ minorHeaders }) => minorHeaders.some((each) => toHex(minorHeaderHash(each)) === hash));
}
