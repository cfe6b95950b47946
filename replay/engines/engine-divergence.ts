import { minorHeaderHash } from "../../node/chain/minor-block.ts";
import { genesisBlockOf, genesisInputs } from "../../node/cl/genesis-block.ts";
import { RootChain } from "../../node/cl/root-chain.ts";
import { bytesEqual, type Hash32, toHex, ZERO_HASH } from "../../node/codec/bytes.ts";
import { UsageError } from "../../node/codec/errors.ts";
import { EngineCalls, type ExecutionAnswer } from "../../node/engine/client/engine-calls.ts";
import type { FieldDifference } from "../../node/engine/compare-execution.ts";
import type { QkcPayload, ValidationError } from "../../node/engine/engine-api.ts";
import type { OpenDatabase } from "../database/open-database.ts";
import { canonicalHash } from "../database/shard-heights.ts";
import { type ShardRig, ShardRigs } from "../execution/shard-rig.ts";
import { openEngine } from "./engines.ts";

const CACHE_BYTES = 64 * 1024 * 1024;

export interface EngineSearchRequest {
  readonly url: string;
  readonly jwtSecret: Uint8Array | undefined;
  readonly fullShardId: number;
  /** Last height that the engine is fed. */
  readonly bad: number;
  /** Told before each block. */
  readonly onBlock: (height: number) => void;
}

/** A block that an engine does not take. */
export interface EngineRefusal {
  readonly height: number;
  readonly hash: Hash32;
  /** What the engine computed otherwise. */
  readonly fields: readonly FieldDifference[];
  /** Why it does not execute the block; undefined where it does. */
  readonly reason: string | undefined;
  readonly answer: ExecutionAnswer;
}

export interface EngineSearchAnswer {
  /** Undefined where the engine takes every block. */
  readonly refusal: EngineRefusal | undefined;
  /** Blocks that it was fed. */
  readonly executed: number;
}

/**
 * The first block above an engine's head that it does not call valid. It executes each block on the state that it came
 * to itself: behind a block that it refuses it can be fed no other, so the first one is all that can be found. Throws
 * UsageError where the engine's head is no block of this chain.
 */
export async function firstRefusal(database: OpenDatabase, request: EngineSearchRequest): Promise<EngineSearchAnswer> {
  const { url, jwtSecret, fullShardId, bad, onBlock } = request;
  const config = database.config.quarkchain;
  const rootChain = new RootChain(database.source.rootBlocks(), database.rootTip);
  const options = { cacheBytes: CACHE_BYTES, checkArchive: false, rootTipHeight: rootChain.tipHeight };
  const rig = new ShardRigs(database, rootChain, options).of(fullShardId);
  const spec = { kind: "http", url, jwtSecret } as const;
  const engine = await openEngine(spec, config, fullShardId, new AbortController().signal);
  try {
    const calls = new EngineCalls(engine.api, fullShardId);
    const { head } = await engine.api.chainIdentity();
    const start = head === null ? 0 : head.height + 1;
    if (head !== null) assertOnChain(rig, head, url);
    if (start > bad) {
      throw new UsageError(
        `the engine at ${url} holds block ${bad} already, and has nothing to say of it any more: give it an empty data directory`,
      );
    }
    for (let height = start; height <= bad; height++) {
      onBlock(height);
      const payload = payloadAt(database, rig, height);
      const answer = await calls.newPayload(payload);
      if (answer.objection !== undefined) {
        const refusal = { height, hash: payload.blockHash, ...objectionOf(answer.objection), answer };
        return { refusal, executed: height - start + 1 };
      }
      await calls.setHead({
        headBlockHash: payload.blockHash,
        safeBlockHash: ZERO_HASH,
        finalizedBlockHash: ZERO_HASH,
      });
    }
    return { refusal: undefined, executed: bad - start + 1 };
  } finally {
    await engine.close();
  }
}

function assertOnChain({ source }: ShardRig, head: { readonly hash: Hash32; readonly height: number }, url: string) {
  const ours = source.canonicalHashAt(head.height);
  if (ours !== undefined && bytesEqual(ours, head.hash)) return;
  throw new UsageError(
    `the engine at ${url} stands at block ${head.height} (${toHex(head.hash)}), which is not on this database's chain: ` +
      "give it an empty data directory, or one that followed this chain",
  );
}

function payloadAt({ config }: OpenDatabase, { source, cl }: ShardRig, height: number): QkcPayload {
  const blockHash = canonicalHash(source, height);
  if (height > 0) {
    const block = cl.chain.read(blockHash);
    return { blockHash, block, inputs: cl.inputsOf(block) };
  }
  // The genesis block is what the configuration makes it, whatever the database has.
  const rootHeader = source.rootHeader(source.minorBlock(blockHash).header.prevRootBlockHash);
  const block = genesisBlockOf(config.quarkchain, source.fullShardId, rootHeader);
  return { blockHash: minorHeaderHash(block.header), block, inputs: genesisInputs(block) };
}

function objectionOf(error: ValidationError): Pick<EngineRefusal, "fields" | "reason"> {
  if (error.kind === "mismatch") return { fields: error.fields, reason: undefined };
  const { transactionIndex, reason } = error;
  return { fields: [], reason: transactionIndex === null ? reason : `transaction ${transactionIndex}: ${reason}` };
}
