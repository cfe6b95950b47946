import { Worker } from "node:worker_threads";
import { QkcError } from "../../../node/codec/errors.ts";
import type { Look, LookRequest } from "./look-at-refused.ts";

/** Looks at a block in a thread of its own: a search for causes takes as long as it takes, and links are answered meanwhile. */
export function threadedLook(workerFile: URL): (request: LookRequest) => Promise<Look> {
  return (request) =>
    new Promise((resolve, reject) => {
      const worker = new Worker(workerFile, { workerData: request });
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", (code) => reject(new QkcError("INTERNAL", `the thread that looks ended with code ${code}`)));
    });
}
