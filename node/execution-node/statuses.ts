import { type MinorBlock, minorHeaderHash, minorMetaHash } from "../chain/minor-block.ts";
import type { Hash32 } from "../codec/bytes.ts";
import type { ExecutionResult } from "../el/payload.ts";
import type { BlockRecord } from "../el/store/block-record.ts";
import type { ComputedBlock, FieldMismatch, PayloadStatus, ValidationError } from "../engine/engine-api.ts";

export function validStatus(hash: Hash32, computed: ComputedBlock | null): PayloadStatus {
  return { status: "VALID", latestValidHash: hash, validationError: null, computed };
}

/** The parent, or what lies between, is not known. */
export const SYNCING_STATUS: PayloadStatus = {
  status: "SYNCING",
  latestValidHash: null,
  validationError: null,
  computed: null,
};

export function invalidStatus(
  latestValidHash: Hash32 | null,
  validationError: ValidationError,
  computed: ComputedBlock | null = null,
): PayloadStatus {
  return { status: "INVALID", latestValidHash, validationError, computed };
}

export function mismatch(fields: readonly FieldMismatch[]): ValidationError {
  return { kind: "mismatch", fields };
}

/** The block with everything that execution decides as it was computed. */
export function computedBlockOf(block: MinorBlock, result: ExecutionResult): MinorBlock {
  const { stateRoot, receiptRoot, gasUsed, xshardReceiveGasUsed, xshardCursor, bloom, coinbaseAmounts } = result;
  const meta = { ...block.meta, stateRoot, receiptRoot, gasUsed, xshardReceiveGasUsed, xshardCursor };
  return { ...block, meta, header: { ...block.header, metaHash: minorMetaHash(meta), bloom, coinbaseAmounts } };
}

/** What execution came to, as the answer has it. */
export function computedOf(block: MinorBlock, result: ExecutionResult): ComputedBlock {
  const { header } = computedBlockOf(block, result);
  return {
    blockHash: minorHeaderHash(header),
    metaHash: header.metaHash,
    stateRoot: result.stateRoot,
    receiptRoot: result.receiptRoot,
    bloom: result.bloom,
    gasUsed: result.gasUsed,
    xshardReceiveGasUsed: result.xshardReceiveGasUsed,
    xshardCursor: result.xshardCursor,
    coinbaseAmounts: result.coinbaseAmounts,
    xshardSends: result.xshardSends,
    depositsConsumed: result.depositsConsumed,
  };
}

/** The same of a block that is stored: it declares what was computed. */
export function storedComputed(hash: Hash32, { header, meta }: MinorBlock, record: BlockRecord): ComputedBlock {
  return {
    blockHash: hash,
    metaHash: header.metaHash,
    stateRoot: meta.stateRoot,
    receiptRoot: meta.receiptRoot,
    bloom: header.bloom,
    gasUsed: meta.gasUsed,
    xshardReceiveGasUsed: meta.xshardReceiveGasUsed,
    xshardCursor: meta.xshardCursor,
    coinbaseAmounts: header.coinbaseAmounts,
    xshardSends: record.xshardSends,
    depositsConsumed: record.deposits.length,
  };
}
