import { Redis } from "ioredis";
import { QkcError, rootReasonOf, UsageError } from "../../node/codec/errors.ts";
import { readRegularFile } from "../../node/codec/regular-file.ts";

/** A server that does not answer for so long at the start is not there. */
/** Of a whole store of certificates. */
const MOST_CERTIFICATE_BYTES = 16 * 1024 * 1024;
const FIRST_ANSWER_MILLISECONDS = 10_000;
const MOST_PAUSE_MILLISECONDS = 2000;

export interface RedisRequest {
  /** redis:// or rediss://, with user and password where the server wants them. */
  readonly url: string;
  /** File of the certificates that the server's own is proved by; default: the system's. */
  readonly caFile: string | undefined;
}

/** A connection that comes back by itself, however long the server is gone. */
export interface RedisLink {
  readonly redis: Redis;
  /** Without its password, for messages. */
  readonly name: string;
  close(): void;
}

/**
 * Connects to Redis or Valkey. Throws UsageError for an address that is none, a STORAGE error where no server answers or it
 * refuses the password.
 */
export async function connectRedis({ url, caFile }: RedisRequest): Promise<RedisLink> {
  const address = parseAddress(url);
  const name = `${address.protocol}//${address.host}`;
  const redis = new Redis(url, {
    lazyConnect: true,
    // The engine's own commands wait for a server that is being restarted.
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(times * 100, MOST_PAUSE_MILLISECONDS),
    ...(address.protocol === "rediss:" ? { tls: caFile === undefined ? {} : { ca: certificates(caFile) } } : {}),
  });
  // Unheard, it would end the process; what it means shows where a command fails, or does not.
  let trouble: unknown;
  redis.on("error", (error) => {
    trouble = error;
  });
  try {
    await withinTime(redis.connect().then(() => redis.ping()));
  } catch (error) {
    redis.disconnect();
    const reason = rootReasonOf(trouble ?? error) || "no answer";
    const message = `${name} does not answer as Redis does (${reason}): look at --redis, its password and certificate`;
    throw new QkcError("STORAGE", message, { cause: error });
  }
  return { redis, name, close: () => redis.disconnect() };
}

function parseAddress(url: string): URL {
  try {
    const address = new URL(url);
    if (address.protocol === "redis:" || address.protocol === "rediss:") return address;
  } catch {
    // Said below: the address may have a password, and is not shown.
  }
  throw new UsageError("--redis is no address of a Redis server: redis://HOST:PORT, or rediss:// for TLS");
}

function certificates(path: string): Buffer {
  const bytes = readRegularFile(path, MOST_CERTIFICATE_BYTES);
  if (bytes === undefined) throw new UsageError(`there is no file ${path}`);
  return bytes;
}

async function withinTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer")), FIRST_ANSWER_MILLISECONDS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
    promise.catch(() => {});
  }
}
