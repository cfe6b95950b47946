import { toHex } from "../../codec/bytes.ts";
import { opcodeName } from "../evm/opcode-name.ts";
import type { ExecutionUnit, UnitOutcome } from "../evm/tracer.ts";
import type { TracedStep, TraceWriter } from "./unit-tracer.ts";

/** What EIP-3155 has a line for: an instruction, with what is known about it. Here depths count from 0. */
export interface TraceLine extends UnpricedLine {
  readonly gas: bigint;
  readonly cost?: bigint;
}

type UnpricedLine = Pick<TracedStep, "pc" | "opcode" | "depth" | "stack"> &
  Partial<Pick<TracedStep, "memorySize" | "returnData" | "refund" | "error">>;

/** EIP-3155: a line of JSON for each step, and one for the end of each unit. Depths count from 1. */
export class Eip3155Writer implements TraceWriter {
  readonly #writeLine: (line: string) => void;

  constructor(writeLine: (line: string) => void) {
    this.#writeLine = writeLine;
  }

  unitBegins(): void {}

  step(step: TracedStep): void {
    this.#writeLine(JSON.stringify(eip3155Line(step)));
  }

  unitEnds(_: ExecutionUnit, outcome: UnitOutcome | undefined, output: Uint8Array): void {
    const pass = outcome?.receipt?.success ?? outcome !== undefined;
    this.#writeLine(JSON.stringify(eip3155End(output, outcome?.gasUsed ?? 0n, pass)));
  }
}

/** The object of a line; what is not known is left out. */
export function eip3155Line({ pc, opcode, gas, cost, memorySize, stack, depth, returnData, refund, error }: TraceLine) {
  return {
    pc,
    op: opcode,
    gas: quantity(gas),
    gasCost: cost === undefined ? undefined : quantity(cost),
    memSize: memorySize,
    stack: stack.map(quantity),
    depth: depth + 1,
    returnData: returnData === undefined ? undefined : `0x${toHex(returnData)}`,
    refund: refund === undefined ? undefined : quantity(refund),
    opName: opcodeName(opcode),
    error,
  };
}

/** The object of a unit's last line. */
export function eip3155End(output: Uint8Array, gasUsed: bigint, pass: boolean) {
  return { output: `0x${toHex(output)}`, gasUsed: quantity(gasUsed), pass };
}

/** Gas can be below zero where a charge is not checked. */
function quantity(value: number | bigint): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
