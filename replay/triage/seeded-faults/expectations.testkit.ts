import { expect } from "vitest";
import type { BlockTrial } from "../../execution/trial.ts";
import { type Examination, rowOf, unitText } from "./seeded-faults.testkit.ts";

/** What a closer look must have found of a fault, by the fault's row of the table and by what it told of itself. */
export function expectLocalised(trial: BlockTrial, examined: Examination): void {
  const row = rowOf(trial, examined);
  const { fault, fields, locality, failsWithFault, passesWithout } = examined;
  expectUnit(examined, row);
  if (fault.fields !== undefined) expect(fields, row).toEqual(fault.fields);
  if (fault.receiptFields !== undefined) {
    expect(
      locality.receipt?.fields.map(({ field }) => field),
      row,
    ).toEqual(fault.receiptFields);
  }
  if (fields.includes("stateRoot")) expect(locality.state.differences, row).not.toEqual([]);
  expectStep(examined, row);
  expect({ failsWithFault, passesWithout }, row).toEqual({ failsWithFault: true, passesWithout: true });
}

function expectUnit({ unit, unitFields, trueUnit, hits }: Examination, row: string): void {
  // A first look at an account fixes the key that it will be born with, which shows only where a later unit creates it.
  const isSeenLater = unitFields.includes("hiddenState") && unitText(unit) !== unitText(trueUnit);
  if (isSeenLater) expect(hits, `where the fault acted: ${row}`).not.toEqual([]);
  else expect(unitText(unit), `unit of ${row}`).toBe(unitText(trueUnit));
}

function expectStep({ fault, unit, step, hits }: Examination, row: string): void {
  const at = step?.testedStep ?? step?.referenceStep ?? undefined;
  if (step !== undefined && unit !== undefined) expect(unitText(step.unit), row).toBe(unitText(unit));
  if (fault.opcodes !== undefined) expect(fault.opcodes, row).toContain(at?.opcode);
  if (hits.length === 0 || at === undefined) return;
  const place = hits.findIndex(({ pc, depth }) => pc === at.pc && depth === at.depth);
  expect(place, `the fault acted there: ${row}`).toBeGreaterThanOrEqual(0);
  // Only a call that fails and loses all its gas hides what happened in it.
  if (fault.partsAtHit)
    expect(
      hits.slice(0, place).every(({ depth }) => depth > at.depth),
      row,
    ).toBe(true);
}
