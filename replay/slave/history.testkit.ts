import { type MinorBlock, minorHeaderHash } from "../../node/chain/minor-block.ts";
import type { RootBlock } from "../../node/chain/root-block.ts";
import { toHex, ZERO_HASH } from "../../node/codec/bytes.ts";
import { CLUSTER_RPC } from "../../node/wire/cluster-ops.ts";
import { openDatabase } from "../database/open-database.ts";
import { namedShard } from "../database/shard-heights.ts";
import type { ModelSlave } from "./model-cluster.testkit.ts";

/** A root block of a client's own chain with the blocks that it confirms. */
export interface Step {
  readonly root: RootBlock;
  readonly blocks: readonly MinorBlock[];
}

/** The root chain of a database with the blocks that it confirms, ascending; genesis blocks belong to the first one. */
export function historyOf(db: string, configPath?: string, shards?: readonly number[]) {
  const database = openDatabase({ db, configPath, rootTip: undefined, verifyChecksums: "default" });
  const { source, config: cluster } = database;
  try {
    const roots: RootBlock[] = [];
    for (let hash = database.rootTip; ; hash = roots[0].header.prevBlockHash) {
      roots.unshift(source.rootBlocks().rootBlock(hash));
      if (roots[0].header.height === 0) break;
    }
    const steps = roots.map((root): Step => {
      const own = root.minorHeaders.filter(({ branch }) => shards?.includes(branch) !== false);
      return {
        root,
        blocks: own.map((header) => namedShard(source, header.branch).minorBlock(minorHeaderHash(header))),
      };
    });
    return { steps, cluster };
  } finally {
    source.close();
  }
}

/** The last block of each shard. */
export function headsOf(steps: readonly Step[], shards?: readonly number[]): Record<number, string> {
  const heads: Record<number, string> = {};
  for (const { header } of steps.flatMap(({ blocks }) => blocks)) {
    if (shards?.includes(header.branch) !== false) heads[header.branch] = toHex(minorHeaderHash(header));
  }
  return heads;
}

/** The hash of a shard's head, asked for by height, upwards from one that is there until there is none. */
export async function newestHash(master: ModelSlave["master"], branch: number, from = 0): Promise<string> {
  const at = (height: bigint) =>
    master.ask(CLUSTER_RPC.getMinorBlock, { branch, hash: ZERO_HASH, height, needExtraInfo: false });
  let found = await at(BigInt(from));
  for (let height = BigInt(from) + 1n; ; height++) {
    const next = await at(height);
    if (next.errorCode !== 0) return toHex(minorHeaderHash(found.block.header));
    found = next;
  }
}
