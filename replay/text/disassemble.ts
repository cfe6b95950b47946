import { toHex } from "../../node/codec/bytes.ts";
import { instructionTable, QUARKCHAIN_INSTRUCTIONS } from "../../node/el/evm/opcodes.ts";

/** One instruction of a code, or a byte that is none. */
export interface DisassembledInstruction {
  readonly offset: number;
  /** INVALID for a byte that no instruction has. */
  readonly name: string;
  /** Hex of what a PUSH has behind it; what the code's end cuts off reads as zeros. */
  readonly operand?: string;
}

const PUSH1 = 0x60;
const PUSH32 = 0x7f;
const { names } = instructionTable(QUARKCHAIN_INSTRUCTIONS);

/** Reads code from its start: data behind it comes out as instructions that are never run. */
export function disassemble(code: Uint8Array): DisassembledInstruction[] {
  const out: DisassembledInstruction[] = [];
  for (let offset = 0; offset < code.length; offset++) {
    const name = names[code[offset]] ?? "INVALID";
    const operand = pushedBytes(code, offset);
    if (operand === undefined) {
      out.push({ offset, name });
      continue;
    }
    out.push({ offset, name, operand: toHex(operand) });
    offset += operand.length;
  }
  return out;
}

/** What the PUSH at `offset` has behind it, with zeros for what the code's end cuts off; undefined for another instruction. */
export function pushedBytes(code: Uint8Array, offset: number): Uint8Array | undefined {
  const opcode = code[offset];
  if (opcode < PUSH1 || opcode > PUSH32) return undefined;
  const operand = new Uint8Array(opcode - PUSH1 + 1);
  operand.set(code.subarray(offset + 1, offset + 1 + operand.length));
  return operand;
}

export function disassemblyText(code: Uint8Array): string {
  return disassemble(code)
    .map(({ offset, name, operand }) => {
      const byte = name === "INVALID" ? ` 0x${toHex(code.subarray(offset, offset + 1))}` : "";
      return `${offset.toString(16).padStart(6, "0")}  ${name}${byte}${operand === undefined ? "" : ` 0x${operand}`}`;
    })
    .join("\n");
}
