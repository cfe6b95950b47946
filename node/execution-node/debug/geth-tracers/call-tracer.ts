import type { Log } from "../../../chain/receipt.ts";
import { type Address, asAddress, bigIntToBytes, bytesEqual } from "../../../codec/bytes.ts";
import { wholeGas } from "../../../el/evm/gas-count.ts";
import type { Creation, Message, MessageResult } from "../../../el/evm/message.ts";
import type { ExecutionUnit, Tracer, TraceStep, UnitOutcome } from "../../../el/evm/tracer.ts";
import type { EvmState } from "../../../el/state/evm-state.ts";
import type { WorldState } from "../../../el/state/world-state.ts";
import { type StateWatcher, WatchedState } from "../../../el/tracing/watched-state.ts";
import { dataToJson, quantityToJson } from "../../../engine/api/json-fields.ts";
import { failureText, revertReason } from "./failure-text.ts";
import { SizeLimit } from "./size-limit.ts";
import type { TracerConfig } from "./trace-config.ts";
import type { GethTracer, SubjectChoice, TracedSubject, TracedUnit } from "./traced-units.ts";

const SELFDESTRUCT = 0xff;

interface CallFrame {
  readonly type: string;
  readonly from: Address;
  to: Address | undefined;
  readonly input: Uint8Array;
  /** Undefined where a call carries none by its kind. */
  readonly value: bigint | undefined;
  readonly tokenId: bigint;
  gas: bigint;
  gasUsed: bigint;
  output: Uint8Array | undefined;
  failure: string | undefined;
  readonly calls: CallFrame[];
  readonly logs: { readonly log: Log; readonly position: number }[];
}

/**
 * What a unit calls as go-ethereum's callTracer tells it (eth/tracers/native/call.go). A call that never begins, for want
 * of balance or for its depth, is no frame here.
 */
export class CallTracer implements GethTracer, StateWatcher {
  readonly results: TracedUnit[] = [];
  readonly tracer: Tracer;
  readonly #subjectOf: SubjectChoice;
  readonly #config: TracerConfig;
  readonly #defaultToken: bigint;
  readonly #size = new SizeLimit();
  #state: WorldState | undefined;
  #subject: TracedSubject | undefined;
  /** Frames that have not ended, the outermost first. */
  #open: CallFrame[] = [];
  /** The last outermost one: what comes before it pays for gas in another token. */
  #outermost: CallFrame | undefined;
  /** A SELFDESTRUCT that may still fail. */
  #destroying: CallFrame | undefined;

  constructor(subjectOf: SubjectChoice, config: TracerConfig, defaultToken: bigint) {
    this.#subjectOf = subjectOf;
    this.#config = config;
    this.#defaultToken = defaultToken;
    this.tracer = {
      enterMessage: (message) => this.#enter(message),
      leaveMessage: (result) => this.#leave(result),
      ...(config.onlyTopCall === true ? {} : { step: (step: TraceStep) => this.#step(step) }),
    };
  }

  wrapState(state: WorldState): EvmState {
    this.#state = state;
    return this.#config.withLog === true ? new WatchedState(state, this) : state;
  }

  uses(): void {}

  noted(what: "log" | "selfDestruct" | "refund", value: Log | Address | bigint): void {
    if (what !== "log" || this.#subject === undefined) return;
    const frame = this.#open.at(-1);
    if (frame === undefined || (this.#config.onlyTopCall === true && this.#open.length > 1)) return;
    frame.logs.push({ log: value as Log, position: frame.calls.length });
  }

  enterUnit(unit: ExecutionUnit): void {
    this.#subject = this.#subjectOf(unit);
    this.#open = [];
    this.#outermost = undefined;
    this.#destroying = undefined;
  }

  leaveUnit(unit: ExecutionUnit, { gasUsed }: UnitOutcome): void {
    const subject = this.#subject;
    this.#subject = undefined;
    if (subject === undefined) return;
    const root = (subject.isSent ? undefined : this.#outermost) ?? frameOfSubject(subject);
    root.gas = subject.gas;
    root.gasUsed = gasUsed;
    const result = this.#frameToJson(root, false);
    this.#size.add(result);
    this.results.push({ unit, result });
  }

  #enter(message: Message | Creation): void {
    if (this.#subject === undefined) return;
    this.#open.push("initCode" in message ? frameOfCreation(message) : frameOfMessage(message));
  }

  #leave({ success, gasLeft, gasReserve, output, failure }: MessageResult): void {
    if (this.#subject === undefined) return;
    const frame = this.#open.pop();
    if (frame === undefined) return;
    if (success && this.#destroying !== undefined) frame.calls.push(this.#destroying);
    this.#destroying = undefined;
    frame.gasUsed = frame.gas - wholeGas(gasLeft, gasReserve);
    frame.failure = success ? undefined : (failure ?? "failed");
    if (success && isCreation(frame)) {
      frame.to = asAddress(output.slice());
      frame.output = this.#state?.getCode(frame.to);
    } else if (success || failure === "reverted") {
      frame.output = output.slice();
      if (isCreation(frame)) frame.to = undefined;
    }
    const caller = this.#open.at(-1);
    if (caller === undefined) this.#outermost = frame;
    else if (this.#config.onlyTopCall !== true) caller.calls.push(frame);
  }

  #step({ opcode, stack, address }: TraceStep): void {
    this.#destroying = undefined;
    if (this.#subject === undefined || opcode !== SELFDESTRUCT || stack.length === 0) return;
    this.#destroying = {
      type: "SELFDESTRUCT",
      from: address.slice() as Address,
      to: asAddress(bigIntToBytes(stack[stack.length - 1], 32).slice(12)),
      input: new Uint8Array(0),
      value: this.#state?.getBalance(address, this.#defaultToken) ?? 0n,
      tokenId: this.#defaultToken,
      ...newFrame(0n),
    };
  }

  #frameToJson(frame: CallFrame, isUndone: boolean): object {
    const { type, from, to, input, value, tokenId, gas, gasUsed, output, failure, calls, logs } = frame;
    const isLost = isUndone || failure !== undefined;
    const reason = failure === "reverted" && output !== undefined ? revertReason(output) : undefined;
    return {
      from: dataToJson(from),
      gas: quantityToJson(gas),
      gasUsed: quantityToJson(gasUsed),
      ...(to === undefined ? {} : { to: dataToJson(to) }),
      input: dataToJson(input),
      ...(output === undefined || output.length === 0 ? {} : { output: dataToJson(output) }),
      ...(failure === undefined ? {} : { error: failureText(failure) }),
      ...(reason === undefined ? {} : { revertReason: reason }),
      ...(calls.length === 0 ? {} : { calls: calls.map((call) => this.#frameToJson(call, isLost)) }),
      // What is undone leaves no logs.
      ...(logs.length === 0 || isLost ? {} : { logs: logs.map(logToJson) }),
      ...(value === undefined ? {} : { value: quantityToJson(value) }),
      ...(tokenId === this.#defaultToken ? {} : { transferTokenId: quantityToJson(tokenId) }),
      type,
    };
  }
}

function newFrame(gas: bigint) {
  return { gas, gasUsed: 0n, output: undefined, failure: undefined, calls: [], logs: [] };
}

function frameOfMessage(message: Message): CallFrame {
  const { sender, to, codeAddress, value, transfersValue, transferTokenId, data } = message;
  const type = typeOf(message);
  return {
    type,
    // Who calls: under DELEGATECALL the account in whose name the code runs.
    from: (transfersValue ? sender : to).slice() as Address,
    to: codeAddress.slice() as Address,
    input: data.slice(),
    value: type === "STATICCALL" ? undefined : value,
    tokenId: transferTokenId,
    ...newFrame(BigInt(message.gas) + (message.gasReserve ?? 0n)),
  };
}

function frameOfCreation({ sender, value, transferTokenId, initCode, salt, gas, gasReserve }: Creation): CallFrame {
  return {
    type: salt === undefined ? "CREATE" : "CREATE2",
    from: sender.slice() as Address,
    to: undefined,
    input: initCode.slice(),
    value,
    tokenId: transferTokenId,
    ...newFrame(BigInt(gas) + (gasReserve ?? 0n)),
  };
}

/** Of a unit without a message: one that goes to another shard, or a deposit before contracts are enabled. */
function frameOfSubject({ from, to, input, value, tokenId, gas }: TracedSubject): CallFrame {
  return { type: to === undefined ? "CREATE" : "CALL", from, to, input, value, tokenId, ...newFrame(gas) };
}

function typeOf({ transfersValue, codeAddress, to, createsRecipient }: Message): string {
  if (!transfersValue) return "DELEGATECALL";
  if (!bytesEqual(codeAddress, to)) return "CALLCODE";
  return createsRecipient === true ? "STATICCALL" : "CALL";
}

function isCreation({ type }: CallFrame): boolean {
  return type === "CREATE" || type === "CREATE2";
}

function logToJson({ log, position }: CallFrame["logs"][number]): object {
  return {
    address: dataToJson(log.address),
    topics: log.topics.map(dataToJson),
    data: dataToJson(log.data),
    position: quantityToJson(position),
  };
}
