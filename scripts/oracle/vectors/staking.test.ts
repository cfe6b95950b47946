import { describe, expect, test } from "vitest";
import { fractionFromFloat } from "../../../node/chain/fraction.ts";
import { readRootBlockHeader } from "../../../node/chain/root-block.ts";
import { nextDifficulty } from "../../../node/cl/difficulty.ts";
import { CoinbaseWindow, diffDivider, minorPoswInfo, stakePerBlock } from "../../../node/cl/posw.ts";
import { type PoswConfigVector, poswConfig } from "../../../node/cl/posw-vectors.testkit.ts";
import { rootSealTarget } from "../../../node/cl/seal-target.ts";
import {
  addressFromHex,
  bytesFromKey,
  fromHex,
  type Hash32,
  toHex,
  uint32ToBytes,
  ZERO_HASH,
} from "../../../node/codec/bytes.ts";
import { keccak256 } from "../../../node/codec/keccak.ts";
import { WireReader } from "../../../node/codec/wire.ts";
import { networkConfiguration, readCases, VECTORS } from "./vectors.testkit.ts";

interface DifficultyCase {
  readonly cutoff: number;
  readonly factor: number;
  readonly minimum: number;
  readonly parentTime: number;
  readonly parentDifficulty: string;
  readonly time: number;
  readonly difficulty: string;
}

interface InfoRow {
  readonly effectiveDifficulty: string;
  readonly mineableBlocks: number;
  readonly minedBlocks: number;
}

interface MinorCase {
  readonly config: PoswConfigVector;
  readonly decayTimestamp: number | null;
  readonly decayFactor: number;
  readonly epochInterval: number;
  readonly height: number;
  readonly createTime: number;
  readonly difficulty: string;
  readonly stakes: string;
  readonly minedInWindow: number;
  readonly stakePerBlock: string;
  readonly divider: number;
  readonly info: InfoRow | null;
}

interface WindowCase {
  readonly windowSize: number;
  readonly coinbases: readonly string[];
  readonly countsAfter: readonly Readonly<Record<string, number>>[];
}

interface RootCase {
  readonly config: PoswConfigVector;
  readonly header: string;
  readonly stakes: string;
  readonly signer: string;
  readonly minedInWindow: number;
  readonly divider: number;
  readonly guardianPublicKey: string;
  readonly adjusted?: string | null;
  readonly info?: InfoRow | null;
  readonly by?: string;
  readonly error?: string;
}

const SHARD = 0x1;

describe.skipIf(VECTORS === undefined)("difficulty and staked work", () => {
  test("pow/difficulty.json", () => {
    for (const vector of readCases<DifficultyCase>("pow/difficulty.json")) {
      const { cutoff: cutoffTime, factor, minimum, parentTime, parentDifficulty } = vector;
      const config = { cutoffTime, adjustmentFactor: BigInt(factor), minimum: BigInt(minimum) };
      const parent = { createTime: parentTime, difficulty: BigInt(parentDifficulty) };
      expect.soft(nextDifficulty(config, parent, vector.time)).toBe(BigInt(vector.difficulty));
    }
  });

  test("pow/posw_minor.json", () => {
    const mainnet = networkConfiguration("mainnet");
    for (const vector of readCases<MinorCase>("pow/posw_minor.json")) {
      const config = {
        ...mainnet,
        enablePoswStakingDecayTimestamp: vector.decayTimestamp,
        blockRewardDecayFactor: fractionFromFloat(vector.decayFactor),
      };
      const posw = poswConfig(vector.config);
      const shard = { ...mainnet.shards.get(SHARD)!, posw, epochInterval: vector.epochInterval };
      const { height, createTime } = vector;
      const header = { height, createTime, difficulty: BigInt(vector.difficulty) };
      const info = minorPoswInfo(config, shard, header, BigInt(vector.stakes), vector.minedInWindow);
      expect.soft(info && { ...info, effectiveDifficulty: String(info.effectiveDifficulty) }).toEqual(vector.info);
      expect.soft(String(stakePerBlock(config, shard, header))).toBe(vector.stakePerBlock);
      expect.soft(diffDivider(posw, createTime)).toBe(BigInt(vector.divider));
    }
  });

  test("pow/posw_window.json", () => {
    const hashAt = (height: number): Hash32 => keccak256(uint32ToBytes(height));
    for (const { windowSize, coinbases, countsAfter } of readCases<WindowCase>("pow/posw_window.json")) {
      const headers = new Map(
        coinbases.map((coinbase, height) => {
          const prevHash = height === 0 ? ZERO_HASH : hashAt(height - 1);
          return [toHex(hashAt(height)), { height, prevHash, coinbase: addressFromHex(coinbase) }];
        }),
      );
      const window = new CoinbaseWindow(windowSize, (hash) => headers.get(toHex(hash)));
      for (const [height, counts] of countsAfter.entries()) {
        const rows = [...window.countsAfter(hashAt(height))].map(([key, count]) => [toHex(bytesFromKey(key)), count]);
        expect.soft(Object.fromEntries(rows)).toEqual(counts);
      }
    }
  });

  test("pow/posw_root.json", async () => {
    const mainnet = networkConfiguration("mainnet");
    for (const vector of readCases<RootCase>("pow/posw_root.json")) {
      const posw = poswConfig(vector.config);
      const header = readRootBlockHeader(new WireReader(fromHex(vector.header)));
      const { target, violation } = await rootSealTarget(header, {
        config: {
          ...mainnet,
          guardianPublicKey: fromHex(vector.guardianPublicKey),
          root: { ...mainnet.root, posw },
        },
        lastStakingBlock: () => ZERO_HASH,
        stakesAfter: () => ({ stakes: BigInt(vector.stakes), signer: fromHex(vector.signer) }),
        minedInWindow: () => vector.minedInWindow,
      });
      expect.soft(diffDivider(posw, header.createTime)).toBe(BigInt(vector.divider));
      if (vector.error !== undefined) {
        expect.soft(violation?.code).toBe("SIGNATURE_MALFORMED");
        continue;
      }
      expect.soft(violation).toBeUndefined();
      expect.soft(target?.reason === "header" ? null : String(target?.difficulty)).toBe(vector.adjusted);
      if (target?.reason !== "header") expect.soft(target?.reason).toBe(vector.by);
      if (target?.reason !== "posw") continue;
      const { posw: info } = target;
      expect.soft(info && { ...info, effectiveDifficulty: String(info.effectiveDifficulty) }).toEqual(vector.info);
    }
  });
});
