import type { DifficultyConfig, QuarkChainConfig } from "../chain/config.ts";
import type { Hash32 } from "../codec/bytes.ts";
import { toHex } from "../codec/bytes.ts";
import { nextDifficulty } from "./difficulty.ts";
import { broken, joined, mismatch, type RuleViolation } from "./rule-violation.ts";

/** What headers of root and minor blocks have in common. */
interface BlockHeader {
  readonly version: number;
  readonly height: number;
  /** Seconds since 1970. */
  readonly createTime: number;
  readonly difficulty: bigint;
  readonly extraData: Uint8Array;
}

/** How far a new block may be ahead of the clock (quarkchain/constants.py ALLOWED_FUTURE_BLOCKS_TIME_VALIDATION). */
const ALLOWED_SECONDS_AHEAD = 15;

export function versionViolations({ version }: BlockHeader, chain: "root" | "minor"): readonly RuleViolation[] {
  return mismatch("VERSION", "version", version, 0, `incorrect ${chain} block version`);
}

export function genesisHeightViolations({ height }: BlockHeader, genesis: string): readonly RuleViolation[] {
  return broken(height < 1, "HEIGHT_NOT_POSITIVE", "height", () => `only ${genesis} height 0`);
}

export function unknownParent(field: string, hash: Hash32, what: (hash: string) => string): readonly RuleViolation[] {
  return broken(true, "PARENT_UNKNOWN", field, () => what(toHex(hash)));
}

export function heightViolations({ height }: BlockHeader, parent: BlockHeader): readonly RuleViolation[] {
  return mismatch("HEIGHT_MISMATCH", "height", height, parent.height + 1, "height is not the parent's plus 1");
}

/** `now` undefined: the block is history, only its order counts. */
export function blockTimeViolations(
  { createTime }: BlockHeader,
  parent: BlockHeader,
  now: number | undefined,
): readonly RuleViolation[] {
  return joined(
    broken(
      now !== undefined && createTime > now + ALLOWED_SECONDS_AHEAD,
      "TIME_IN_FUTURE",
      "createTime",
      () => `block of ${createTime} is too far in the future at ${now}`,
    ),
    broken(
      createTime <= parent.createTime,
      "TIME_NOT_INCREASING",
      "createTime",
      () => `block of ${createTime} is not later than its parent of ${parent.createTime}`,
    ),
  );
}

export function extraDataViolations(
  { extraData: { length } }: BlockHeader,
  { blockExtraDataSizeLimit: limit }: QuarkChainConfig,
): readonly RuleViolation[] {
  const message = () => `extra data has ${length} bytes, ${limit} are allowed`;
  return broken(length > limit, "EXTRA_DATA_TOO_LARGE", "extraData", message);
}

export function trackingDataViolations(
  { length }: Uint8Array,
  { blockExtraDataSizeLimit: limit }: QuarkChainConfig,
): readonly RuleViolation[] {
  const message = () => `tracking data has ${length} bytes, ${limit} are allowed`;
  return broken(length > limit, "TRACKING_DATA_TOO_LARGE", "trackingData", message);
}

/** Where the time does not increase the formula has no answer: that is reported instead. */
export function difficultyViolations(
  header: BlockHeader,
  parent: BlockHeader,
  parameters: DifficultyConfig,
): readonly RuleViolation[] {
  if (header.createTime <= parent.createTime) return [];
  const computed = nextDifficulty(parameters, parent, header.createTime);
  return mismatch("DIFFICULTY_MISMATCH", "difficulty", header.difficulty, computed, "incorrect difficulty");
}
