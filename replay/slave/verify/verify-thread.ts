import { parentPort, workerData } from "node:worker_threads";
import { reasonOf } from "../../../node/codec/errors.ts";
import { type Look, type LookRequest, lookAtRefused } from "./look-at-refused.ts";

/** The thread of one look at one block. */
const look: Look = await lookAtRefused(workerData as LookRequest).catch((error) => ({
  kind: "unknown",
  reason: reasonOf(error),
}));
parentPort?.postMessage(look);
