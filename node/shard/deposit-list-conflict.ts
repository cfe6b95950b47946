import { type Hash32, toHex } from "../codec/bytes.ts";
import { QkcError } from "../codec/errors.ts";

/** A neighbour's block sends something else than before, which no two executions of one block do. */
export class DepositListConflictError extends QkcError {
  readonly sourceMinorHash: Hash32;

  constructor(fullShardId: number, sourceMinorHash: Hash32) {
    super(
      "ENGINE",
      `block ${toHex(sourceMinorHash)} sends shard ${fullShardId} something else than when it was executed before: ` +
        "its engine does not execute alike each time",
    );
    this.sourceMinorHash = sourceMinorHash;
  }
}
