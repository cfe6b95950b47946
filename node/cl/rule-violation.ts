import type { TokenBalances } from "../chain/token-balances.ts";
import { bytesEqual, toHex } from "../codec/bytes.ts";

/** Which rule a block breaks. Stable: reports and tests name rules by it. */
type RuleCode =
  | "VERSION"
  | "HEIGHT_NOT_POSITIVE"
  | "PARENT_UNKNOWN"
  | "HEIGHT_MISMATCH"
  | "BRANCH_MISMATCH"
  | "TIME_IN_FUTURE"
  | "TIME_NOT_INCREASING"
  | "META_HASH_MISMATCH"
  | "EXTRA_DATA_TOO_LARGE"
  | "TRACKING_DATA_TOO_LARGE"
  | "GAS_LIMIT_MISMATCH"
  | "XSHARD_GAS_LIMIT_NOT_BELOW_GAS_LIMIT"
  | "XSHARD_GAS_LIMIT_MISMATCH"
  | "MERKLE_ROOT_MISMATCH"
  | "COINBASE_NOT_IN_SHARD"
  | "DIFFICULTY_MISMATCH"
  | "ROOT_BLOCK_UNKNOWN"
  | "ROOT_HEIGHT_DECREASING"
  | "CONFIRMED_BLOCK_NOT_ANCESTOR"
  | "ROOT_CHAIN_MISMATCH"
  | "POSW_SHARD_MISSING"
  | "POSW_COINBASE_NOT_IN_SHARD"
  | "SIGNATURE_MALFORMED"
  | "TOTAL_DIFFICULTY_MISMATCH"
  | "STATE_ROOT_NOT_EMPTY"
  | "COINBASE_AMOUNT_MISMATCH"
  | "MINOR_BLOCK_UNKNOWN"
  | "MINOR_BLOCK_LATER_THAN_ROOT"
  | "MINOR_BLOCK_ON_OTHER_ROOT_CHAIN"
  | "SHARDS_NOT_ORDERED"
  | "SHARD_UNKNOWN"
  | "TOO_MANY_MINOR_BLOCKS"
  | "SHARD_NOT_INITIALIZED"
  | "GENESIS_NOT_FIRST"
  | "MINOR_BLOCK_NOT_LINKED";

/** One broken rule; declared and computed are given where the rule compares two values. */
export interface RuleViolation {
  readonly code: RuleCode;
  /** Field of the header, meta or block that is wrong, as named in this program's types. */
  readonly field?: string;
  readonly message: string;
  readonly declared?: string;
  readonly computed?: string;
}

/** Amounts as a readable, ordered text: token id, colon, amount. */
export function describeBalances(balances: TokenBalances): string {
  const rows = [...balances].sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${rows.map(([tokenId, amount]) => `${tokenId}: ${amount}`).join(", ")}}`;
}

type Compared = Uint8Array | number | bigint;

/** A value that has to be the one that follows from the chain. Empty where it is. */
export function mismatch<T extends Compared>(
  code: RuleCode,
  field: string,
  declared: T,
  computed: T,
  message: string,
): readonly RuleViolation[] {
  const equal = declared instanceof Uint8Array ? bytesEqual(declared, computed as Uint8Array) : declared === computed;
  return equal ? NONE : [{ code, field, message, declared: textOf(declared), computed: textOf(computed) }];
}

/** Anything else that must not be. `message` is asked for where it is. */
export function broken(
  isBroken: boolean,
  code: RuleCode,
  field: string,
  message: () => string,
): readonly RuleViolation[] {
  return isBroken ? [{ code, field, message: message() }] : NONE;
}

const NONE: readonly RuleViolation[] = [];

/** What the rules found, in their order; nearly always nothing. */
export function joined(...found: readonly (readonly RuleViolation[])[]): readonly RuleViolation[] {
  let all = NONE;
  for (const violations of found)
    if (violations.length > 0) all = all.length === 0 ? violations : [...all, ...violations];
  return all;
}

function textOf(value: Compared): string {
  return value instanceof Uint8Array ? toHex(value) : String(value);
}

/** A broken rule that names a field with both values is a differing field as well. */
export function differencesOf(
  violations: readonly RuleViolation[],
): { readonly field: string; readonly declared: string; readonly computed: string }[] {
  return violations.flatMap(({ field, declared, computed }) =>
    field === undefined || declared === undefined || computed === undefined ? [] : [{ field, declared, computed }],
  );
}
