import { describe, expect, test } from "vitest";
import { GOQUARKCHAIN_RULES, QUARKCHAIN_RULES } from "../../../node/el/evm/rules.ts";
import { rulesExecutor } from "../../execution/rules-executor.ts";
import { type Disagreement, disagreementTrial } from "../disagreements.testkit.ts";
import { makeReproducer } from "./make-reproducer.ts";
import { reproduce } from "./reproduce.ts";
import { readReproducer, reproducerText } from "./reproducer-file.ts";

describe.each<Disagreement>(["gaslimit-opcode", "selfdestruct-same-block", "zero-token-balance"])("%s", (name) => {
  const { trial, config } = disagreementTrial(name);
  const reproducer = makeReproducer({
    id: name,
    trial,
    config,
    rules: GOQUARKCHAIN_RULES.name,
    reference: rulesExecutor(config, trial.fullShardId, QUARKCHAIN_RULES),
    tested: rulesExecutor(config, trial.fullShardId, GOQUARKCHAIN_RULES),
  });

  test("a small case fails by goquarkchain's rules and passes by pyquarkchain's", () => {
    if (reproducer === undefined) throw new Error("the clients agree");
    const text = reproducerText(reproducer);
    expect(text.length).toBeLessThan(10_000);
    const read = readReproducer(text, name);
    expect(reproduce(read).differences).toEqual(reproducer.about.differences);
    expect(reproduce(read).differences).not.toEqual([]);
    expect(reproduce(read, QUARKCHAIN_RULES.name).differences).toEqual([]);
    // The sender, the contract and, of two destroyed contracts, the other one.
    expect(Object.keys(read.pre).length).toBeLessThanOrEqual(4);
  });
});
