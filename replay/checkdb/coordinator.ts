import { publishedRun } from "../cluster/published-run.ts";
import { connectRedis } from "../cluster/redis.ts";
import { RemotePool } from "../cluster/remote-pool.ts";
import type { ExitCode } from "../terminal/exit-code.ts";
import { checkdb } from "./checkdb.ts";
import type { CheckdbEngine } from "./checkdb-engine.ts";
import type { CoordinatorRequest } from "./coordinator-command.ts";

/** `qkc coordinator`: a check whose ranges are a queue on a server. */
export async function coordinate(
  { check, redis: server, queue }: CoordinatorRequest,
  args: readonly string[],
  engine: CheckdbEngine,
): Promise<ExitCode> {
  const { redis, close } = await connectRedis(server);
  try {
    return await checkdb(
      { request: check, args },
      {
        ...engine,
        createPool: (request, { plan, identity, database, highestBlock }, message) =>
          new RemotePool({
            ...request,
            redis,
            queue,
            run: publishedRun(plan, identity, database, highestBlock),
            message,
          }),
      },
    );
  } finally {
    close();
  }
}
