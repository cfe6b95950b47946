import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { reasonOf, UnsupportedError } from "../../node/codec/errors.ts";
import { readTextFile } from "../report/read-text-file.ts";

/** Beside the databases of an excerpt: which part of the chain it is. */
export const EXCERPT_FILE = "excerpt.json";
export const EXCERPT_FORMAT = "qkc-excerpt/1";

const excerptSchema = z.strictObject({
  format: z.literal(EXCERPT_FORMAT),
  /** Program and version that made it. */
  program: z.string(),
  /** Height of the first root block that can be checked; the tip is the last. */
  rootFrom: z.int().positive(),
  /** Full ids of the shards whose blocks can be checked. */
  shards: z.array(z.int().nonnegative()).nonempty(),
});

/** A database of which only those rows are there that the check of a few blocks reads. */
export type Excerpt = z.infer<typeof excerptSchema>;

/** Undefined for a database that is whole. Throws UnsupportedError for an excerpt that this version does not know. */
export function excerptIn(db: string): Excerpt | undefined {
  const path = join(db, EXCERPT_FILE);
  if (!existsSync(path)) return undefined;
  try {
    return excerptSchema.parse(JSON.parse(readTextFile(path)));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error;
    const what = `${path} does not say as ${EXCERPT_FORMAT} does which part of a chain the database holds`;
    throw new UnsupportedError(`${what} (${reasonOf(error).split("\n")[0]})`);
  }
}
