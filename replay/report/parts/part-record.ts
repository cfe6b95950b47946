import { join } from "node:path";
import { z } from "zod";
import { reasonOf, UnsupportedError, UsageError } from "../../../node/codec/errors.ts";
import { issueLines } from "../../text/issue-lines.ts";
import { allowlistEntrySchema } from "../classes/allowlist.ts";
import { readTextFile } from "../read-text-file.ts";
import { provenanceSchema, rangeResultSchema, rangeSchema, reportSchema } from "../schema.ts";
import { triageSchema } from "../triage-schema.ts";
import { writeWhole } from "../write-file.ts";

/** Name and version of the format. */
const PART_SCHEMA = "qkc-part/1";
export const PART_FILE = "part.json";

const count = z.int().nonnegative();
const hash = z.string().regex(/^[0-9a-f]{64}$/);

/**
 * What one part of a run has found, in as much detail as the report of the whole run takes: results by range, and what a
 * closer look at single divergences came to.
 */
const partRecordSchema = z.strictObject({
  schema: z.literal(PART_SCHEMA),
  /** Everything that fixes the answer of the whole run, by names that people read. */
  identity: z.record(z.string(), z.string()),
  provenance: provenanceSchema,
  /** The whole run. */
  range: reportSchema.shape.range.unwrap(),
  ranges: z.array(rangeSchema).min(1),
  /** Of the ranges, those that this part was to check. */
  first: count,
  count: z.int().positive(),
  /** Findings that end a run. */
  maxFindings: z.int().positive(),
  /** Ascending, numbered as in `ranges`; all of the part unless its findings ended it. */
  results: z.array(rangeResultSchema),
  /** Blocks that a whole part counts. */
  expected: z.strictObject({ rootBlocks: count, minorBlocks: count, atLeast: z.boolean() }),
  /** About the database and the run as such. */
  warnings: z.array(z.string()),
  /** What a closer look at this part's divergences came to, by the hash of the block. */
  look: z.strictObject({
    triages: z.array(z.tuple([hash, triageSchema])),
    classes: z.array(z.tuple([hash, z.string()])),
    warnings: z.array(z.string()),
  }),
  allowlist: z.array(allowlistEntrySchema),
  timing: reportSchema.shape.timing,
});

export type PartRecord = Readonly<z.infer<typeof partRecordSchema>>;

/** A part's record and where it was found. */
export interface FoundPart {
  readonly folder: string;
  readonly record: PartRecord;
}

/** Writes a part's record beside its report. Throws SystemError for what the system refuses. */
export async function writePartRecord(folder: string, record: Omit<PartRecord, "schema">): Promise<void> {
  await writeWhole(folder, PART_FILE, `${JSON.stringify({ schema: PART_SCHEMA, ...record } satisfies PartRecord)}\n`);
}

/** A part's record from its folder. Throws UsageError where there is none, UnsupportedError for another version. */
export function readPartRecord(folder: string): PartRecord {
  const path = join(folder, PART_FILE);
  return parsePartRecord(parsedJson(path), path);
}

/** `where`: what the record is called in messages. */
export function parsePartRecord(json: unknown, where: string): PartRecord {
  const named = z.looseObject({ schema: z.string() }).safeParse(json);
  if (!named.success) throw new UsageError(`${where} is no part of a run: it names no schema`);
  if (named.data.schema !== PART_SCHEMA) {
    throw new UnsupportedError(`${where} has the schema "${named.data.schema}"; this version reads ${PART_SCHEMA}`);
  }
  const record = partRecordSchema.safeParse(json);
  if (!record.success) throw new UsageError([`${where} is no whole part:`, ...issueLines(record.error)]);
  const contradiction = contradictionOf(record.data);
  if (contradiction === undefined) return record.data;
  throw new UsageError(`${where} contradicts itself: ${contradiction}; check this part once more`);
}

function contradictionOf({ ranges, first, count: own, results, range }: PartRecord): string | undefined {
  let next = range.rootFrom;
  for (const [i, { index, firstRootHeight, lastRootHeight, unconfirmed }] of ranges.entries()) {
    const isNext = unconfirmed ? i === ranges.length - 1 && lastRootHeight === next - 1 : firstRootHeight === next;
    if (index !== i || !isNext || lastRootHeight < firstRootHeight)
      return `range ${i} is not where the one before it ends`;
    if (!unconfirmed) next = lastRootHeight + 1;
  }
  if (next !== range.rootTo + 1) return `its ranges end at root block ${next - 1}, the run at ${range.rootTo}`;
  if (first + own > ranges.length) return `it has ${own} ranges from ${first} on, of ${ranges.length}`;
  for (const [i, { index }] of results.entries()) {
    if (index !== first + i || i >= own)
      return `the result of range ${index} stands where that of range ${first + i} belongs`;
  }
  return undefined;
}

function parsedJson(path: string): unknown {
  const text = readTextFile(path);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${path} is no JSON: ${reasonOf(error)}; get it anew`, { cause: error });
  }
}
