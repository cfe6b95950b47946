import type { CrossShardDeposit } from "../../../node/chain/deposit.ts";
import { type Address, asAddress, bytesEqual, bytesKey } from "../../../node/codec/bytes.ts";
import type { NewPayloadResult } from "../../../node/el/block-executor.ts";
import { wholeGas } from "../../../node/el/evm/gas-count.ts";
import type { Creation, Message, MessageResult } from "../../../node/el/evm/message.ts";
import type { BlockObserver, ExecutionUnit, Tracer, UnitOutcome } from "../../../node/el/evm/tracer.ts";
import type { BlockTrial, Executor } from "../../execution/trial.ts";

type CallKind = "CALL" | "CALLCODE" | "DELEGATECALL" | "STATICCALL" | "CREATE" | "CREATE2";

/** A message with what it came to. */
export interface CallRecord {
  readonly kind: CallKind;
  /** Frames above it; one that a precompile sends on stands below the precompile's. */
  readonly depth: number;
  readonly from: Address;
  /** Whose code ran; undefined for a creation that never got an address. */
  to: Address | undefined;
  readonly value: bigint;
  readonly tokenId: bigint;
  /** Its first bytes; `inputSize` says how many there are. Of a creation the init code. */
  readonly input: Uint8Array;
  readonly inputSize: number;
  readonly gasIn: bigint;
  gasOut: bigint;
  /** What it used itself, without the messages below it. */
  ownGas: bigint;
  success: boolean;
  failure: string | undefined;
  /** Returned or reverted with, its first bytes. */
  output: Uint8Array;
}

/** What a unit calls, in the order in which it does. */
export interface UnitCalls {
  readonly unit: ExecutionUnit;
  /** Undefined where the unit makes its block invalid. */
  readonly outcome: UnitOutcome | undefined;
  readonly calls: readonly CallRecord[];
  /** Messages beyond those that are kept. */
  readonly omitted: number;
  /** Deposits that it sends to other shards. */
  readonly sent: readonly CrossShardDeposit[];
}

interface CallsRequest {
  readonly trial: BlockTrial;
  readonly executor: Executor;
  readonly isChosen: (unit: ExecutionUnit) => boolean;
  /** Most messages that are kept of a unit; absent: a million. */
  readonly most?: number;
}

interface RecordedCalls {
  readonly units: readonly UnitCalls[];
  readonly result: NewPayloadResult;
}

/** Enough of any argument or reason that people read. */
const KEPT_BYTES = 4096;
const MOST_CALLS = 1_000_000;

/** Executes a trial's block once and keeps the messages of the chosen units. */
export function recordCalls({ trial, executor, isChosen, most = MOST_CALLS }: CallsRequest): RecordedCalls {
  const recorder = new CallRecorder(isChosen, most);
  const result = executor.execute(trial.payload, trial.nodes, recorder);
  const sends = result.status === "EXECUTED" ? result.computed.xshardSends : [];
  return { units: recorder.finish().map((unit) => ({ ...unit, sent: sentBy(unit.unit, sends) })), result };
}

function sentBy({ kind, hash }: ExecutionUnit, sends: readonly CrossShardDeposit[]): readonly CrossShardDeposit[] {
  if (kind !== "transaction" || hash === undefined) return [];
  return sends.filter(({ txHash }) => bytesEqual(txHash, hash));
}

class CallRecorder implements BlockObserver {
  readonly tracer: Tracer;
  readonly #isChosen: (unit: ExecutionUnit) => boolean;
  readonly #most: number;
  readonly #units: Omit<UnitCalls, "sent">[] = [];
  #unit: ExecutionUnit | undefined;
  #calls: CallRecord[] = [];
  #omitted = 0;
  /** Those that have not ended, the outermost first; undefined where one is not kept. */
  #open: (CallRecord | undefined)[] = [];

  constructor(isChosen: (unit: ExecutionUnit) => boolean, most: number) {
    this.#isChosen = isChosen;
    this.#most = most;
    this.tracer = {
      enterMessage: (message) => this.#enter(message),
      leaveMessage: (result) => this.#leave(result),
    };
  }

  enterUnit(unit: ExecutionUnit): void {
    this.#unit = this.#isChosen(unit) ? unit : undefined;
    this.#calls = [];
    this.#open = [];
    this.#omitted = 0;
  }

  leaveUnit(unit: ExecutionUnit, outcome: UnitOutcome): void {
    if (this.#unit !== undefined) this.#keep(unit, outcome);
    this.#unit = undefined;
  }

  /** All units; one that was never left comes last. */
  finish(): readonly Omit<UnitCalls, "sent">[] {
    if (this.#unit !== undefined) this.#keep(this.#unit, undefined);
    return this.#units;
  }

  #keep(unit: ExecutionUnit, outcome: UnitOutcome | undefined): void {
    this.#units.push({ unit, outcome, calls: this.#calls, omitted: this.#omitted });
  }

  #enter(message: Message | Creation): void {
    if (this.#unit === undefined) return;
    const isKept = this.#calls.length < this.#most;
    const call = isKept ? beginning(message, this.#open.length) : undefined;
    if (call === undefined) this.#omitted++;
    else this.#calls.push(call);
    this.#open.push(call);
  }

  #leave({ success, gasLeft, gasReserve, output, failure }: MessageResult): void {
    const call = this.#open.pop();
    if (call === undefined) return;
    call.gasOut = wholeGas(gasLeft, gasReserve);
    const used = call.gasIn - call.gasOut;
    call.ownGas += used;
    const caller = this.#open.at(-1);
    if (caller !== undefined) caller.ownGas -= used;
    call.success = success;
    call.failure = success ? undefined : failure;
    if (success && isCreation(call.kind)) call.to ??= asAddress(output.slice());
    else call.output = output.slice(0, KEPT_BYTES);
  }
}

/** The caller's arrays may be windows on memory that lives on. */
function beginning(message: Message | Creation, depth: number): CallRecord {
  const isMessage = !("initCode" in message);
  const input = isMessage ? message.data : message.initCode;
  const to = isMessage ? message.codeAddress : message.recipient;
  return {
    kind: isMessage ? callKind(message) : message.salt === undefined ? "CREATE" : "CREATE2",
    depth,
    from: message.sender.slice() as Address,
    to: to && (to.slice() as Address),
    value: isMessage && !message.transfersValue ? 0n : message.value,
    tokenId: message.transferTokenId,
    input: input.slice(0, KEPT_BYTES),
    inputSize: input.length,
    gasIn: BigInt(message.gas) + (message.gasReserve ?? 0n),
    gasOut: 0n,
    ownGas: 0n,
    success: false,
    failure: "the block is invalid",
    output: new Uint8Array(0),
  };
}

function callKind({ transfersValue, codeAddress, to, createsRecipient }: Message): CallKind {
  if (!transfersValue) return "DELEGATECALL";
  if (bytesKey(codeAddress) !== bytesKey(to)) return "CALLCODE";
  return createsRecipient === true ? "STATICCALL" : "CALL";
}

function isCreation(kind: CallKind): boolean {
  return kind === "CREATE" || kind === "CREATE2";
}
