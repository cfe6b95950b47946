import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { z } from "zod";
import { QkcError, rootReasonOf, UsageError } from "../../node/codec/errors.ts";
import { makeFolder } from "../../node/codec/make-folder.ts";
import { isLevelLocked } from "../../node/el/store/level-locked.ts";
import { type Range, type RangeResult, rangeResultSchema, rangeSchema } from "../report/schema.ts";
import { openedRow, sealedRow } from "./sealed-row.ts";

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

/** What is known of a run from its store. */
interface RecordedRun extends z.infer<typeof planSchema> {
  readonly results: ReadonlyMap<number, RangeResult>;
  readonly unproved: number;
  readonly finished: boolean;
}

/** Which ranges of a run are done, kept in a store of its own in the run's folder: it survives kill -9. */
export class Checkpoint {
  readonly identity: RunIdentity;
  readonly ranges: readonly Range[];
  /** Results by range index. */
  readonly results: ReadonlyMap<number, RangeResult>;
  /** Results that were recorded and did not come back as they were written: their ranges are to be checked again. */
  readonly unproved: number;
  /** The run has come to its end and its report is written. */
  readonly finished: boolean;
  readonly #folder: string;
  readonly #store: ClassicLevel;

  private constructor(folder: string, store: ClassicLevel, run: RecordedRun) {
    this.#folder = folder;
    this.#store = store;
    this.identity = run.identity;
    this.ranges = run.ranges;
    this.results = run.results;
    this.unproved = run.unproved;
    this.finished = run.finished;
  }

  /**
   * Starts a new one; what an earlier run left is removed. Throws UsageError where something else lies in its place, and
   * a STORAGE error where the folder cannot be written.
   */
  static async create(runFolder: string, identity: RunIdentity, ranges: readonly Range[]): Promise<Checkpoint> {
    const folder = join(runFolder, FOLDER);
    await refuseForeignFiles(folder);
    const plan = { identity: { ...identity }, ranges: [...ranges] };
    let store: ClassicLevel | undefined;
    try {
      await rm(folder, { recursive: true, force: true });
      makeFolder(runFolder);
      store = new ClassicLevel(folder, { errorIfExists: true });
      await store.open();
      await store.put(PLAN_KEY, sealedRow(PLAN_KEY, plan), { sync: true });
    } catch (error) {
      await store?.close();
      const message = `${runFolder} takes no checkpoint (${rootReasonOf(error)}): mend that, or choose another --report folder`;
      throw new QkcError("STORAGE", message, { cause: error });
    }
    return new Checkpoint(folder, store, { ...plan, results: new Map(), unproved: 0, finished: false });
  }

  /**
   * The checkpoint that a run has left in its folder; undefined where there is none, or where it was cut before its plan
   * was written. Throws UsageError where another process has it, or where it cannot be read.
   */
  static async find(runFolder: string): Promise<Checkpoint | undefined> {
    const folder = join(runFolder, FOLDER);
    if (!existsSync(join(folder, "CURRENT"))) return undefined;
    const store = new ClassicLevel(folder, { createIfMissing: false });
    try {
      await store.open();
      const run = await readRun(store);
      if (run !== undefined) return new Checkpoint(folder, store, run);
      await store.close();
      return undefined;
    } catch (error) {
      await store.close();
      if (isLevelLocked(error)) throw new UsageError(`another run is writing to ${runFolder}: wait for it or stop it`);
      throw new UsageError(
        `the checkpoint in ${runFolder} cannot be read (${rootReasonOf(error)}): mend that, or choose another --report folder`,
        { cause: error },
      );
    }
  }

  /** Keeps a range's result; on the disk when the promise is fulfilled. Throws a STORAGE error where it cannot. */
  async record(result: RangeResult): Promise<void> {
    await this.#put(`${RESULT_PREFIX}${result.index}`, result);
  }

  /** Throws a STORAGE error where it cannot be written. */
  async markFinished(): Promise<void> {
    await this.#put(FINISHED_KEY, true);
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  async #put(key: string, value: unknown): Promise<void> {
    try {
      await this.#store.put(key, sealedRow(key, value), { sync: true });
    } catch (error) {
      const message = `the checkpoint ${this.#folder} cannot be written (${rootReasonOf(error)}): --resume continues it once it can`;
      throw new QkcError("STORAGE", message, { cause: error });
    }
  }
}

/** What differs between two runs, one sentence each; empty where they are the same. */
export function identityDifferences(checkpoint: RunIdentity, run: RunIdentity): string[] {
  const names = [...new Set([...Object.keys(checkpoint), ...Object.keys(run)])];
  return names
    .filter((name) => checkpoint[name] !== run[name])
    .map((name) => `${name}: checkpoint ${checkpoint[name] ?? "(none)"}, this run ${run[name] ?? "(none)"}`);
}

/** Undefined for a store into which nothing was written, and for a finished one of a version that did not seal rows. */
async function readRun(store: ClassicLevel): Promise<RecordedRun | undefined> {
  const planText = await store.get(PLAN_KEY);
  const results = new Map<number, RangeResult>();
  let unproved = 0;
  for await (const [key, text] of store.iterator({ gte: RESULT_PREFIX, lt: `${RESULT_PREFIX}~` })) {
    const result = rangeResultSchema.safeParse(openedRow(key, text));
    if (result.success) results.set(result.data.index, result.data);
    else unproved++;
  }
  const finishedText = await store.get(FINISHED_KEY);
  if (planText === undefined && results.size + unproved === 0) return undefined;
  const plan = planSchema.safeParse(openedRow(PLAN_KEY, planText ?? ""));
  if (plan.success) {
    const finished = finishedText !== undefined && openedRow(FINISHED_KEY, finishedText) === true;
    return { ...plan.data, results, unproved, finished };
  }
  if (planText?.startsWith("{") !== true) throw new Error("its plan is not as it was written");
  if (finishedText === "yes") return undefined;
  throw new Error("an earlier version wrote it, whose rows carry no checksums");
}

/** Names of the files that a checkpoint's store makes. */
const STORE_FILE = /^(CURRENT|LOCK|LOG|LOG\.old|MANIFEST-\d+|\d+\.(log|ldb|dbtmp))$/;

async function refuseForeignFiles(folder: string): Promise<void> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  const foreign = names.find((name) => !STORE_FILE.test(name));
  if (foreign === undefined) return;
  throw new UsageError(`${folder} holds ${foreign}, which no run has put there: choose another --report folder`);
}
