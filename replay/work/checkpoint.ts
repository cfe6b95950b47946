import { existsSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { z } from "zod";
import { UsageError } from "../../node/codec/errors.ts";
import { isLevelLocked } from "../../node/el/store/level-locked.ts";
import { type Range, type RangeResult, rangeResultSchema, rangeSchema } from "../report/schema.ts";

const FOLDER = "checkpoint";
const PLAN_KEY = "plan";
const FINISHED_KEY = "finished";
const RESULT_PREFIX = "result:";

/** Everything that fixes a run's answer, by names that people read: two runs are the same where all of it is equal. */
export type RunIdentity = Readonly<Record<string, string>>;

const planSchema = z.strictObject({
  identity: z.record(z.string(), z.string()),
  ranges: z.array(rangeSchema),
});

/** Which ranges of a run are done, kept in a store of its own in the run's folder: it survives kill -9. */
export class Checkpoint {
  readonly identity: RunIdentity;
  readonly ranges: readonly Range[];
  /** Results by range index. */
  readonly results: ReadonlyMap<number, RangeResult>;
  /** The run has come to its end and its report is written. */
  readonly finished: boolean;
  readonly #store: ClassicLevel;

  private constructor(
    store: ClassicLevel,
    plan: z.infer<typeof planSchema>,
    results: ReadonlyMap<number, RangeResult>,
    finished: boolean,
  ) {
    this.#store = store;
    this.identity = plan.identity;
    this.ranges = plan.ranges;
    this.results = results;
    this.finished = finished;
  }

  /** Whether a run has left a checkpoint in its folder. */
  static existsIn(runFolder: string): boolean {
    return existsSync(join(runFolder, FOLDER, "CURRENT"));
  }

  /** Starts a new one; what an earlier run left is removed. Throws UsageError where something else lies in its place. */
  static async create(runFolder: string, identity: RunIdentity, ranges: readonly Range[]): Promise<Checkpoint> {
    await refuseForeignFiles(join(runFolder, FOLDER));
    await rm(join(runFolder, FOLDER), { recursive: true, force: true });
    await mkdir(runFolder, { recursive: true });
    const store = new ClassicLevel(join(runFolder, FOLDER), { errorIfExists: true });
    await store.open();
    const plan = { identity: { ...identity }, ranges: [...ranges] };
    await store.put(PLAN_KEY, JSON.stringify(plan), { sync: true });
    return new Checkpoint(store, plan, new Map(), false);
  }

  /** Opens the checkpoint of a run. Throws UsageError where another process has it, or where it cannot be read. */
  static async open(runFolder: string): Promise<Checkpoint> {
    const store = new ClassicLevel(join(runFolder, FOLDER), { createIfMissing: false });
    try {
      await store.open();
      return await Checkpoint.#read(store);
    } catch (error) {
      await store.close();
      if (isLevelLocked(error)) throw new UsageError(`another run is writing to ${runFolder}: wait for it or stop it`);
      const reason = error instanceof Error ? error.message : String(error);
      throw new UsageError(
        `the checkpoint in ${runFolder} cannot be read (${reason}): remove ${join(runFolder, FOLDER)} to start over`,
        { cause: error },
      );
    }
  }

  static async #read(store: ClassicLevel): Promise<Checkpoint> {
    const plan = planSchema.parse(JSON.parse((await store.get(PLAN_KEY)) ?? "null"));
    const results = new Map<number, RangeResult>();
    for await (const text of store.values({ gte: RESULT_PREFIX, lt: `${RESULT_PREFIX}~` })) {
      const result = rangeResultSchema.parse(JSON.parse(text));
      results.set(result.index, result);
    }
    return new Checkpoint(store, plan, results, (await store.get(FINISHED_KEY)) !== undefined);
  }

  /** Keeps a range's result; on the disk when the promise is fulfilled. */
  async record(result: RangeResult): Promise<void> {
    await this.#store.put(`${RESULT_PREFIX}${result.index}`, JSON.stringify(result), { sync: true });
  }

  async markFinished(): Promise<void> {
    await this.#store.put(FINISHED_KEY, "yes", { sync: true });
  }

  async close(): Promise<void> {
    await this.#store.close();
  }
}

/** What differs between two runs, one sentence each; empty where they are the same. */
export function identityDifferences(checkpoint: RunIdentity, run: RunIdentity): string[] {
  const names = [...new Set([...Object.keys(checkpoint), ...Object.keys(run)])];
  return names
    .filter((name) => checkpoint[name] !== run[name])
    .map((name) => `${name}: checkpoint ${checkpoint[name] ?? "(none)"}, this run ${run[name] ?? "(none)"}`);
}

/** Names of the files that a checkpoint's store makes. */
const STORE_FILE = /^(CURRENT|LOCK|LOG|LOG\.old|MANIFEST-\d+|\d+\.(log|ldb|dbtmp))$/;

async function refuseForeignFiles(folder: string): Promise<void> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  const foreign = names.find((name) => !STORE_FILE.test(name));
  if (foreign === undefined) return;
  throw new UsageError(`${folder} holds ${foreign}, which no run has put there: choose another --report folder`);
}
