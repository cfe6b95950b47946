import { decodeEvmTransaction } from "../chain/evm-transaction.ts";
import { merkleRoot } from "../chain/merkle-root.ts";
import type { MinorBlock } from "../chain/minor-block.ts";
import { recoverSender } from "../chain/sender.ts";
import type { TypedTransaction } from "../chain/typed-transaction.ts";
import { bytesEqual, EMPTY_BYTES, type Hash32, ZERO_HASH } from "../codec/bytes.ts";
import { CodecError } from "../codec/errors.ts";
import { ExecutionAbortedError } from "../el/evm/abort.ts";
import { KeptDeposits } from "../el/kept-deposits.ts";
import { payloadOf } from "../el/payload.ts";
import { type Candidate, type Filling, FixedOrder, type TransactionSource } from "../el/transactions/fill-block.ts";
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

/** Which transactions to try, and the least price of one in the default token of the chain. */
export interface BlockOrder<T extends Candidate> {
  readonly source: TransactionSource<T>;
  readonly leastGasPrice: bigint;
}

/** A block with what became of the transactions that were tried. */
export interface FilledBlock<T extends Candidate> extends BuiltPayload, Filling<T> {}

/**
 * Makes a block: executed, with everything that it declares filled in, not sealed (pyquarkchain shard_state.py
 * create_block_to_mine). Transactions that are not valid where they stand are left out.
 */
export function buildBlock(executor: BlockExecutor, parent: BuildParent, attributes: PayloadAttributes): BuiltPayload {
  const { payload, computed } = fillBlock(executor, parent, attributes, {
    source: new FixedOrder(candidatesOf(attributes.transactions)),
    leastGasPrice: 0n,
  });
  return { payload, computed };
}

/**
 * The same with transactions from a source, whatever list the attributes have. The block is filled on one state and
 * then executed by itself, as whoever receives it will: a transaction that failed while it was filled left traces.
 */
export function fillBlock<T extends Candidate>(
  executor: BlockExecutor,
  parent: BuildParent,
  attributes: PayloadAttributes,
  { source, leastGasPrice }: BlockOrder<T>,
): FilledBlock<T> {
  const deposits = new KeptDeposits(attributes.inputs.deposits);
  const inputs = { ...attributes.inputs, deposits };
  const context = { parentStateRoot: parent.block.meta.stateRoot, ancestorHash: parent.ancestorHash };
  const empty = payloadOf(emptyBlock(parent, attributes, []), inputs, context);
  const filling = filled(() => executor.fill(empty, source, leastGasPrice));
  const refused = [...filling.refused];
  let taken = filling.taken;
  for (;;) {
    const block = emptyBlock(
      parent,
      attributes,
      taken.map(({ typed }) => typed),
    );
    const { outcome } = executor.execute(payloadOf(block, inputs, context));
    if (outcome.status === "EXECUTED") {
      const built = computedBlockOf(block, outcome.computed);
      const computed = computedOf(block, outcome.computed);
      // Exactly these: whoever executes the block again has to come to the same cursor.
      const consumed = deposits.walked.slice(0, computed.depositsConsumed);
      return {
        payload: { blockHash: computed.blockHash, block: built, inputs: { ...inputs, deposits: consumed } },
        computed,
        taken,
        refused,
      };
    }
    const { transactionIndex, reason } = outcome.rejection;
    if (transactionIndex === undefined) throw impossible(reason);
    // It was valid only with what a failed one had left behind.
    refused.push(taken[transactionIndex]);
    taken = taken.filter((_, index) => index !== transactionIndex);
  }
}

function filled<T>(fill: () => T): T {
  try {
    return fill();
  } catch (error) {
    if (error instanceof ExecutionAbortedError) throw impossible(error.message);
    throw error;
  }
}

function impossible(reason: string): EngineError {
  return new EngineError(ENGINE_ERROR.invalidPayloadAttributes, `no block can be made of these inputs: ${reason}`);
}

/** Those that nobody can have signed, or that are no transactions, are left out. */
function* candidatesOf(transactions: readonly TypedTransaction[]): Generator<Candidate> {
  for (const typed of transactions) {
    const candidate = candidateOf(typed);
    if (candidate !== undefined) yield candidate;
  }
}

function candidateOf(typed: TypedTransaction): Candidate | undefined {
  try {
    const transaction = decodeEvmTransaction(typed.rlp);
    const sender = recoverSender(transaction);
    return sender === undefined ? undefined : { typed, transaction, sender };
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
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
