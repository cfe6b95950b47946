import { createReadStream, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { QkcError, reasonOf, rootReasonOf, UsageError } from "../../node/codec/errors.ts";
import { systemRefusal } from "../../node/codec/system-error.ts";
import { readTextFile } from "../report/read-text-file.ts";
import { type Download, fetchFrom, openDownload } from "./download.ts";

/** An archive that is about to be read. */
export interface Archive {
  /** For messages: without what a URL may have of passwords and tokens. */
  readonly name: string;
  /** Another one for other contents. */
  readonly identity: string;
  /** Undefined where the server does not tell. */
  readonly bytes: number | undefined;
  open(): Readable;
}

const VERSION = "VERSION";
const MOST_VERSION_BYTES = 4096;

/** Throws UsageError where there is no such file, a STORAGE error where a server does not give it. */
export async function findArchive(source: string, warn: (text: string) => void): Promise<Archive> {
  return isUrl(source) ? await remoteArchive(new URL(source), warn) : localArchive(source);
}

function isUrl(source: string): boolean {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(source)) return false;
  if (/^https?:\/\//i.test(source)) return true;
  throw new UsageError(
    `${source.split(":")[0]} is no protocol that archives are read over: use http or https, or a file`,
  );
}

function localArchive(source: string): Archive {
  const stats = statSync(source, { throwIfNoEntry: false });
  if (stats?.isFile() !== true) throw new UsageError(`there is no file ${source}`);
  if (basename(source) === VERSION) return localArchive(join(dirname(source), namedBy(readTextFile(source), source)));
  return {
    name: source,
    identity: `${basename(source)} ${stats.size} ${stats.mtimeMs}`,
    bytes: stats.size,
    open: () =>
      createReadStream(source).on("error", (error) => Object.assign(error, systemRefusal(error, source, "read"))),
  };
}

async function remoteArchive(url: URL, warn: (text: string) => void): Promise<Archive> {
  if (url.pathname.endsWith(`/${VERSION}`)) {
    const text = await shortText(url);
    return await remoteArchive(new URL(namedBy(text, shownUrl(url)), url), warn);
  }
  const name = shownUrl(url);
  const download: Download = await openDownload(url, name, warn);
  return {
    name,
    identity: `${name} ${download.bytes} ${download.tag}`,
    bytes: download.bytes,
    open: () => Readable.from(download.chunks(), { objectMode: false }),
  };
}

function namedBy(text: string, where: string): string {
  const name = text.trim();
  if (/^[\w.-]+$/.test(name) && name !== VERSION) return name;
  throw new UsageError(`${where} does not name an archive: one file name is what it should hold`);
}

async function shortText(url: URL): Promise<string> {
  try {
    const response = await fetchFrom(url, {});
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    return (await response.text()).slice(0, MOST_VERSION_BYTES);
  } catch (error) {
    throw new QkcError(
      "STORAGE",
      `${shownUrl(url)} cannot be read (${rootReasonOf(error) || reasonOf(error)}): try again`,
      {
        cause: error,
      },
    );
  }
}

/** Without user, password, query and fragment. */
function shownUrl({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}
