import { z } from "zod";
import { reasonOf, UnsupportedError, UsageError } from "../../../node/codec/errors.ts";
import { issueLines } from "../../text/issue-lines.ts";
import { compactJson } from "./compact-json.ts";
import { caseSchema, FORMAT, type Reproducer, type ReproducerCase, reproducerSchema } from "./format.ts";

const FORMAT_PATTERN = /^qkc-reproducer\/(\d{1,6})$/;
const FORMAT_VERSION = 1;
/** A block of 12 million gas and its state take a tenth of this. */
const MAX_FILE_CHARACTERS = 256 << 20;

export function reproducerText(reproducer: Reproducer): string {
  return `${compactJson(z.encode(reproducerSchema, reproducer))}\n`;
}

/** A case alone, as reproducers hold it. */
export function caseText(subject: ReproducerCase): string {
  return JSON.stringify(z.encode(caseSchema, subject));
}

export function readCase(text: string): ReproducerCase {
  return z.decode(caseSchema, JSON.parse(text));
}

/** `name` is the file's. Throws UsageError for what is no reproducer, UnsupportedError for one of a later version. */
export function readReproducer(text: string, name: string): Reproducer {
  if (text.length > MAX_FILE_CHARACTERS) throw new UsageError(`${name} is too long for a reproducer`);
  const json = parseJson(text, name);
  checkVersion(json, name);
  const parsed = reproducerSchema.safeDecode(json as z.input<typeof reproducerSchema>);
  if (parsed.success) return parsed.data;
  throw new UsageError([`${name} is no valid reproducer:`, ...issueLines(parsed.error)]);
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${name} is no JSON: ${reasonOf(error)}`);
  }
}

function checkVersion(json: unknown, name: string): void {
  const format = typeof json === "object" && json !== null && "format" in json ? json.format : undefined;
  const version = typeof format === "string" ? FORMAT_PATTERN.exec(format)?.[1] : undefined;
  if (version === undefined) throw new UsageError(`${name} is no reproducer: its format is not ${FORMAT}`);
  if (Number(version) > FORMAT_VERSION) {
    throw new UnsupportedError(`${name} is a ${format}, this version reads up to ${FORMAT}: use a newer qkc`);
  }
}
