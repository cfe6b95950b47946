import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";

const TYPESCRIPT_ENTRY = `
  import("tsx/esm/api").then((tsx) => {
    tsx.register();
    return import(${JSON.stringify(new URL("deep-calls.testkit.ts", import.meta.url).href)});
  });
`;

test("1024 nested calls fit the stack of a worker thread", async () => {
  const worker = new Worker(TYPESCRIPT_ENTRY, { eval: true });
  const [answers] = await once(worker, "message");
  expect(new Set(answers)).toEqual(new Set([true]));
  await worker.terminate();
});
