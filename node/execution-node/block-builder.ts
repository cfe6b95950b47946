import { merkleRoot } from "../chain/merkle-root.ts";
import type { MinorBlock } from "../chain/minor-block.ts";
import { bytesEqual, EMPTY_BYTES, type Hash32, ZERO_HASH } from "../codec/bytes.ts";
import { KeptDeposits } from "../el/kept-deposits.ts";
import { payloadOf } from "../el/payload.ts";
import type { BuiltPayload, PayloadAttributes } from "../engine/engine-api.ts";
import { ENGINE_ERROR, EngineError } from "../engine/engine-error.ts";
import type { BlockExecutor } from "./payload-executor.ts";
import { computedBlockOf, computedOf } from "./statuses.ts";

/** The block that a new one is built on. */
export interface BuildParent {
  readonly hash: Hash32;
  readonly block: MinorBlock;
  readonly ancestorHash: (distance: number) => Hash32 | undefined;
  /** Of every block of the shard. */
  readonly gasLimit: bigint;
}

/**
 * Makes a block: executed, with everything that it declares filled in, not sealed (pyquarkchain shard_state.py
 * create_block_to_mine). Transactions that are not valid where they stand are left out.
 */
export function buildBlock(executor: BlockExecutor, parent: BuildParent, attributes: PayloadAttributes): BuiltPayload {
  const deposits = new KeptDeposits(attributes.inputs.deposits);
  const inputs = { ...attributes.inputs, deposits };
  let transactions = attributes.transactions;
  for (;;) {
    const block = emptyBlock(parent, attributes, transactions);
    const payload = payloadOf(block, inputs, {
      parentStateRoot: parent.block.meta.stateRoot,
      ancestorHash: parent.ancestorHash,
    });
    const { outcome } = executor.execute(payload);
    if (outcome.status === "EXECUTED") {
      const built = computedBlockOf(block, outcome.computed);
      const computed = computedOf(block, outcome.computed);
      // Exactly these: whoever executes the block again has to come to the same cursor.
      const consumed = deposits.walked.slice(0, computed.depositsConsumed);
      return {
        payload: { blockHash: computed.blockHash, block: built, inputs: { ...inputs, deposits: consumed } },
        computed,
      };
    }
    const { transactionIndex: refused, reason } = outcome.rejection;
    if (refused === undefined) {
      throw new EngineError(ENGINE_ERROR.invalidPayloadAttributes, `no block can be made of these inputs: ${reason}`);
    }
    transactions = transactions.filter((_, index) => index !== refused);
  }
}

function emptyBlock(
  { hash, block: parent, gasLimit }: BuildParent,
  attributes: PayloadAttributes,
  transactions: MinorBlock["transactions"],
): MinorBlock {
  const { timestamp, suggestedFeeRecipient, prevRootBlockHash, difficulty, xshardGasLimit } = attributes;
  return {
    header: {
      version: parent.header.version,
      branch: parent.header.branch,
      height: parent.header.height + 1,
      coinbaseAddress: suggestedFeeRecipient,
      coinbaseAmounts: new Map(),
      prevMinorBlockHash: hash,
      prevRootBlockHash,
      gasLimit,
      metaHash: ZERO_HASH,
      createTime: timestamp,
      difficulty,
      nonce: 0n,
      bloom: new Uint8Array(256),
      extraData: EMPTY_BYTES,
      mixhash: ZERO_HASH,
    },
    meta: {
      merkleRoot: merkleRoot(transactions.map((transaction) => transaction.hash)),
      stateRoot: ZERO_HASH,
      receiptRoot: ZERO_HASH,
      gasUsed: 0n,
      xshardReceiveGasUsed: 0n,
      xshardCursor: parent.meta.xshardCursor,
      xshardGasLimit,
    },
    transactions,
    trackingData: EMPTY_BYTES,
  };
}

/** Throws EngineError for attributes that no block on this parent can have. */
export function checkAttributes({ block: parent }: BuildParent, attributes: PayloadAttributes): void {
  if (attributes.timestamp <= parent.header.createTime) {
    throw new EngineError(
      ENGINE_ERROR.invalidPayloadAttributes,
      `the timestamp ${attributes.timestamp} is not behind the head's, ${parent.header.createTime}`,
    );
  }
  if (bytesEqual(attributes.prevRootBlockHash, ZERO_HASH)) {
    throw new EngineError(ENGINE_ERROR.invalidPayloadAttributes, "prevRootBlockHash names no root block");
  }
}
