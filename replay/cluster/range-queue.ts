import type { Redis } from "ioredis";
import { z } from "zod";
import type { RunFailure } from "../report/failure.ts";
import { type Range, rangeSchema } from "../report/schema.ts";
import type { PublishedRun } from "./published-run.ts";

/** Keys of the engine begin with this. */
export const PREFIX = "qkc";
/** How often a range is begun before the run is given up: machines fail, and now and then several do. */
export const MOST_ATTEMPTS = 5;
/** How often a range is taken over from a worker that has fallen silent. */
export const MOST_TAKEOVERS = 5;
export const RETRY_MILLISECONDS = 1000;

/** What a worker is given. */
export const rangeJobSchema = rangeSchema;

const failureSchema = z.object({
  code: z.string(),
  message: z.string(),
  location: z.object({
    file: z.string().optional(),
    offset: z.number().optional(),
    key: z.string().optional(),
  }),
  stack: z.string().optional(),
});

/** What it gives back. A failure that would be the same on every machine is an answer, too. */
export const rangeAnswerSchema = z.union([
  z.strictObject({ result: z.unknown() }),
  z.strictObject({ failure: failureSchema }),
]);

export type RangeAnswer = { readonly result: unknown } | { readonly failure: RunFailure };

/** Failures of a machine: another one, or the same a moment later, may do better. */
export const MACHINE_FAILURES: readonly string[] = ["CRASH", "STORAGE"];

/** Each run has a queue of its own. */
export function queueNameOf(queue: string, { id }: PublishedRun): string {
  return `${queue}-${id}`;
}

/** One job a range, whoever asks for it and how often. */
export function jobIdOf({ index }: Pick<Range, "index">): string {
  return `range-${index}`;
}

/** A connection for the engine: it closes what it is given. */
export function engineConnection(redis: Redis): Redis {
  const own = redis.duplicate();
  own.on("error", () => {});
  return own;
}
