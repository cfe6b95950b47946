import { expect, test } from "vitest";
import { type PlannedEvent, planText, shrunk } from "./sim-plan.testkit.ts";

const plan: readonly PlannedEvent[] = Array.from({ length: 20 }, (_, i) => ({
  at: i * 100,
  what: i === 7 || i === 13 ? "kill" : "mine",
}));

test("what is left of a plan is what its failure needs", async () => {
  const kills = (events: readonly PlannedEvent[]) => events.filter(({ what }) => what === "kill").length;
  const smallest = await shrunk(plan, async (events) => kills(events) === 2);
  expect(planText(smallest)).toBe("700 ms kill, 1300 ms kill");
  expect(await shrunk(plan, async () => false)).toEqual(plan);
});
