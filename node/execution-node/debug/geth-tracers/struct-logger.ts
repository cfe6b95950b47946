import { bigIntToBytes, bytesKey, toHex } from "../../../codec/bytes.ts";
import { opcodeName } from "../../../el/evm/opcode-name.ts";
import type { ExecutionUnit, Tracer, UnitOutcome } from "../../../el/evm/tracer.ts";
import type { EvmState } from "../../../el/state/evm-state.ts";
import type { WorldState } from "../../../el/state/world-state.ts";
import { type TracedStep, type TraceWriter, UnitTracer } from "../../../el/tracing/unit-tracer.ts";
import { dataToJson } from "../../../engine/api/json-fields.ts";
import { failureText, undefinedOpcode } from "./failure-text.ts";
import { SizeLimit } from "./size-limit.ts";
import type { TraceConfig } from "./trace-config.ts";
import type { GethTracer, SubjectChoice, TracedUnit } from "./traced-units.ts";

const SLOAD = 0x54;
const SSTORE = 0x55;
/** go-ethereum names these two otherwise. */
const GETH_NAMES: ReadonlyMap<string, string> = new Map([["SHA3", "KECCAK256"]]);

/** Each step of a unit as go-ethereum's StructLogger tells it (eth/tracers/logger/logger.go toLegacyJSON). */
export class StructLogger implements GethTracer, TraceWriter {
  readonly results: TracedUnit[] = [];
  readonly tracer: Tracer;
  readonly #config: TraceConfig;
  readonly #units: UnitTracer;
  readonly #size = new SizeLimit();
  #state: WorldState | undefined;
  #steps: object[] = [];
  /** Bytes of a unit's steps so far. */
  #told = 0;
  /** Slots that the unit used, by account. */
  #slots = new Map<string, Map<bigint, bigint>>();

  constructor(subjectOf: SubjectChoice, config: TraceConfig) {
    this.#config = config;
    const { enableMemory: keepsMemory } = config;
    this.#units = new UnitTracer(this, (unit) => subjectOf(unit) !== undefined, { keepsMemory });
    this.tracer = this.#units.tracer;
  }

  wrapState(state: WorldState): EvmState {
    this.#state = state;
    return this.#units.wrapState(state);
  }

  enterUnit(unit: ExecutionUnit): void {
    this.#units.enterUnit(unit);
  }

  leaveUnit(unit: ExecutionUnit, outcome: UnitOutcome): void {
    this.#units.leaveUnit(unit, outcome);
  }

  unitBegins(): void {
    this.#steps = [];
    this.#told = 0;
    this.#slots = new Map();
  }

  step(step: TracedStep): void {
    const { limit = 0 } = this.#config;
    if (limit !== 0 && this.#told > limit) return;
    const log = this.#structLog(step);
    this.#told += this.#size.add(log);
    this.#steps.push(log);
  }

  unitEnds(unit: ExecutionUnit, outcome: UnitOutcome | undefined, output: Uint8Array, failure?: string): void {
    const failed = outcome?.receipt?.success === false;
    // What a failed message that did not revert leaves is nothing, a creation's address is not its output.
    const isTold = failed ? failure === "reverted" : true;
    const result = {
      gas: gasToJson(outcome?.gasUsed ?? 0n),
      failed,
      returnValue: dataToJson(isTold ? this.#outputOf(outcome, output) : new Uint8Array(0)),
      structLogs: this.#steps,
    };
    this.results.push({ unit, result });
  }

  /** Of a creation the code that it left. */
  #outputOf(outcome: UnitOutcome | undefined, output: Uint8Array): Uint8Array {
    const created = outcome?.receipt?.contractAddress;
    if (created === undefined || created.length !== 20) return output;
    return this.#state?.getCode(created as Parameters<WorldState["getCode"]>[0]) ?? output;
  }

  #structLog(step: TracedStep): object {
    const { pc, opcode, gas, cost, depth, stack, memory, returnData, refund, error } = step;
    const { disableStack = false, enableReturnData = false } = this.#config;
    return {
      pc,
      op: gethName(opcode),
      gas: gasToJson(gas),
      gasCost: gasToJson(cost),
      depth: depth + 1,
      ...(error === undefined ? {} : { error: failureText(error) }),
      ...(disableStack ? {} : { stack: stack.map((word) => `0x${word.toString(16)}`) }),
      ...(enableReturnData && returnData.length > 0 ? { returnData: dataToJson(returnData) } : {}),
      ...(memory === undefined || memory.length === 0 ? {} : { memory: wordsOf(memory) }),
      ...this.#storageAt(step),
      ...(refund === 0n ? {} : { refund: gasToJson(refund) }),
    };
  }

  /** After a slot was read or written: all that the unit used of the account so far. */
  #storageAt({ opcode, stack, address }: TracedStep): { storage?: Record<string, string> } {
    const inputs = opcode === SLOAD ? 1 : opcode === SSTORE ? 2 : 0;
    if (this.#config.disableStorage === true || inputs === 0 || stack.length < inputs) return {};
    const key = bytesKey(address);
    const slots = this.#slots.get(key) ?? new Map<bigint, bigint>();
    this.#slots.set(key, slots);
    const slot = stack[stack.length - 1];
    const value = opcode === SSTORE ? stack[stack.length - 2] : (this.#state?.getStorage(address, slot) ?? 0n);
    slots.set(slot, value);
    return { storage: Object.fromEntries([...slots].map(([at, held]) => [wordHex(at), wordHex(held)])) };
  }
}

function gethName(opcode: number): string {
  const name = opcodeName(opcode);
  return name.startsWith("0x") ? undefinedOpcode(opcode) : (GETH_NAMES.get(name) ?? name);
}

/** A JSON number, as go-ethereum writes it; hex text where a number would not have all its digits. */
function gasToJson(gas: bigint): number | string {
  const number = Number(gas);
  return Number.isSafeInteger(number) ? number : `0x${gas.toString(16)}`;
}

function wordsOf(memory: Uint8Array): string[] {
  const words: string[] = [];
  for (let at = 0; at < memory.length; at += 32) words.push(toHex(memory.subarray(at, at + 32)));
  return words;
}

function wordHex(word: bigint): string {
  return toHex(bigIntToBytes(word, 32));
}
