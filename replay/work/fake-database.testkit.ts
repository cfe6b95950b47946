import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseDamagedError, NotADatabaseError, UnsupportedError } from "../../node/codec/errors.ts";
import type { Range, RangeResult } from "../report/schema.ts";
import type { DatabaseSurvey, RangeProgress, RangeRunner, RunPlan, SurveyRequest } from "./range-job.ts";

/** What happens at the first minor block of a place, written "shard/root height" ("0/5" is root block 5 itself). */
export type Behaviour =
  | "diverge"
  | "unsupported"
  | "damage"
  /** The runner throws an error that is no finding. */
  | "throw"
  | "throw-damaged"
  /** The result does not follow the schema. */
  | "nonsense"
  | "exit-thread"
  | "fill-memory"
  | "hang"
  | "stall-two-seconds";

/** A database that is one JSON file: its chain follows from these numbers. */
export interface FakeDatabase {
  readonly tipHeight: number;
  readonly shards: readonly number[];
  readonly behaviours?: Readonly<Record<string, Behaviour>>;
  /** Time that every minor block takes. */
  readonly blockMilliseconds?: number;
  /** The survey fails in this way. */
  readonly unusable?: "not-a-database" | "damaged" | "unsupported";
  /** Client that wrote it; default: none that is known. */
  readonly kind?: string;
  readonly isPowDisabled?: boolean;
  /** Root height from which on the chain is another one than that of other databases. */
  readonly forkedFrom?: number;
  /** Minor blocks that the runner leaves out without a word. */
  readonly forgets?: number;
}

const FILE = "fake.json";
const JOURNAL = "journal.txt";

export function writeFakeDatabase(folder: string, database: FakeDatabase): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, FILE), JSON.stringify(database));
  return folder;
}

/** Root heights whose check was begun, in order, over all workers and runs. */
export function checkedRootHeights(folder: string): number[] {
  try {
    const lines = readFileSync(join(folder, JOURNAL), "utf8").trim().split("\n");
    return lines.map(Number);
  } catch {
    return [];
  }
}

/** A shard that no root block ever confirms a block of. */
export const EMPTY_SHARD = 0xff0001;

/** Minor blocks of a shard that a root block confirms: 1 to 3. */
export function minorBlocksAt(fullShardId: number, rootHeight: number): number {
  if (fullShardId === EMPTY_SHARD) return 0;
  return 1 + ((fullShardId + rootHeight) % 3);
}

function gasOf(fullShardId: number, rootHeight: number): number {
  return 21_000 * (1 + ((fullShardId * 7 + rootHeight * 3) % 11));
}

export async function surveyFakeDatabase(request: SurveyRequest): Promise<DatabaseSurvey> {
  const database = readFakeDatabase(request.db);
  if (database.unusable === "damaged")
    throw new DatabaseDamagedError("the manifest is torn", { file: "MANIFEST-000001" });
  if (database.unusable === "unsupported") throw new UnsupportedError("the tables use merge operands");
  if (database.unusable === "not-a-database") throw new NotADatabaseError(`${request.db} holds no database`);
  return {
    identity: {
      kind: database.kind ?? "fake",
      genesisHash: fakeHash(0, 0),
      tipHash: rootHash(database, database.tipHeight),
      tipHeight: database.tipHeight,
    },
    configPath: request.configPath ?? "fake_config.json",
    configHash: fakeHash(1, (request.configPath ?? "").length),
    ruleSet: "quarkchain",
    shards: database.shards,
    checksRootBlocks: true,
    warnings: [],
    isPowDisabled: database.isPowDisabled === true,
    highestBlock: database.tipHeight,
    rootHashAt: (height) => rootHash(database, height),
    costs: (from, to, shards) => {
      const heights = Array.from({ length: to - from + 1 }, (_, i) => from + i);
      return {
        minorBlocks: Uint32Array.from(heights, (height) => sum(shards.map((shard) => minorBlocksAt(shard, height)))),
        gas: undefined,
        minorBlocksPerShard: new Map(
          shards.map((shard) => [shard, sum(heights.map((height) => minorBlocksAt(shard, height)))]),
        ),
      };
    },
    hinted: () => undefined,
    prove: async ({ heights }) => ({
      hashes: new Map(heights.map((height) => [height, rootHash(database, height)])),
      minorBlocks: 0,
    }),
    close: () => {},
  };
}

export function createFakeRunner(plan: RunPlan): RangeRunner {
  const database = readFakeDatabase(plan.db);
  return {
    run: async (range, progress, shouldStop) => runFakeRange(database, plan, range, progress, shouldStop),
    close: () => {},
  };
}

function runFakeRange(
  database: FakeDatabase,
  plan: RunPlan,
  range: Range,
  progress: RangeProgress,
  shouldStop: () => boolean,
): RangeResult | "stopped" {
  const startedAt = performance.now();
  const result: RangeResult = {
    index: range.index,
    checkedTo: range.firstRootHeight,
    rootBlocks: 0,
    shards: plan.shards.map((fullShardId) => ({
      fullShardId,
      minorBlocks: 0,
      transactions: 0,
      deposits: 0,
      gasUsed: "0",
      xshardGasUsed: "0",
    })),
    divergences: [],
    unsupported: [],
    damage: [],
    warnings: [],
    timing: { seconds: 0, stages: {} },
  };
  for (let height = range.firstRootHeight; height <= range.lastRootHeight; height++) {
    if (shouldStop()) return "stopped";
    const rootHeight = range.unconfirmed ? null : height;
    if (!range.unconfirmed) checkRootBlock(database, plan, height, result, progress);
    for (const shard of result.shards) {
      for (let i = 0; i < minorBlocksAt(shard.fullShardId, height); i++) {
        if (shouldStop()) return "stopped";
        progress.startBlock(shard.fullShardId, height * 3 + i);
        const place = range.unconfirmed ? `${shard.fullShardId}/unconfirmed` : `${shard.fullShardId}/${height}`;
        if (i === 0) act(database.behaviours?.[place], result, shard.fullShardId, height * 3, rootHeight, progress);
        if (database.blockMilliseconds !== undefined) sleep(database.blockMilliseconds);
        const gas = gasOf(shard.fullShardId, height);
        shard.minorBlocks++;
        shard.transactions += 2;
        shard.deposits++;
        shard.gasUsed = `${BigInt(shard.gasUsed) + BigInt(gas)}`;
        shard.xshardGasUsed = `${BigInt(shard.xshardGasUsed) + 9000n}`;
        progress.finishBlock(gas);
      }
    }
    result.checkedTo = height;
    const { divergences, damage, unsupported } = result;
    if (divergences.length + damage.length + unsupported.length >= plan.maxFindings) break;
    if (plan.flags.maxDivergences !== null && result.divergences.length >= plan.flags.maxDivergences) break;
  }
  if (range.index === 0) result.shards[0].minorBlocks -= database.forgets ?? 0;
  const seconds = (performance.now() - startedAt) / 1000;
  return { ...result, timing: { seconds, stages: { execute: seconds } } };
}

function checkRootBlock(
  database: FakeDatabase,
  plan: RunPlan,
  height: number,
  result: RangeResult,
  progress: RangeProgress,
): void {
  progress.startBlock(0, height);
  appendFileSync(join(plan.db, JOURNAL), `${height}\n`);
  act(database.behaviours?.[`0/${height}`], result, 0, height, height, progress);
  result.rootBlocks++;
  progress.finishBlock(0);
}

function act(
  behaviour: Behaviour | undefined,
  result: RangeResult,
  shard: number,
  height: number,
  rootHeight: number | null,
  progress: RangeProgress,
): void {
  const fullShardId = shard === 0 ? null : shard;
  const hash = fakeHash(shard, height);
  switch (behaviour) {
    case undefined:
      return;
    case "diverge":
      progress.countDivergence();
      result.divergences.push({
        fullShardId,
        height,
        hash,
        rootHeight,
        rootHash: rootHeight === null ? null : fakeHash(0, rootHeight),
        fields: [{ field: "gasUsed", declared: "21000", computed: "21001" }],
        violations: [],
        class: "unexplained/gasUsed",
        allowed: null,
        triage: null,
        switches: [],
      });
      return;
    case "unsupported":
      result.unsupported.push({ fullShardId, height, hash, rootHeight, message: "opcode 0xfe of another planet" });
      return;
    case "damage":
      result.damage.push({
        fullShardId,
        height,
        hash,
        rootHeight,
        message: "checksum mismatch",
        file: "000012.sst",
        offset: 4096,
        key: null,
      });
      return;
    case "throw":
      throw new RangeError("index out of range in the fake runner");
    case "throw-damaged":
      throw new DatabaseDamagedError("block checksum mismatch", { file: "000007.sst", offset: 12 });
    case "nonsense":
      result.divergences.push({
        fullShardId,
        height,
        hash: "0x",
        rootHeight,
        rootHash: null,
        fields: [],
        violations: [],
        class: "unexplained/gasUsed",
        allowed: null,
        triage: null,
        switches: [],
      });
      return;
    case "exit-thread":
      process.exit(7);
      return;
    case "fill-memory":
      fillMemory();
      return;
    case "hang":
      for (;;) sleep(50);
    case "stall-two-seconds":
      sleep(2000);
  }
}

function fillMemory(): void {
  const kept: number[][] = [];
  for (;;) kept.push(new Array(1000).fill(0).map((_, i) => kept.length + i + 0.5));
}

function readFakeDatabase(folder: string): FakeDatabase {
  try {
    return JSON.parse(readFileSync(join(folder, FILE), "utf8"));
  } catch {
    throw new NotADatabaseError(`${folder} holds no fake database`);
  }
}

function rootHash({ forkedFrom = Number.POSITIVE_INFINITY }: FakeDatabase, height: number): string {
  return fakeHash(height >= forkedFrom ? 9 : 0, height);
}

function fakeHash(a: number, b: number): string {
  return (a.toString(16).padStart(8, "0") + b.toString(16).padStart(8, "0")).repeat(4);
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
