import { writeSync } from "node:fs";
import { toHex, ZERO_HASH } from "../../node/codec/bytes.ts";
import { ExecutionNode, type Retention } from "../../node/execution-node/execution-node.ts";
import { SmallChain } from "./small-payloads.testkit.ts";

/**
 * `crash-child.testkit.js <folder> <full shard id> <disk|process> <states kept, 0 for all>`: feeds a data directory the
 * fixture's blocks and says on stdout what was acknowledged, one line each. Made to be killed at any moment.
 */
async function main([folder, shard, durability, states]: readonly string[]): Promise<void> {
  const chain = new SmallChain();
  const fullShardId = Number(shard);
  const retention: Retention = states === "0" ? "archive" : { states: Number(states), collectAfterRows: 20 };
  const node = await ExecutionNode.open({
    ...chain.options(folder, fullShardId),
    durability: durability === "disk" ? "disk" : "process",
    retention,
  });
  for (const { payload, exported } of chain.payloads(fullShardId)) {
    const { status } = await node.newPayload(payload);
    say(`${status} ${toHex(payload.blockHash)}`);
    // What was canonical before the kill stays so: no way back.
    if (!exported.canonical || exported.height <= (node.headBlock()?.block.header.height ?? -1)) continue;
    const state = { headBlockHash: payload.blockHash, safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH };
    const { payloadStatus } = await node.forkchoiceUpdated(state);
    say(`HEAD-${payloadStatus.status} ${toHex(payload.blockHash)}`);
  }
  await node.close();
  chain.close();
  say("DONE");
}

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

await main(process.argv.slice(2));
