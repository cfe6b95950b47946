import { beforeEach, expect, it } from "vitest";
import { encodeDepositList } from "../chain/deposit.ts";
import { asHash32 } from "../codec/bytes.ts";
import { VirtualClock } from "../codec/virtual-clock.testkit.ts";
import { LinkError } from "../net/link-error.ts";
import { CLUSTER_RPC } from "../wire/cluster-ops.ts";
import { decode, encode } from "../wire/codec.ts";
import { ListDelivery } from "./list-delivery.ts";
import type { ShardApi } from "./shard-api.ts";

const SOURCE = asHash32(new Uint8Array(32).fill(9));
const OURS = 1;
const FOREIGN = 0x10002;
const LATE = 0x20001;
const list = (destination: number) => ({ destination, sourceMinorHash: SOURCE, encoded: encodeDepositList([]) });

let clock: VirtualClock;
let sent: string[];
/** What our own shard answers next; undefined: it is not there yet. */
let answers: (number | undefined)[];
let stop: AbortController;
/** Slaves of whom the master has told that they have the late shard. */
let known: string[];
let delivery: ListDelivery;

beforeEach(() => {
  clock = new VirtualClock();
  sent = [];
  answers = [];
  known = [];
  stop = new AbortController();
  const shard = {
    async receive(op: number, payload: Uint8Array) {
      const errorCode = answers.shift() ?? 0;
      sent.push(`here ${op} ${lists(op, payload)} → ${errorCode}`);
      return encode(CLUSTER_RPC.addXshardTxList.response, { errorCode });
    },
  } as unknown as ShardApi;
  delivery = new ListDelivery({
    shards: {
      holds: (id: number) => id === OURS,
      findBorn: () => (answers[0] === undefined && answers.length > 0 ? answers.shift() : shard),
    } as never,
    slaves: {
      holdersOf: (id: number) => (id === LATE ? known : id === OURS ? ["S2"] : ["S1", "S2"]),
      deliverBytes: async (id: string, rpc: { readonly op: number }, payload: Uint8Array) => {
        sent.push(`${id} ${rpc.op} ${lists(rpc.op, payload)}`);
        return { errorCode: 0 };
      },
    } as never,
    clock,
    signal: stop.signal,
    log: () => {},
  });
});

function lists(op: number, payload: Uint8Array): number {
  if (op === CLUSTER_RPC.addXshardTxList.op) return 1;
  return decode(CLUSTER_RPC.batchAddXshardTxList.request, payload, "batch").lists.length;
}

it("every replica of a shard is told, fellows over the wire and our own without it", async () => {
  await delivery.deliver([list(OURS), list(FOREIGN)], "each");
  const { op } = CLUSTER_RPC.addXshardTxList;
  expect(sent.sort()).toEqual([`S1 ${op} 1`, `S2 ${op} 1`, `S2 ${op} 1`, `here ${op} 1 → 0`]);
});

it("a shard of which no slave is known yet is waited for", async () => {
  let isDone = false;
  const done = delivery.deliver([list(LATE)], "each").then(() => (isDone = true));
  await clock.advance(5000);
  expect([isDone, sent]).toEqual([false, []]);
  known = ["S3"];
  await clock.advance(10_000);
  await done;
  expect(sent).toEqual([`S3 ${CLUSTER_RPC.addXshardTxList.op} 1`]);
});

it("lists of many blocks go in one message a holder", async () => {
  await delivery.deliver([list(FOREIGN), list(FOREIGN), list(FOREIGN)], "together");
  const { op } = CLUSTER_RPC.batchAddXshardTxList;
  expect(sent).toEqual([`S1 ${op} 3`, `S2 ${op} 3`]);
});

it("our own shard is offered a list until it takes it: while it is not there, and when it refuses", async () => {
  answers = [undefined, 1, 0];
  let isDone = false;
  const done = delivery.deliver([list(OURS)], "each").then(() => (isDone = true));
  await clock.advance(200);
  expect(isDone).toBe(false);
  await clock.advance(1000);
  await done;
  expect(sent.filter((line) => line.startsWith("here"))).toHaveLength(2);
});

it("nothing is offered any more when the slave ends", async () => {
  answers = [1, 1, 1, 1];
  const ended = expect(delivery.deliver([list(OURS)], "each")).rejects.toThrow("the slave ends");
  stop.abort(new LinkError("closed", "the slave ends"));
  await clock.advance(1000);
  await ended;
});
