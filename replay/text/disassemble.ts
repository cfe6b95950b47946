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
    const opcode = code[offset];
    const name = names[opcode] ?? "INVALID";
    if (opcode < PUSH1 || opcode > PUSH32) {
      out.push({ offset, name });
      continue;
    }
    const operand = new Uint8Array(opcode - PUSH1 + 1);
    operand.set(code.subarray(offset + 1, offset + 1 + operand.length));
    out.push({ offset, name, operand: toHex(operand) });
    offset += operand.length;
  }
  return out;
}

export function disassemblyText(code: Uint8Array): string {
  return disassemble(code)
    .map(({ offset, name, operand }) => {
      const byte = name === "INVALID" ? ` 0x${toHex(code.subarray(offset, offset + 1))}` : "";
      return `${offset.toString(16).padStart(6, "0")}  ${name}${byte}${operand === undefined ? "" : ` 0x${operand}`}`;
    })
    .join("\n");
}
