import { expect, test } from "vitest";
import { Turns } from "./turns.ts";

test("of much long work at once only one piece goes on in each turn of the event loop", async () => {
  let loopTurn = 0;
  let isDone = false;
  const tick = () => {
    loopTurn++;
    if (!isDone) setImmediate(tick);
  };
  setImmediate(tick);
  const wentOnIn: number[] = [];
  const work = async () => {
    const turns = new Turns();
    for (let round = 0; round < 3; round++) {
      const until = performance.now() + 11;
      while (performance.now() < until);
      await turns.pause();
      wentOnIn.push(loopTurn);
    }
  };
  await Promise.all(Array.from({ length: 5 }, work));
  isDone = true;
  expect(wentOnIn).toHaveLength(15);
  expect(new Set(wentOnIn).size).toBe(15);
});
