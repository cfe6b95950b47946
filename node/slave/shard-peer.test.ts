import { expect, test } from "vitest";
import { ZERO_HASH } from "../codec/bytes.ts";
import type { Announcements } from "../sync/announcements.ts";
import { encode } from "../wire/codec.ts";
import { PEER_RPC } from "../wire/peer-ops.ts";
import type { SlaveApi } from "./shard-api.ts";
import { ShardPeer } from "./shard-peer.ts";

test("a peer has thirty seconds for an answer (constants.py SYNC_TIMEOUT)", async () => {
  const asked: number[][] = [];
  const slave: Partial<SlaveApi> = {
    askPeer: async (connection, op, _payload, timeoutMs) => {
      asked.push([connection, op, timeoutMs]);
      return encode(PEER_RPC.getMinorBlockList.response, { blocks: [] });
    },
  };
  const announcements = {} as Announcements;
  const peer = new ShardPeer({ connection: 3, peerId: 7n, branch: 1, announcements, slave: slave as SlaveApi });
  expect(await peer.blocks([ZERO_HASH])).toEqual([]);
  expect(asked).toEqual([[3, PEER_RPC.getMinorBlockList.op, 30_000]]);
});
