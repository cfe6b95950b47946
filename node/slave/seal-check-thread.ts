import { parentPort, workerData } from "node:worker_threads";
import { SealVerifier } from "../cl/pow/seal.ts";
import type { SealCheck } from "../shard/shard-seals.ts";
import { type Port, PortCalls } from "./port-calls.ts";
import type { SealCheckThreadData } from "./threaded-seal-check.ts";

/** Headers that a peer has announced wait for their blocks. */
const REMEMBERED = 4096;

/** The thread that verifies a shard's seals. */
const verifier = new SealVerifier((workerData as SealCheckThreadData).ethashCaches, REMEMBERED);
new PortCalls<Record<never, never>>(parentPort as Port).answer<SealCheck>({
  verify: async (seal) => verifier.verify(seal),
});
