import { describe, expect, it } from "vitest";
import type { QuarkChainConfig } from "../chain/config.ts";
import { type RootBlockHeader, readRootBlockHeader } from "../chain/root-block.ts";
import { fromHex, ZERO_HASH } from "../codec/bytes.ts";
import { WireReader } from "../codec/wire.ts";
import { CONFIG, genesisOf, LATE_SHARD, minorBlockOn, ROOT_GENESIS } from "./chain-rules.testkit.ts";
import { type PoswConfigVector, poswCases, poswConfig } from "./posw-vectors.testkit.ts";
import { minorSealTarget, type RootSealContext, rootSealTarget } from "./seal-target.ts";

interface RootCase {
  readonly config: PoswConfigVector;
  readonly case: string;
  readonly header: string;
  readonly stakes: string;
  readonly signer: string;
  readonly minedInWindow: number;
  readonly guardianPublicKey: string;
  readonly adjusted?: string | null;
  readonly by?: string;
  readonly error?: string;
}

const CASES = poswCases<RootCase>("root");

const headerOf = (vector: RootCase): RootBlockHeader => readRootBlockHeader(new WireReader(fromHex(vector.header)));

function configOf(vector: RootCase): QuarkChainConfig {
  return {
    ...CONFIG,
    guardianPublicKey: fromHex(vector.guardianPublicKey),
    root: { ...CONFIG.root, posw: poswConfig(vector.config) },
  };
}

function contextOf(vector: RootCase, changes: Partial<RootSealContext> = {}): RootSealContext {
  return {
    config: configOf(vector),
    lastStakingBlock: () => ZERO_HASH,
    stakesAfter: () => ({ stakes: BigInt(vector.stakes), signer: fromHex(vector.signer) }),
    minedInWindow: () => vector.minedInWindow,
    ...changes,
  };
}

describe("rootSealTarget (master.py __adjust_diff)", () => {
  it.each(CASES)("$case: what pyquarkchain adjusts to", async (vector) => {
    const { target, violation } = await rootSealTarget(headerOf(vector), contextOf(vector));
    if (vector.error !== undefined) {
      expect(violation?.code).toBe("SIGNATURE_MALFORMED");
      return;
    }
    expect(violation).toBeUndefined();
    const adjusted = target?.reason === "header" ? null : String(target?.difficulty);
    expect(adjusted).toBe(vector.adjusted);
    if (target?.reason !== "header") expect(target?.reason).toBe(vector.by);
  });

  /** A block whose stakes and signature lower its difficulty. */
  const staked = CASES.find((vector) => {
    const { adjusted, by } = vector;
    return by === "posw" && typeof adjusted === "string" && BigInt(adjusted) < headerOf(vector).difficulty;
  })!;

  it("asks for nothing where staking is off or not begun", async () => {
    const unasked = { lastStakingBlock: () => expect.unreachable() };
    const { config } = contextOf(staked);
    for (const change of [{ enabled: false }, { enableTimestamp: headerOf(staked).createTime + 1 }]) {
      const posw = { ...config.root.posw, ...change };
      const context = contextOf(staked, { ...unasked, config: { ...config, root: { ...config.root, posw } } });
      const { target } = await rootSealTarget(headerOf(staked), context);
      expect(target).toEqual({ difficulty: headerOf(staked).difficulty, reason: "header", posw: null });
    }
  });

  it("wants the full difficulty while no block of the staking shard is confirmed", async () => {
    const context = contextOf(staked, { lastStakingBlock: () => undefined, stakesAfter: () => expect.unreachable() });
    expect((await rootSealTarget(headerOf(staked), context)).target?.reason).toBe("header");
  });

  it.each([
    ["another chain", 0x10000],
    ["a chain that does not exist", 0x70000],
  ])("refuses a coinbase of %s (slave.py get_root_chain_stakes)", async (_, fullShardKey) => {
    const header = headerOf(staked);
    const moved = { ...header, coinbaseAddress: { ...header.coinbaseAddress, fullShardKey } };
    const { violation } = await rootSealTarget(moved, contextOf(staked));
    expect(violation?.code).toBe("POSW_COINBASE_NOT_IN_SHARD");
  });

  it("refuses every block where the staking shard does not exist (master.py _posw_info)", async () => {
    const context = contextOf(staked, { config: { ...configOf(staked), shards: new Map() } });
    expect((await rootSealTarget(headerOf(staked), context)).violation?.code).toBe("POSW_SHARD_MISSING");
  });

  it("needs no signature where the contract names nobody at all", async () => {
    const vector = { ...staked, signer: "" };
    const unsigned = { ...headerOf(staked), signature: new Uint8Array(65).fill(0xff) };
    const { target } = await rootSealTarget(unsigned, contextOf(vector));
    expect(String(target?.difficulty)).toBe(staked.adjusted);
  });
});

describe("minorSealTarget (shard_state.py posw_diff_adjust)", () => {
  const shard = CONFIG.shards.get(LATE_SHARD)!;
  const stake = shard.posw.totalStakePerBlock;
  const { header } = minorBlockOn(genesisOf(LATE_SHARD), ROOT_GENESIS, 150);

  it("divides the difficulty while the stakes last", () => {
    const config = { ...CONFIG, enablePoswStakingDecayTimestamp: null };
    expect(minorSealTarget(config, shard, header, 2n * stake, 1)).toEqual({
      difficulty: header.difficulty / 7n,
      reason: "posw",
      posw: { effectiveDifficulty: header.difficulty / 7n, mineableBlocks: 2, minedBlocks: 2 },
    });
    expect(minorSealTarget(config, shard, header, 2n * stake, 2).difficulty).toBe(header.difficulty);
  });

  it("is the header's difficulty where staking is off", () => {
    const off = { ...shard, posw: { ...shard.posw, enabled: false } };
    expect(minorSealTarget(CONFIG, off, header, stake, 0)).toEqual({
      difficulty: header.difficulty,
      reason: "header",
      posw: null,
    });
  });
});
