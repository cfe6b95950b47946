import type { Log } from "../../../node/chain/receipt.ts";
import { type Address, toHex } from "../../../node/codec/bytes.ts";
import { wholeGas } from "../../../node/el/evm/gas-count.ts";
import type { Creation, Message, MessageResult } from "../../../node/el/evm/message.ts";
import type { BlockObserver, ExecutionUnit, Tracer, TraceStep, UnitOutcome } from "../../../node/el/evm/tracer.ts";
import type { EvmState, Snapshot } from "../../../node/el/state/evm-state.ts";
import type { WorldState } from "../../../node/el/state/world-state.ts";
import { type AccountPart, type StateWatcher, WatchedState } from "../../../node/el/tracing/watched-state.ts";
import type { Digest } from "./digest.ts";
import { digestOfMessage, digestOfOutcome, digestOfResult, digestOfUnit } from "./event-digests.ts";
import { StepDigester } from "./step-digester.ts";

/** What an execution is made of, in order. Effects on the state between two events belong to the later one. */
export type BlockEvent =
  | { readonly kind: "enterUnit"; readonly unit: ExecutionUnit }
  | { readonly kind: "leaveUnit"; readonly unit: ExecutionUnit; readonly outcome: UnitOutcome }
  | { readonly kind: "enterMessage"; readonly message: Message | Creation; readonly callerGas: bigint | undefined }
  | { readonly kind: "leaveMessage"; readonly result: MessageResult }
  /** `place`: among all steps of the block. */
  | { readonly kind: "step"; readonly step: TraceStep; readonly place: number };

export interface EventListener {
  /** `digest` covers the event and the effects before it; it is valid during the call only. */
  event(event: BlockEvent, digest: Digest): void;
  /** Where given: each effect as it happens, for people. */
  effect?(effect: Effect): void;
}

/** A change of the state, or what is noted beside it. */
export interface Effect {
  readonly what: "state" | "refund" | "logs";
  readonly text: string;
  /** Whose state it is, or who noted it. */
  readonly address: Address | undefined;
}

interface Write {
  readonly address: Address;
  readonly part: AccountPart;
  readonly key: bigint | undefined;
}

/** Turns one execution, or one unit of it, into a line of events with a digest each. */
export class BlockEvents implements BlockObserver, StateWatcher {
  readonly tracer: Tracer;
  readonly #listener: EventListener;
  readonly #digester = new StepDigester();
  readonly #digest = this.#digester.digest;
  readonly #only: Pick<ExecutionUnit, "kind" | "index"> | undefined;
  #state: WorldState | undefined;
  #isListening: boolean;
  #steps = 0;
  /** Written since the unit began and not taken back. */
  #writes: Write[] = [];
  readonly #marks: number[] = [];

  /** `only`: tells of this unit alone. */
  constructor(listener: EventListener, only?: Pick<ExecutionUnit, "kind" | "index">) {
    this.#listener = listener;
    this.#only = only;
    this.#isListening = only === undefined;
    this.#digest.reset();
    this.tracer = {
      enterMessage: (message, callerGas, callerReserve) =>
        this.#enterMessage(message, callerGas === undefined ? undefined : wholeGas(callerGas, callerReserve)),
      leaveMessage: (result) => this.#leaveMessage(result),
      step: (step) => this.#step(step),
    };
  }

  wrapState(state: WorldState): EvmState {
    this.#state = state;
    return new WatchedState(state, this);
  }

  enterUnit(unit: ExecutionUnit): void {
    const only = this.#only;
    this.#isListening = only === undefined || (only.kind === unit.kind && only.index === unit.index);
    this.#writes = [];
    if (only !== undefined) this.#digest.reset();
    digestOfUnit(this.#digest, unit);
    this.#tell({ kind: "enterUnit", unit });
  }

  leaveUnit(unit: ExecutionUnit, outcome: UnitOutcome): void {
    digestOfOutcome(this.#digest, outcome);
    this.#tell({ kind: "leaveUnit", unit, outcome });
    this.#isListening = this.#only === undefined;
  }

  uses(): void {}

  wrote(address: Address, part: AccountPart, key?: bigint): void {
    const write = { address: address.slice() as Address, part, key };
    this.#writes.push(write);
    this.#digestWrite(write);
  }

  noted(what: "log" | "selfDestruct" | "refund", value: Log | Address | bigint): void {
    if (typeof value === "bigint") {
      this.#digest.bigint(value);
      if (this.#isListening) this.#listener.effect?.({ what: "refund", text: `refund ${value}`, address: undefined });
      return;
    }
    const address = value instanceof Uint8Array ? value : value.address;
    const parts = value instanceof Uint8Array ? [value] : [value.address, ...value.topics, value.data];
    for (const part of parts) this.#digest.bytes(part);
    const text = `${what} ${parts.map(toHex).join(" ")}`;
    if (this.#isListening) this.#listener.effect?.({ what: what === "log" ? "logs" : "state", text, address });
  }

  marked(snapshot: Snapshot): void {
    this.#marks[snapshot] = this.#writes.length;
  }

  /** What a revert leaves of the writes that it takes back is an effect as well. */
  reverted(snapshot: Snapshot): void {
    for (const write of this.#writes.splice(this.#marks[snapshot])) this.#digestWrite(write);
  }

  #enterMessage(message: Message | Creation, callerGas: bigint | undefined): void {
    digestOfMessage(this.#digest, message);
    this.#digester.enterFrame();
    this.#tell({ kind: "enterMessage", message, callerGas });
  }

  #leaveMessage(result: MessageResult): void {
    digestOfResult(this.#digest, result);
    this.#digester.leaveFrame();
    this.#tell({ kind: "leaveMessage", result });
  }

  #step(step: TraceStep): void {
    const place = this.#steps++;
    if (!this.#isListening) return;
    this.#digester.step(step);
    this.#tell({ kind: "step", step, place });
  }

  #tell(event: BlockEvent): void {
    if (this.#isListening) this.#listener.event(event, this.#digest);
    this.#digest.reset();
  }

  /** By what the account has now; it was looked up by the write. */
  #digestWrite({ address, part, key = 0n }: Write): void {
    const account = this.#state?.knownAccount(address);
    const digest = this.#digest;
    digest.bytes(address);
    let value = "absent";
    if (account !== undefined) {
      const { holdings, storage } = account;
      if (part === "balance") value = `balance ${key} ${holdings.entries.get(key) ?? "none"}`;
      else if (part === "slot") value = `slot ${key} ${storage.slots.get(key)?.value ?? "none"}`;
      else if (part === "nonce") value = `nonce ${account.nonce}`;
      else if (part === "code") value = `code ${toHex(account.codeHash)}`;
      else value = `${part} ${account.nonce} ${toHex(account.codeHash)} ${holdings.entries.size} ${storage.slots.size}`;
    }
    for (let i = 0; i < value.length; i++) digest.mix(value.charCodeAt(i));
    if (this.#isListening) this.#listener.effect?.({ what: "state", text: `0x${toHex(address)} ${value}`, address });
  }
}
