import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import { z } from "zod";
import { reportSchema } from "../report/schema.ts";
import { programVersion } from "../report/version.ts";
import type { RunPlan } from "../work/range-job.ts";

/** A coordinator that is gone for so long is gone. */
const LIFETIME_SECONDS = 60;

const OVER = "over";

const count = z.int().nonnegative();

/** What workers have to know of a run, and what their database has to be. */
const publishedRunSchema = z.strictObject({
  schema: z.literal("qkc-cluster/1"),
  id: z.string(),
  version: z.string(),
  /** By names that people read. */
  database: z.record(z.string(), z.string()),
  plan: z.strictObject({
    rootFrom: count,
    rootTo: count,
    shards: z.array(count),
    flags: reportSchema.shape.provenance.shape.flags,
    rootTipHeight: count,
    anchors: z.array(z.string()),
    maxFindings: count,
    highestBlock: count,
  }),
});

export type PublishedRun = Readonly<z.infer<typeof publishedRunSchema>>;

/** The same for the same database, range, options and chain; results of different ones never meet. */
export function publishedRun(
  plan: RunPlan,
  identity: Readonly<Record<string, string>>,
  database: Readonly<Record<string, string>>,
  highestBlock: number,
): PublishedRun {
  const { rootFrom, rootTo, shards, flags, rootTipHeight, anchors, maxFindings } = plan;
  const id = createHash("sha256")
    .update(JSON.stringify([identity, anchors]))
    .digest("hex")
    .slice(0, 16);
  return {
    ...{ schema: "qkc-cluster/1", id, version: programVersion(), database: { ...database } },
    plan: {
      rootFrom,
      rootTo,
      shards: [...shards],
      flags,
      rootTipHeight,
      anchors: [...anchors],
      maxFindings,
      highestBlock,
    },
  };
}

/** Lets workers know of a run, and that its coordinator is there; to be told again before the lifetime ends. */
export async function publish(redis: Redis, queue: string, run: PublishedRun): Promise<void> {
  await redis.set(keyOf(queue), JSON.stringify(run), "EX", LIFETIME_SECONDS);
}

/** Says that a run is over, unless another one has taken its place. */
export async function withdraw(redis: Redis, queue: string, run: PublishedRun): Promise<void> {
  if ((await findRun(redis, queue))?.id === run.id) await redis.set(keyOf(queue), OVER, "EX", LIFETIME_SECONDS);
}

/** Whether a run goes on; "unknown" where its server knows of none: it may have been restarted empty. */
export async function stateOf(redis: Redis, queue: string, run: PublishedRun): Promise<"on" | "over" | "unknown"> {
  const text = await redis.get(keyOf(queue));
  if (text === null) return "unknown";
  return (await findRun(redis, queue))?.id === run.id ? "on" : "over";
}

/** The run of a queue's coordinator; undefined where there is none, or one of another version. */
export async function findRun(redis: Redis, queue: string): Promise<PublishedRun | undefined> {
  const text = await redis.get(keyOf(queue));
  if (text === null) return undefined;
  const run = publishedRunSchema.safeParse(jsonOf(text));
  return run.success ? run.data : undefined;
}

function keyOf(queue: string): string {
  return `qkc:run:${queue}`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
