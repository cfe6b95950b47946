import { minorHeaderHash } from "../../chain/minor-block.ts";
import { type Hash32, toHex } from "../../codec/bytes.ts";
import { DatabaseDamagedError } from "../../codec/errors.ts";
import { payloadOf } from "../../el/payload.ts";
import { compareDeclared } from "../../engine/compare-block.ts";
import { BlockExecutor } from "../../execution-node/payload-executor.ts";
import type { RequestOf } from "./read-messages.ts";
import type { ReadView } from "./read-view.ts";

/** Nobody checks the same block twice. */
const NO_CACHE = 0;

/**
 * Executes a stored block again and keeps nothing of it (pyquarkchain shard.py check_minor_block_by_header). A genesis block
 * only has to be there. Throws where anything is not as the block says; its seal is what it was when the block was added, as
 * its hash is.
 */
export function checkMinorBlock(view: ReadView, { header }: RequestOf<"checkMinorBlock">): void {
  const hash = minorHeaderHash(header);
  const { chain } = view.shard;
  const block = view.findBlock(hash);
  if (block === undefined) throw damaged(view, hash, "is not stored");
  if (block.header.height === 0) return;
  const { violations, payload, cl } = chain.prepare(hash, block);
  if (violations.length > 0) throw damaged(view, hash, violations.map(({ message }) => message).join("; "));
  const parent = block.header.prevMinorBlockHash;
  const { outcome } = new BlockExecutor(view.shard.node.execution, view.shard.node.store.nodes, NO_CACHE).execute(
    payloadOf(block, payload.inputs, {
      parentStateRoot: view.stateRootAfter(parent),
      ancestorHash: cl.chain.ancestorsFrom(parent),
    }),
  );
  if (outcome.status === "INVALID") throw damaged(view, hash, outcome.rejection.reason);
  const [difference] = compareDeclared(block, outcome.computed);
  if (difference === undefined) return;
  const { field, declared, computed } = difference;
  throw damaged(view, hash, `declares ${field} ${declared}, and executes to ${computed}`);
}

function damaged({ shard: { chain } }: ReadView, hash: Hash32, what: string): DatabaseDamagedError {
  return new DatabaseDamagedError(`block ${toHex(hash)} of shard ${chain.fullShardId}: ${what}`);
}
