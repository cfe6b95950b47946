import { isDeepStrictEqual } from "node:util";
import { answerCase, type CaseAnswer, type EvmCase } from "../../node/el/evm/evm-case.testkit.ts";
import type { Rules } from "../../node/el/evm/rules.ts";
import type { Difference, Level } from "./level.ts";
import { simplerMessages } from "./message-shrink.ts";
import type { Reference } from "./reference.ts";
import { shrink } from "./shrink.ts";
import { describeParting, ownSteps, type Step } from "./step-trace.ts";

/** A world of the reference's generator and what it answered to messages in it. */
interface WorldOfCases extends Pick<EvmCase, "accounts" | "context"> {
  readonly cases: readonly Pick<EvmCase, "name" | "message" | "expected">[];
}

type Answer = CaseAnswer | { readonly thrown: string };

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
    return differencesOf(evmCase.expected, answerOf(evmCase, this.#rules)).length > 0;
  }

  async explain(evmCase: EvmCase): Promise<Difference<EvmCase>> {
    const smallest = await this.#shrink(evmCase);
    const theirs = await this.#reference.ask<Step[]>({ do: "trace", case: smallest, limit: TRACE_STEPS });
    const ours = ownSteps(smallest, this.#rules, TRACE_STEPS);
    const lines = [...differencesOf(smallest.expected, answerOf(smallest, this.#rules)), describeParting(theirs, ours)];
    return { name: evmCase.name, smallest, description: lines.join("\n  ") };
  }

  async #shrink(evmCase: EvmCase): Promise<EvmCase> {
    let smallest = evmCase;
    const isStillWrong = async (candidate: EvmCase): Promise<boolean> => {
      const answered = await this.answered(candidate);
      if (answered === undefined || !this.differs(answered)) return false;
      smallest = answered;
      return true;
    };
    await shrink(evmCase, simplerMessages, isStillWrong, SHRINK_TRIES);
    return smallest;
  }

  /** The case with the reference's answer; undefined where it cannot even be set up. */
  async answered(evmCase: EvmCase): Promise<EvmCase | undefined> {
    try {
      return await this.#reference.ask<EvmCase>({ do: "message", case: evmCase });
    } catch {
      return undefined;
    }
  }
}

function answerOf(evmCase: EvmCase, rules: Rules): Answer {
  try {
    return answerCase(evmCase, rules);
  } catch (error) {
    return { thrown: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}

/** Fields in which two answers differ, for people. */
function differencesOf(theirs: Answer, ours: Answer): string[] {
  const left: Record<string, unknown> = { ...theirs };
  const right: Record<string, unknown> = { ...ours };
  return [...new Set([...Object.keys(left), ...Object.keys(right)])]
    .filter((key) => !isDeepStrictEqual(left[key], right[key]))
    .map((key) => `${key}: pyquarkchain ${JSON.stringify(left[key])}, ours ${JSON.stringify(right[key])}`);
}
