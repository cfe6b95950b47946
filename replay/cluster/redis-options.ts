import { type Command, Option } from "commander";
import { parsePositiveNumber } from "../terminal/numbers.ts";
import type { RedisRequest } from "./redis.ts";

export interface RedisOptions {
  readonly redis: string;
  readonly redisCa?: string;
  readonly queue: string;
}

/** Where coordinator and workers meet. */
export function addRedisOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--redis <url>",
        "Redis or Valkey where coordinator and workers meet: redis://HOST:PORT, rediss:// for TLS; in QKC_REDIS_URL a password is not seen by others",
      )
        .env("QKC_REDIS_URL")
        .default("redis://127.0.0.1:6379"),
    )
    .option("--redis-ca <file>", "certificates that the server's own is proved by (default: the system's)")
    .option("--queue <name>", "runs of different names do not see each other", "qkc");
}

export function redisRequest({ redis, redisCa }: RedisOptions): RedisRequest {
  return { url: redis, caFile: redisCa };
}

/** After how long a worker's silence its ranges are given to others. */
export function silenceOption(): Option {
  return new Option("--silence <seconds>", "give a worker's ranges to others once it is silent for so long")
    .argParser(parsePositiveNumber)
    .default(30);
}
