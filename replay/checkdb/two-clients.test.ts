import { describe, expect, test } from "vitest";
import { QkcError } from "../../node/codec/errors.ts";
import { type ClientRules, OTHER_RULES, OTHER_SWITCHES, otherRulesWith } from "../triage/client-rules.ts";
import { ImportedChain, type Step } from "./imported-chain.testkit.ts";

const REFUSED = "fixtures/goqkc-disagreements";
const OWN = "fixtures/goqkc-own-blocks";
const JUDGING_RULES = otherRulesWith(new Set());

describe("blocks that goquarkchain refuses", () => {
  test.each([
    ["gaslimit-opcode", ["stateRoot"], "gasLimitOfHeader"],
    ["selfdestruct-same-block", ["stateRoot", "receiptRoot", "gasUsed", "coinbaseAmounts"], "selfDestructAtBlockEnd"],
    ["zero-token-balance", ["stateRoot"], "revertKeepsZeroBalances"],
  ])("%s: its rules come to something else there, for one switch alone", (name, fields, switchName) => {
    const chain = new ImportedChain(`${REFUSED}/${name}.jsonl.gz`, `${REFUSED}/cluster_config.json`, JUDGING_RULES);
    const differing: Step[] = [];
    let last: Step | undefined;
    for (const step of chain.steps()) {
      expect(step.made).toEqual([]);
      if (step.differences(OTHER_RULES).length > 0) differing.push(step);
      last = step;
    }
    expect(differing).toEqual([last]);
    expect(last?.differences(OTHER_RULES)).toEqual(fields);
    expect(last?.differences(allSwitchesBut(switchName))).toEqual([]);
  });
});

/** For each switch the blocks, as shard/height, that come out otherwise without it. */
const DECIDED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "mixed-1": {
    callsCheckDefaultToken: "65539/37",
    create2HashGasChecked: "65538/21 131073/20 1/25",
    delegatedTransferIsSenders: "131073/38",
    gasLimitOfHeader: "65539/14 1/15 65539/16 65538/37 65539/40 131073/51 65539/47 1/51 65539/52 65539/53",
    logDataGasChecked: "65539/20",
    lostTokenTrieIsNoAccount: "131073/13 65539/21 65538/44 1/40",
    readsCreateAccounts: "65539/14 1/15 65538/37 65539/40 131073/51 1/51 65539/52",
    revertKeepsZeroBalances: "65539/28 131073/38",
    selfDestructAtBlockEnd: "65538/47",
    stakesLockBeforeEnabled: "131073/13",
    tokenIdsAreCut: "65539/38",
  },
  "mixed-2": {
    create2HashGasChecked: "131073/19 1/51 131073/65 131073/72",
    delegatedTransferIsSenders: "65538/40",
    foreignCreationKeepsNonce: "1/23 1/51",
    gasLimitOfHeader:
      "65539/13 65538/25 65538/26 65538/27 65539/22 65539/28 131073/38 131073/46 65539/46 65539/48 131073/72 1/66",
    logDataGasChecked: "131073/19 65538/63",
    lostTokenTrieIsNoAccount: "65538/15 65539/36",
    modexpEmptyBaseIsZero: "65539/58",
    readsCreateAccounts: "65539/13 65538/26 65538/27 131073/38 131073/46 65539/48 1/66",
    revertKeepsZeroBalances: "65539/17 1/51",
    selfDestructAtBlockEnd: "1/14",
    tokenIdsAreCut: "131073/75",
  },
  switches: {
    delegatedLockIsSenders: "65537/3",
    depositsKeepTheirGas: "1/4",
    hasSenderWhitelist: "1/1 65537/1",
    revertKeepsTokenTrie: "1/6",
    transferForgetsShardKey: "1/3",
    xshardGasDdosFixRootHeightForZero: "65537/1",
  },
};

describe("blocks that goquarkchain made", () => {
  test.each(Object.entries(DECIDED))("%s: its rules come to all that they declare", (name, expected) => {
    const decided: Record<string, string[]> = {};
    for (const step of ownBlocks(name)) {
      const place = `${step.fullShardId}/${step.height}`;
      expect([place, step.made]).toEqual([place, []]);
      if (outcomeOf(step, JUDGING_RULES).length === 0) continue;
      for (const switchName of OTHER_SWITCHES) {
        if (outcomeOf(step, allSwitchesBut(switchName)).length === 0) continue;
        decided[switchName] = [...(decided[switchName] ?? []), place];
      }
    }
    const places = Object.entries(decided).map(([switchName, blocks]) => [switchName, blocks.join(" ")]);
    expect(Object.fromEntries(places)).toEqual(expected);
  });

  test("each switch decides in one of these chains, but for that of the genesis, which all but one need to begin", () => {
    const decided = new Set(Object.values(DECIDED).flatMap((switches) => Object.keys(switches)));
    expect(OTHER_SWITCHES.filter((name) => !decided.has(name))).toEqual(["genesisHasWholeChain"]);
    expect(() => [...ownBlocks("mixed-1", allSwitchesBut("genesisHasWholeChain"))]).toThrow("row is missing");
  });
});

function* ownBlocks(name: string, makers: ClientRules = OTHER_RULES): Generator<Step> {
  yield* new ImportedChain(`${OWN}/${name}.jsonl.gz`, `${OWN}/${name}.config.json`, makers).steps();
}

function allSwitchesBut(name: string): ClientRules {
  return otherRulesWith(new Set(OTHER_SWITCHES.filter((other) => other !== name)));
}

/** A state that these rules cannot read is another outcome too. */
function outcomeOf(step: Step, rules: ClientRules): string | readonly string[] {
  try {
    return step.differences(rules);
  } catch (error) {
    if (!(error instanceof QkcError) || error.code !== "DATABASE_DAMAGED") throw error;
    return error.code;
  }
}
