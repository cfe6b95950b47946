import type { NewPayloadResult } from "../../../node/el/block-executor.ts";
import type { Creation, Message } from "../../../node/el/evm/message.ts";
import { smallAddress } from "../../../node/el/evm/precompiles/addresses.ts";
import type { Rules } from "../../../node/el/evm/rules.ts";
import type { BlockObserver, Tracer, TraceStep } from "../../../node/el/evm/tracer.ts";
import type { BlockTrial, Executor } from "../../execution/trial.ts";

/** What a block makes use of: changes of anything else cannot be its cause. */
export interface Executed {
  /** Instructions by name. */
  readonly instructions: ReadonlySet<string>;
  /** Addresses of precompiles, as numbers. */
  readonly precompiles: ReadonlySet<number>;
  readonly outcome: NewPayloadResult;
}

/** Executes a block once. One that cannot be executed counts as making use of everything. */
export function whatIsExecuted(trial: BlockTrial, executor: Executor, rules: Rules): Executed {
  const tracer = new UseTracer(rules);
  const observer: BlockObserver = { tracer, enterUnit: () => {}, leaveUnit: () => {} };
  const outcome = executor.execute(trial.payload, trial.nodes, observer);
  if (outcome.status === "EXECUTED") return { ...tracer, outcome };
  const instructions = new Set(rules.instructions.map(({ name }) => name));
  return { instructions, precompiles: new Set(rules.precompiles.keys()), outcome };
}

class UseTracer implements Tracer {
  readonly instructions = new Set<string>();
  readonly precompiles = new Set<number>();
  readonly #rules: Rules;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  enterMessage(message: Message | Creation): void {
    const address = "initCode" in message ? undefined : smallAddress(message.codeAddress);
    if (address !== undefined && this.#rules.precompiles.has(address)) this.precompiles.add(address);
  }

  leaveMessage(): void {}

  step({ opcode }: TraceStep): void {
    const name = this.#rules.table.names[opcode];
    if (name !== undefined) this.instructions.add(name);
  }
}
