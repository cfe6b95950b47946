import { answerCase, type EvmCase } from "../../node/el/evm/evm-case.testkit.ts";
import type { Rules } from "../../node/el/evm/rules.ts";
import { answerOrError, differencesOf } from "./answers.ts";
import type { Difference, Level } from "./level.ts";
import { simplerMessages } from "./message-shrink.ts";
import type { Reference } from "./reference.ts";
import { shrinkAnswered } from "./shrink.ts";
import { describeParting, ownSteps, type Step } from "./step-trace.ts";

/** A world of the reference's generator and what it answered to messages in it. */
interface WorldOfCases extends Pick<EvmCase, "accounts" | "context"> {
  readonly cases: readonly Pick<EvmCase, "name" | "message" | "expected">[];
}

const WORLDS_PER_REQUEST = 20;
const SHRINK_TRIES = 3000;
const TRACE_STEPS = 200_000;

/** Random messages on random states: result, gas, output, logs, refunds, self-destructs, touched accounts, state root. */
export class MessageLevel implements Level<EvmCase> {
  readonly name = "message";
  readonly seedsPerRequest = WORLDS_PER_REQUEST;
  readonly #reference: Reference;
  readonly #rules: Rules;

  constructor(reference: Reference, rules: Rules) {
    this.#reference = reference;
    this.#rules = rules;
  }

  async casesOf(seeds: readonly number[]): Promise<EvmCase[]> {
    const worlds = await this.#reference.ask<WorldOfCases[]>({ do: "messages", seeds });
    return worlds.flatMap(({ accounts, context, cases }) => cases.map((row) => ({ ...row, accounts, context })));
  }

  differs(evmCase: EvmCase): boolean {
    return this.#differences(evmCase).length > 0;
  }

  async explain(evmCase: EvmCase): Promise<Difference<EvmCase>> {
    const smallest = await shrinkAnswered(evmCase, simplerMessages, {
      answered: (candidate) => this.#reference.ask<EvmCase>({ do: "message", case: candidate }),
      differs: (candidate) => this.differs(candidate),
      limit: SHRINK_TRIES,
    });
    const theirs = await this.#reference.ask<Step[]>({ do: "trace", case: smallest, limit: TRACE_STEPS });
    const ours = ownSteps(smallest, this.#rules, TRACE_STEPS);
    const lines = [...this.#differences(smallest), describeParting(theirs, ours)];
    return { name: evmCase.name, smallest, description: lines.join("\n  ") };
  }

  #differences(evmCase: EvmCase): string[] {
    return differencesOf(
      { ...evmCase.expected },
      answerOrError(() => answerCase(evmCase, this.#rules)),
    );
  }
}
