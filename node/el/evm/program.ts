const JUMPDEST = 0x5b;
const PUSH1 = 0x60;
const PUSH32 = 0x7f;

/** Contract code with what was learned about it: where jumps may land and the constants it pushes. */
export class Program {
  readonly code: Uint8Array;
  #landings: Uint8Array | undefined;
  readonly #constants: (bigint | undefined)[];

  constructor(code: Uint8Array) {
    this.code = code;
    this.#constants = new Array(code.length);
  }

  /** Whether `target`, any number, is a JUMPDEST outside push data. */
  isJumpDest(target: number): boolean {
    this.#landings ??= findLandings(this.code);
    return target < this.#landings.length && this.#landings[target] === 1;
  }

  /** The `length` bytes behind the PUSH at `pc` as a number; bytes behind the end of the code are zero. */
  constant(pc: number, length: number): bigint {
    let value = this.#constants[pc];
    if (value === undefined) {
      value = pushedValue(this.code, pc + 1, length);
      this.#constants[pc] = value;
    }
    return value;
  }
}

const programs = new WeakMap<Uint8Array, Program>();

/** The program of `code`, remembered as long as that very array lives. The bytes must not change. */
export function programOf(code: Uint8Array): Program {
  let program = programs.get(code);
  if (program === undefined) {
    program = new Program(code);
    programs.set(code, program);
  }
  return program;
}

function findLandings(code: Uint8Array): Uint8Array {
  const landings = new Uint8Array(code.length);
  for (let i = 0; i < code.length; i++) {
    const opcode = code[i];
    if (opcode === JUMPDEST) landings[i] = 1;
    else if (opcode >= PUSH1 && opcode <= PUSH32) i += opcode - PUSH1 + 1;
  }
  return landings;
}

function pushedValue(code: Uint8Array, start: number, length: number): bigint {
  let value = 0n;
  for (let i = start; i < start + length; i++) value = (value << 8n) | BigInt(i < code.length ? code[i] : 0);
  return value;
}
