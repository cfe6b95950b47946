import { UsageError } from "../../node/codec/errors.ts";
import { ruleSet } from "../../node/el/evm/hardforks/rule-set.ts";
import { QUARKCHAIN_RULES, type Rules } from "../../node/el/evm/rules.ts";

/** Blobs of a fork (EIP-4844 and its later numbers). */
interface BlobTerms {
  readonly mostPerTransaction: number;
  /** How slowly the price of blobs follows what is used beyond the target. */
  readonly updateFraction: bigint;
}

/** What may stand around a message: the forms of Ethereum's transactions, and limits that only they have. */
export interface TransactionForms {
  /** EIP-2930. */
  readonly accessLists: boolean;
  /** EIP-1559. */
  readonly feeMarket: boolean;
  readonly blobs: BlobTerms | undefined;
  /** EIP-7702. */
  readonly authorizations: boolean;
  /** Most start gas (EIP-7825); undefined: any. */
  readonly mostGas: bigint | undefined;
  /** Who has code sends nothing (EIP-3607). */
  readonly sendersHaveNoCode: boolean;
  /** 0x44 shows the environment's random number. */
  readonly merged: boolean;
}

/** A fork of the tests' results that can be held against rules. */
export interface TestFork {
  /** As the tests call it. */
  readonly name: string;
  readonly rules: Rules;
  readonly forms: TransactionForms;
}

/** QuarkChain's, in the form in which pyquarkchain runs Ethereum's tests. */
export const LEGACY_FORMS: TransactionForms = {
  accessLists: false,
  feeMarket: false,
  blobs: undefined,
  authorizations: false,
  mostGas: undefined,
  sendersHaveNoCode: false,
  merged: false,
};

/** The fork whose results QuarkChain's rules are held against (new_statetest_utils.py network_to_test). */
export const QUARKCHAIN_FORK: TestFork = {
  name: "ConstantinopleFix",
  rules: QUARKCHAIN_RULES,
  forms: LEGACY_FORMS,
};

const istanbul = { ...LEGACY_FORMS, sendersHaveNoCode: true };
const berlin = { ...istanbul, accessLists: true };
const london = { ...berlin, feeMarket: true };
const paris = { ...london, merged: true };
const cancun = { ...paris, blobs: { mostPerTransaction: 6, updateFraction: 3_338_477n } };
const prague = { ...cancun, authorizations: true, blobs: { mostPerTransaction: 9, updateFraction: 5_007_716n } };
const osaka = {
  ...prague,
  mostGas: 1n << 24n,
  // EIP-7594 has fewer in one transaction than in a block.
  blobs: { mostPerTransaction: 6, updateFraction: 5_007_716n },
};

const FORMS: ReadonlyMap<string, TransactionForms> = new Map<string, TransactionForms>([
  ["Istanbul", istanbul],
  ["Berlin", berlin],
  ["London", london],
  ["Paris", paris],
  ["Shanghai", paris],
  ["Cancun", cancun],
  ["Prague", prague],
  ["Osaka", osaka],
]);

export const FORK_NAMES: readonly string[] = [QUARKCHAIN_FORK.name, ...FORMS.keys()];

/** Tests older than the merge's name call it so. */
const ALIASES: ReadonlyMap<string, string> = new Map([["Merge", "Paris"]]);

/** The fork that the tests call `name`; undefined for one that no rules stand for. */
export function forkOf(name: string): TestFork | undefined {
  if (name === QUARKCHAIN_FORK.name) return QUARKCHAIN_FORK;
  const canonical = ALIASES.get(name) ?? name;
  const forms = FORMS.get(canonical);
  return forms === undefined ? undefined : { name, rules: ruleSet(canonical.toLowerCase()), forms };
}

/** Names of forks, divided by commas; "all" for every one. Throws UsageError for one that is not among FORK_NAMES. */
export function forkNames(text: string): string[] {
  if (text === "all") return [...FORK_NAMES, ...ALIASES.keys()];
  const names = text.split(",");
  for (const name of names) {
    if (forkOf(name) === undefined) {
      throw new UsageError(`--fork ${name} is not known: choose among ${FORK_NAMES.join(", ")}, or "all"`);
    }
  }
  return names;
}
