import { setTimeout as pause } from "node:timers/promises";
import { QkcError, rootReasonOf, UsageError } from "../../node/codec/errors.ts";

/** Connections that bring nothing, one after the other, before it is given up. */
const MOST_FRUITLESS = 6;
const FIRST_PAUSE_MILLISECONDS = 500;
/** A server that sends nothing for so long is taken to be gone. */
const SILENCE_MILLISECONDS = 60_000;

/** A file on a server. */
export interface Download {
  /** Undefined where the server does not tell. */
  readonly bytes: number | undefined;
  /** What the server calls this state of the file; empty where it does not. */
  readonly tag: string;
  /** The file's bytes, whatever connections break on the way. */
  chunks(): AsyncGenerator<Uint8Array>;
}

/** Asks for a file. Throws UsageError where there is none, a STORAGE error where no server answers. */
export async function openDownload(url: URL, name: string, warn: (text: string) => void): Promise<Download> {
  let response = await request(url, name, 0, "", warn);
  const tag = response.headers.get("etag") ?? response.headers.get("last-modified") ?? "";
  const length = response.headers.get("content-length");
  const bytes = length === null ? undefined : Number(length);
  const chunks = async function* () {
    let sent = 0;
    let fruitless = 0;
    for (;;) {
      const before = sent;
      try {
        for await (const chunk of bodyFrom(response, sent, name)) {
          sent += chunk.length;
          yield chunk;
        }
        if (bytes === undefined || sent >= bytes) return;
        throw new Error("the connection ended early");
      } catch (error) {
        if (error instanceof QkcError) throw error;
        fruitless = sent > before ? 0 : fruitless + 1;
        if (fruitless > MOST_FRUITLESS) throw givenUp(name, error);
        warn(`${name}: ${rootReasonOf(error)} after ${sent} bytes; going on from there`);
      }
      await pause(FIRST_PAUSE_MILLISECONDS * 2 ** fruitless);
      response = await request(url, name, sent, tag, warn);
    }
  };
  return { bytes, tag, chunks };
}

/** A user and password in the address go into a header: fetch takes no address that has them. */
export async function fetchFrom(url: URL, headers: Readonly<Record<string, string>>): Promise<Response> {
  const { username, password } = url;
  if (username === "" && password === "") return await fetch(url, { headers });
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return await fetch(bare, { headers: { ...headers, authorization: `Basic ${Buffer.from(pair).toString("base64")}` } });
}

/** What follows `sent` bytes of the file, also from a server that only sends all of it. */
async function* bodyFrom(response: Response, sent: number, name: string): AsyncGenerator<Uint8Array> {
  let skip = response.status === 206 ? 0 : sent;
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  try {
    for (;;) {
      const { done, value } = await withinSilence(reader.read(), name);
      if (done) return;
      const chunk = value.subarray(Math.min(skip, value.length));
      skip -= value.length - chunk.length;
      if (chunk.length > 0) yield chunk;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function request(
  url: URL,
  name: string,
  from: number,
  tag: string,
  warn: (text: string) => void,
): Promise<Response> {
  const headers: Record<string, string> =
    from === 0 ? {} : { range: `bytes=${from}-`, ...(tag === "" ? {} : { "if-range": tag }) };
  for (let attempt = 0; ; attempt++) {
    try {
      const response = await withinSilence(fetchFrom(url, headers), name);
      if (response.ok) return sameFile(response, from, tag, name);
      if (response.status < 500)
        throw new UsageError(`${name}: the server answers ${response.status}: look at the address`);
      throw new Error(`the server answers ${response.status}`);
    } catch (error) {
      if (error instanceof QkcError) throw error;
      if (attempt >= MOST_FRUITLESS) throw givenUp(name, error);
      warn(`${name}: ${rootReasonOf(error)}; trying again`);
      await pause(FIRST_PAUSE_MILLISECONDS * 2 ** attempt);
    }
  }
}

/** Half of one archive and half of another are none. */
function sameFile(response: Response, from: number, tag: string, name: string): Response {
  const now = response.headers.get("etag") ?? response.headers.get("last-modified") ?? "";
  if (from === 0 || now === tag) return response;
  throw new QkcError("STORAGE", `${name} has become another file while it was read: start again`);
}

function givenUp(name: string, error: unknown): QkcError {
  return new QkcError("STORAGE", `${name} cannot be read (${rootReasonOf(error)}): try again later`, { cause: error });
}

async function withinSilence<T>(promise: Promise<T>, name: string): Promise<T> {
  const timer = new AbortController();
  const silence = pause(SILENCE_MILLISECONDS, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw new Error(`${name} has sent nothing for ${SILENCE_MILLISECONDS / 1000} s`);
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    timer.abort();
    silence.catch(() => {});
  }
}
