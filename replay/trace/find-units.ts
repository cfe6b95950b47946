import { bytesEqual, type Hash32, toHex } from "../../node/codec/bytes.ts";
import { UsageError } from "../../node/codec/errors.ts";
import type { ExecutionUnit } from "../../node/el/evm/tracer.ts";
import { clientRows } from "../database/client-rows.ts";
import { findMinorBlock, hint } from "../database/find-block.ts";
import type { Inspected } from "../database/inspected.ts";
import type { OpenDatabase } from "../database/open-database.ts";
import { foreignId, mayBeIn, minorReference, transactionReference } from "../database/reference.ts";
import type { TrialPlace } from "../triage/open-trial.ts";

/** A block, and which of its units are meant. */
export interface FoundUnits {
  readonly place: TrialPlace;
  /** All of the block's. */
  readonly isBlock: boolean;
  readonly isChosen: (unit: ExecutionUnit) => boolean;
}

/** All units of a block that a user names. Throws UsageError where there is none. */
export function unitsOfBlock(database: OpenDatabase, reference: string): FoundUnits {
  const { shard, hash } = findMinorBlock(inspectedOf(database), minorReference(reference));
  return { place: { fullShardId: shard.fullShardId, hash }, isBlock: true, isChosen: () => true };
}

/**
 * A transaction by its hash, or with `fullShardId` what it does in that shard: a cross-shard transaction is a
 * transaction where it was sent and a deposit where it went. Throws UsageError where the index does not know it.
 */
export function unitOfTransaction(
  database: OpenDatabase,
  reference: string,
  fullShardId: number | undefined,
): FoundUnits {
  const inspected = inspectedOf(database);
  const named = transactionReference(reference);
  if (named.kind !== "hash") throw new UsageError(`--tx "${reference}": expected a transaction's hash or id`);
  const { hash } = named;
  const isChosen = (unit: ExecutionUnit) => unit.hash !== undefined && bytesEqual(unit.hash, hash);
  let asDeposit: TrialPlace | undefined;
  let elsewhere: number | undefined;
  for (const id of database.source.fullShardIds) {
    if (fullShardId !== undefined && id !== fullShardId) continue;
    const indexed = inspected.rows.transaction(id, hash);
    if (indexed === undefined) continue;
    if (!mayBeIn(named, id)) {
      elsewhere ??= id;
      continue;
    }
    const { block } = findMinorBlock(inspected, { kind: "hash", hash: indexed.blockHash });
    const place = { fullShardId: id, hash: indexed.blockHash };
    if (indexed.index < block.transactions.length) return { place, isBlock: false, isChosen };
    // Where it was sent comes first.
    asDeposit ??= place;
  }
  if (asDeposit !== undefined) return { place: asDeposit, isBlock: false, isChosen };
  if (elsewhere !== undefined) throw foreignId(named, elsewhere, "transaction");
  throw new UsageError(notFound(inspected, hash, fullShardId));
}

function notFound(inspected: Inspected, hash: Hash32, fullShardId: number | undefined): string {
  if (fullShardId !== undefined)
    return `shard ${fullShardId} has no transaction or deposit ${toHex(hash)} in its index`;
  return `no transaction ${toHex(hash)} in the index${hint(inspected, hash, "transaction")}`;
}

function inspectedOf({ source, config }: OpenDatabase): Inspected {
  return { source, rows: clientRows(source), config, tokens: [] };
}
