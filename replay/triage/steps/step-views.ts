import { toHex } from "../../../node/codec/bytes.ts";
import { wholeGas } from "../../../node/el/evm/gas-count.ts";
import { opcodeName } from "../../../node/el/evm/opcode-name.ts";
import type { ExecutionUnit, TraceStep } from "../../../node/el/evm/tracer.ts";
import type { StepDivergence, StepSide } from "../../report/triage-schema.ts";
import type { Unit } from "../../report/unit-schema.ts";
import { disassemble } from "../../text/disassemble.ts";
import type { CapturedStep, OpenFrame } from "./step-capture.ts";

/** Instructions of a disassembly shown before and after the one that it is about. */
const LINES_AROUND = 8;

export function unitView({ kind, index, hash }: ExecutionUnit): Unit {
  return { kind, index, hash: hash === undefined ? null : toHex(hash) };
}

export function stepView({ place, step, cost }: CapturedStep): StepSide {
  return {
    step: place,
    pc: step.pc,
    opcode: opcodeName(step.opcode),
    gas: `${wholeGas(step.gas, step.gasReserve)}`,
    gasCost: cost === undefined ? null : `${cost}`,
    depth: step.depth,
    stack: step.stack.map((word) => `0x${word.toString(16)}`),
  };
}

/** From the unit's message down to the last of the frames. */
export function callPathView(frames: readonly OpenFrame[]): string[] {
  return frames.map(({ message, asker, last }) => {
    const isCreation = "initCode" in message;
    const kind = asker === undefined ? (isCreation ? "CREATE" : "CALL") : opcodeName(asker.step.opcode);
    if (!isCreation) return `${kind} 0x${toHex(message.codeAddress)}`;
    const address = last?.step.address ?? message.recipient;
    return address === undefined ? `${kind} (no code)` : `${kind} 0x${toHex(address)}`;
  });
}

export function codeView({ code, pc }: TraceStep): StepDivergence["code"] {
  const instructions = disassemble(code);
  const at = instructions.findIndex(({ offset }) => offset === pc);
  if (at < 0) return [];
  return instructions.slice(Math.max(0, at - LINES_AROUND), at + LINES_AROUND + 1).map(({ offset, operand }) => {
    const name = opcodeName(code[offset]);
    return { pc: offset, text: operand === undefined ? name : `${name} 0x${operand}`, here: offset === pc };
  });
}
