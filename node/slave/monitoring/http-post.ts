import type { HttpPost } from "./kafka-samples.ts";

/** Nobody waits for a proxy longer. */
const LONGEST_MS = 10_000;

/** Over the network; rejects where nothing answers in time. */
export const httpPost: HttpPost = async (url, body, headers) => {
  const answer = await fetch(url, { method: "POST", body, headers, signal: AbortSignal.timeout(LONGEST_MS) });
  // A body that nobody reads keeps its connection.
  await answer.body?.cancel();
  return answer.status;
};
