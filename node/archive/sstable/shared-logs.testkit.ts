import { parentPort, workerData } from "node:worker_threads";
import { holdLogs } from "./shared-logs.ts";

/** Run as a thread: how many rows it sees, and where it found the log torn. */
const { rows, stops } = holdLogs(workerData);
parentPort!.postMessage([rows.size, stops.map(({ reason }) => reason)]);
