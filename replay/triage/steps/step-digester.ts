import type { TraceStep } from "../../../node/el/evm/tracer.ts";
import { Digest } from "./digest.ts";
import { digestOfGas } from "./event-digests.ts";

/** SWAP16 changes what lies this deep; nothing reaches deeper. */
const REACH = 17;
/** Memory up to this size is looked at whole, of a larger one what the last instruction can have written first. */
const WHOLE_MEMORY = 4096;

/** Instructions that write memory, with the place of the target's offset below the top of their stack. */
const MEMORY_WRITERS: ReadonlyMap<number, number> = new Map([
  [0x37, 0],
  [0x39, 0],
  [0x3c, 1],
  [0x3e, 0],
  [0x52, 0],
  [0x53, 0],
  [0x5e, 0],
  [0xf1, 5],
  [0xf2, 5],
  [0xf4, 4],
  [0xfa, 4],
]);

interface FrameSums {
  last: TraceStep | undefined;
  memoryA: number;
  memoryB: number;
  memorySize: number;
}

/**
 * Digests of steps. It looks at what the instruction before can have changed: where all digests up to a step are equal,
 * so are the whole stacks and, up to WHOLE_MEMORY, memories.
 */
export class StepDigester {
  readonly digest = new Digest();
  readonly #memorySum = new Digest();
  readonly #frames: FrameSums[] = [];
  #returnData: Uint8Array | undefined;
  readonly #returnSum = new Digest();

  enterFrame(): void {
    this.#frames.push({ last: undefined, memoryA: 0, memoryB: 0, memorySize: 0 });
  }

  leaveFrame(): void {
    this.#frames.pop();
  }

  step(step: TraceStep): void {
    const { digest } = this;
    const { stack } = step;
    digest.mix(5);
    digest.mix(step.pc);
    digest.mix(step.opcode);
    digest.mix(step.depth);
    digestOfGas(digest, step);
    digest.mix(stack.length);
    for (let i = Math.max(0, stack.length - REACH); i < stack.length; i++) digest.bigint(stack[i]);
    this.#memory(step);
    this.#returned(step.returnData);
  }

  #memory(step: TraceStep): void {
    const frame = this.#frames[this.#frames.length - 1];
    const { memory } = step;
    const { last } = frame;
    const target = last === undefined ? undefined : MEMORY_WRITERS.get(last.opcode);
    if (target !== undefined || memory.length !== frame.memorySize) {
      const start = memory.length <= WHOLE_MEMORY || target === undefined ? 0 : offsetOf(last, target);
      this.#memorySum.reset();
      this.#memorySum.mix(memory.length);
      this.#memorySum.bytes(memory, start, Math.max(start, Math.min(memory.length, start + WHOLE_MEMORY)));
      frame.memoryA = this.#memorySum.a;
      frame.memoryB = this.#memorySum.b;
      frame.memorySize = memory.length;
    }
    frame.last = step;
    this.digest.mix(frame.memoryA);
    this.digest.mix(frame.memoryB);
  }

  #returned(data: Uint8Array): void {
    if (data !== this.#returnData) {
      this.#returnData = data;
      this.#returnSum.reset();
      this.#returnSum.bytes(data);
    }
    this.digest.mix(this.#returnSum.a);
    this.digest.mix(this.#returnSum.b);
  }
}

function offsetOf(last: TraceStep | undefined, below: number): number {
  if (last === undefined) return 0;
  return Number(last.stack[last.stack.length - 1 - below] ?? 0n);
}
