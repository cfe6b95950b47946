import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, renameSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Duplex, PassThrough, Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { QkcError, rootReasonOf, UnsupportedError, UsageError } from "../../node/codec/errors.ts";
import { makeFolder } from "../../node/codec/make-folder.ts";
import { shown } from "../../node/codec/shown.ts";
import { readTextFile } from "../report/read-text-file.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import { note, print } from "../terminal/print.ts";
import { StatusLine } from "../terminal/status-line.ts";
import { grouped } from "../text/grouped.ts";
import { type Archive, findArchive } from "./archive.ts";

/** Databases shrink to about half when they are compressed. */
const UNPACKED_TO_PACKED = 2;
const GIBIBYTE = 2 ** 30;
const LONGEST_MAGIC = 6;

/** Throws UsageError for a source that is none, UnsupportedError for another kind of archive, STORAGE for the rest. */
export async function runSnapshot(source: string, to: string): Promise<ExitCode> {
  const target = resolve(to);
  const archive = await findArchive(source, note);
  const marker = `${target}.snapshot`;
  if (existsSync(target) && existsSync(marker) && readTextFile(marker).trim() === archive.identity) {
    print(`${to} has the contents of ${archive.name} already\n`);
    return EXIT.clean;
  }
  makeFolder(dirname(target));
  const partial = `${target}.partial`;
  // Of a process that was killed: a stream cannot be taken up in its middle.
  rmSync(partial, { recursive: true, force: true });
  assertSpace(archive, dirname(target));
  makeFolder(partial);
  await unpack(archive, partial);
  assertFilesOnly(partial, archive.name);
  rmSync(marker, { force: true });
  rmSync(target, { recursive: true, force: true });
  renameSync(onlyFolder(partial), target);
  rmSync(partial, { recursive: true, force: true });
  writeFileSync(marker, `${archive.identity}\n`);
  print(`${to}: unpacked from ${archive.name}\n`);
  return EXIT.clean;
}

function assertSpace({ bytes, name }: Archive, folder: string): void {
  if (bytes === undefined) return;
  const { bavail, bsize } = statfsSync(folder);
  const needed = bytes * UNPACKED_TO_PACKED;
  if (bavail * bsize >= needed) return;
  const gibibytes = (count: number) => `${(count / GIBIBYTE).toFixed(1)} GiB`;
  throw new QkcError(
    "STORAGE",
    `${name} takes about ${gibibytes(needed)} unpacked, ${folder} has ${gibibytes(bavail * bsize)} left: free some, or choose another --to`,
  );
}

async function unpack(archive: Archive, into: string): Promise<void> {
  const tar = spawn("tar", ["-x", "-f", "-", "--no-same-owner", "-C", into], { stdio: ["pipe", "ignore", "pipe"] });
  let complaint = "";
  tar.stderr.on("data", (chunk) => {
    complaint = `${complaint}${chunk}`.slice(-2000);
  });
  const ended = once(tar, "close").then(([code]) => code as number | null);
  const spawned = once(tar, "spawn");
  try {
    await spawned;
    const status = new StatusLine(process.stderr, process.env);
    try {
      const { start, stream } = await peeked(archive.open());
      const decoder = decoderOf(kindOf(start), archive.name);
      await pipeline(stream, counted(archive, status), decoder, tar.stdin);
    } finally {
      status.stop();
    }
  } catch (error) {
    // It ends with the archive's last entry, whatever is still to be read behind that.
    const hasEnded = TAR_IS_GONE.includes((error as NodeJS.ErrnoException).code ?? "");
    if (!hasEnded) tar.kill();
    if (hasEnded && (await ended) === 0) return;
    if (error instanceof QkcError) throw error;
    throw unpackError(archive, lastLine(complaint) || rootReasonOf(error), error);
  }
  if ((await ended) !== 0) throw unpackError(archive, lastLine(complaint), undefined);
}

/** What is compressed otherwise than with gzip is read by the program for it, as tar reads the archive. */
function decoderOf(kind: Kind, name: string): Duplex {
  if (kind === "plain") return new PassThrough();
  if (kind === "gzip") return createGunzip();
  if (kind === "zip" || spawnSync(kind, ["--version"], { stdio: "ignore" }).error !== undefined) {
    const way = kind === "zip" ? "" : `install ${kind}, or `;
    throw new UnsupportedError(`${name} is ${kind}, which nothing here unpacks: ${way}unpack it yourself and use --db`);
  }
  const { stdin, stdout } = spawn(kind, ["-dc"], { stdio: ["pipe", "pipe", "ignore"] });
  return Duplex.from({ writable: stdin, readable: stdout });
}

/** No database has a link, a device or a pipe: such an entry may lead out of the folder. */
function assertFilesOnly(folder: string, name: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile() || entry.isDirectory()) continue;
    throw new UsageError(`${name} holds ${shown(entry.name)}, which is neither a file nor a folder: it is no database`);
  }
}

const TAR_IS_GONE = ["ERR_STREAM_PREMATURE_CLOSE", "EPIPE"];

function counted({ bytes }: Archive, status: StatusLine): Transform {
  let read = 0;
  return new Transform({
    transform(chunk: Uint8Array, _, done) {
      read += chunk.length;
      const of = bytes === undefined ? "" : ` of ${grouped(bytes)}`;
      status.update(() => `unpacking: ${grouped(read)}${of} bytes`);
      done(null, chunk);
    },
  });
}

interface Peeked {
  readonly start: Buffer;
  /** All bytes, the start too. */
  readonly stream: Readable;
}

/** Looks at what a stream begins with. */
async function peeked(source: Readable): Promise<Peeked> {
  const chunks: AsyncIterator<Buffer> = source[Symbol.asyncIterator]();
  let start = Buffer.alloc(0);
  while (start.length < LONGEST_MAGIC) {
    const { done, value } = await chunks.next();
    if (done) break;
    start = Buffer.concat([start, value]);
  }
  const all = async function* () {
    yield start;
    for (;;) {
      const { done, value } = await chunks.next();
      if (done) return;
      yield value;
    }
  };
  return { start, stream: Readable.from(all(), { objectMode: false }) };
}

const MAGIC = { "1f8b": "gzip", "28b52ffd": "zstd", "425a68": "bzip2", fd377a585a00: "xz", "504b0304": "zip" } as const;

type Kind = (typeof MAGIC)[keyof typeof MAGIC] | "plain";

function kindOf(start: Buffer): Kind {
  const hex = start.toString("hex");
  return Object.entries(MAGIC).find(([magic]) => hex.startsWith(magic))?.[1] ?? "plain";
}

function unpackError({ name }: Archive, reason: string, cause: unknown): QkcError {
  const what = reason === "" ? "tar ended without a word" : reason;
  return new QkcError("STORAGE", `${name} could not be unpacked (${what}): mend that and try again`, { cause });
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}

/** Archives mostly hold one folder, and that is the database. */
function onlyFolder(folder: string): string {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.length === 1 && entries[0].isDirectory() ? join(folder, entries[0].name) : folder;
}
