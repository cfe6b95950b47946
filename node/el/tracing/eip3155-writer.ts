import { toHex } from "../../codec/bytes.ts";
import { opcodeName } from "../evm/opcode-name.ts";
import type { ExecutionUnit, UnitOutcome } from "../evm/tracer.ts";
import type { TracedStep, TraceWriter } from "./unit-tracer.ts";

/** EIP-3155: a line of JSON for each step, and one for the end of each unit. Depths count from 1. */
export class Eip3155Writer implements TraceWriter {
  private readonly writeLine: (line: string) => void;

  constructor(writeLine: (line: string) => void) {
    this.writeLine = writeLine;
  }

  unitBegins(): void {}

  step({ pc, opcode, gas, cost, memorySize, stack, depth, returnData, refund, error }: TracedStep): void {
    const line = {
      pc,
      op: opcode,
      gas: quantity(gas),
      gasCost: quantity(cost),
      memSize: memorySize,
      stack: stack.map(quantity),
      depth: depth + 1,
      returnData: `0x${toHex(returnData)}`,
      refund: quantity(refund),
      opName: opcodeName(opcode),
      error,
    };
    this.writeLine(JSON.stringify(line));
  }

  unitEnds(_: ExecutionUnit, outcome: UnitOutcome | undefined, output: Uint8Array): void {
    const pass = outcome?.receipt?.success ?? outcome !== undefined;
    this.writeLine(JSON.stringify({ output: `0x${toHex(output)}`, gasUsed: quantity(outcome?.gasUsed ?? 0n), pass }));
  }
}

/** Gas can be below zero where a charge is not checked. */
function quantity(value: number | bigint): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
