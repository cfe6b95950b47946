import { bigIntToMinimalBytes, concatBytes } from "../../../node/codec/bytes.ts";

const PUSH1 = 0x60;
const MSTORE = 0x52;
const WORD = 32;

/** Code written instruction by instruction. */
export class Assembler {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  bytes(): Uint8Array {
    return concatBytes(...this.#parts);
  }

  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    return this;
  }

  op(...opcodes: readonly number[]): this {
    return this.raw(Uint8Array.from(opcodes));
  }

  push(value: bigint | number): this {
    const bytes = value === 0 || value === 0n ? Uint8Array.of(0) : bigIntToMinimalBytes(BigInt(value));
    return this.op(PUSH1 + bytes.length - 1).raw(bytes);
  }

  pushBytes(bytes: Uint8Array): this {
    return this.op(PUSH1 + bytes.length - 1).raw(bytes);
  }

  /** Operands as the instruction lists them, its first one on top of the stack. */
  call(opcode: number, ...operands: readonly (bigint | number)[]): this {
    for (const operand of [...operands].reverse()) this.push(operand);
    return this.op(opcode);
  }

  /** Writes bytes to memory from `offset` on, filled up with zeros to whole words. */
  store(offset: number, bytes: Uint8Array): this {
    for (let at = 0; at < bytes.length; at += WORD) {
      const word = new Uint8Array(WORD);
      word.set(bytes.subarray(at, at + WORD));
      this.pushBytes(word)
        .push(offset + at)
        .op(MSTORE);
    }
    return this;
  }
}
