import { toHex } from "../../node/codec/bytes.ts";
import { opcodeName } from "../../node/el/evm/opcode-name.ts";
import type { ExecutionUnit, UnitOutcome } from "../../node/el/evm/tracer.ts";
import type { TracedStep, TraceWriter } from "../../node/el/tracing/unit-tracer.ts";
import { pushedBytes } from "../text/disassemble.ts";

/** Words of the stack that are shown, from its top. */
const SHOWN_WORDS = 4;
/** Longer words are cut in the middle. */
const WORD_WIDTH = 20;

/** For people: a line for each step under the unit that it belongs to, calls indented. */
export class TableWriter implements TraceWriter {
  readonly #writeLine: (line: string) => void;
  #isFirst = true;
  #hasSteps = false;

  constructor(writeLine: (line: string) => void) {
    this.#writeLine = writeLine;
  }

  unitBegins({ kind, index, hash }: ExecutionUnit): void {
    if (!this.#isFirst) this.#writeLine("");
    this.#isFirst = false;
    this.#hasSteps = false;
    this.#writeLine(hash === undefined ? `${kind} ${index}` : `${kind} ${index}  ${toHex(hash)}`);
  }

  step({ pc, opcode, gas, cost, stack, depth, error, code }: TracedStep): void {
    if (!this.#hasSteps) this.#writeLine(row("pc", "instruction", "gas", "cost", "stack, top first"));
    this.#hasSteps = true;
    const words = stack.slice(-SHOWN_WORDS).reverse().map(wordText);
    const more = stack.length > SHOWN_WORDS ? ` … ${stack.length - SHOWN_WORDS} more` : "";
    const immediate = pushedBytes(code, pc);
    const pushed = immediate === undefined ? "" : ` ${cut(`0x${toHex(immediate)}`)}`;
    const name = `${"  ".repeat(depth)}${opcodeName(opcode)}${pushed}`;
    const failure = error === undefined ? "" : `  ✗ ${error}`;
    this.#writeLine(row(`0x${pc.toString(16)}`, name, `${gas}`, `${cost}`, `${words.join(" ")}${more}${failure}`));
  }

  unitEnds(_: ExecutionUnit, outcome: UnitOutcome | undefined): void {
    if (outcome === undefined) this.#writeLine("refused: the block is invalid");
    else if (outcome.receipt === undefined) this.#writeLine(`done, ${outcome.gasUsed} gas`);
    else this.#writeLine(`${outcome.receipt.success ? "success" : "failure"}, ${outcome.gasUsed} gas`);
  }
}

function row(pc: string, name: string, gas: string, cost: string, rest: string): string {
  return `${pc.padStart(8)}  ${name.padEnd(18)} ${gas.padStart(10)} ${cost.padStart(10)}  ${rest}`.trimEnd();
}

function wordText(word: bigint): string {
  return cut(`0x${word.toString(16)}`);
}

function cut(text: string): string {
  if (text.length <= WORD_WIDTH) return text;
  return `${text.slice(0, WORD_WIDTH / 2)}…${text.slice(-(WORD_WIDTH / 2 - 1))}`;
}
