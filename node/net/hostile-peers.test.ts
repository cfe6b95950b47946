import { expect, it } from "vitest";
import { settle } from "../codec/virtual-clock.testkit.ts";
import { PEER_COMMAND, PEER_OPERATIONS, PEER_RPC } from "../wire/peer-ops.ts";
import { randomOf } from "../wire/random.testkit.ts";
import { recordedFrames } from "../wire/recorded-frames.testkit.ts";
import { masterRig, OTHER_SHARD, SHARD } from "./cluster-links.testkit.ts";
import { Handlers } from "./handlers.ts";
import type { MasterLink } from "./master-link.ts";
import type { VirtualConnection } from "./virtual-connection.ts";

const RECORDED = recordedFrames().filter(({ frame: { op } }) => PEER_OPERATIONS.has(op));
const PEERS = [1n, 2n ** 63n, 2n ** 64n - 1n];

it("whatever peers send, the master's link stays, and so do the peers that sent nothing wrong", async () => {
  const seed = Number(process.env.NET_SEED ?? Date.now() % 2 ** 31);
  console.info(`hostile peers: NET_SEED=${seed}`);
  const random = randomOf(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const { links, master, lines } = await masterRig(new Handlers<MasterLink>(), { pieceBytes: 1 + below(2000) });
  for (const shard of [SHARD, OTHER_SHARD]) links.peers.addShard(shard, shardHandlers(random));
  const honest = 77n;
  links.peers.create(honest);
  for (let round = 0; round < 60; round++) {
    for (const peer of PEERS) {
      links.peers.create(peer);
      for (const connection of [SHARD, OTHER_SHARD].map((shard) => links.peers.find(shard, peer))) {
        connection?.request(PEER_RPC.getMinorBlockList, { hashes: [] }).catch(() => {});
      }
    }
    for (let n = 0; n < 20; n++) {
      const { frame } = RECORDED[below(RECORDED.length)];
      const payload = Uint8Array.from(
        frame.payload.subarray(0, below(3) === 0 ? below(frame.payload.length) : undefined),
      );
      for (let flips = below(4); flips > 0 && payload.length > 0; flips--)
        payload[below(payload.length)] ^= 1 << below(8);
      master.frame({
        op: below(4) === 0 ? below(256) : frame.op,
        rpcId: below(2) === 0 ? BigInt(below(5)) : frame.rpcId,
        payload,
        branch: below(2) === 0 ? SHARD : OTHER_SHARD,
        clusterPeerId: PEERS[below(PEERS.length)],
      });
    }
    await settle();
    expect(master.isClosed, `NET_SEED=${seed}, round ${round}: ${lines.at(-1)}`).toBe(false);
  }
  expect(lines.filter((line) => line.startsWith("warn peer")).length).toBeGreaterThan(50);
  expect([SHARD, OTHER_SHARD].map((shard) => links.peers.find(shard, honest)?.isOpen)).toEqual([true, true]);
  expect(lines.filter((line) => line.includes(`peer ${honest} `))).toEqual([]);
}, 120_000);

/** Now and then they throw, at once or later. */
function shardHandlers(random: () => number): Handlers<VirtualConnection> {
  const work = async <T>(answer: T): Promise<T> => {
    if (random() < 0.1) throw new Error("a defect of the shard");
    await new Promise((resolve) => setImmediate(resolve));
    if (random() < 0.1) throw new Error("a late defect of the shard");
    return answer;
  };
  return new Handlers<VirtualConnection>()
    .take(PEER_COMMAND.newTransactionList, () => work(undefined))
    .take(PEER_COMMAND.newBlockMinor, () => work(undefined))
    .take(PEER_COMMAND.newMinorBlockHeaderList, () => work(undefined))
    .answer(PEER_RPC.getMinorBlockList, () => work({ blocks: [] }));
}
