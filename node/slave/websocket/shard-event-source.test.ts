import { expect, test } from "vitest";
import type { TypedTransaction } from "../../chain/typed-transaction.ts";
import {
  newTransactionOf,
  readPoolVectors,
  type TemplateCase,
} from "../../execution-node/mempool/pool-vectors.testkit.ts";
import type { HeadMove } from "../../shard/chain-types.ts";
import type { SyncState } from "../../sync/synchronizer.ts";
import { ShardEventSource } from "./shard-event-source.ts";
import type { ShardEvent } from "./shard-events.ts";

const [{ pooled }] = readPoolVectors<TemplateCase[]>("templates");
const { typed, transaction } = newTransactionOf(pooled[0]);

function newSource() {
  const events: ShardEvent[] = [];
  const listeners: {
    move?: (move: HeadMove) => void;
    accepted?: (typed: TypedTransaction) => void;
    state?: (state: SyncState) => void;
  } = {};
  // Nothing of the chain is looked at for what nobody hears.
  const shard = {
    pool: { onAccepted: (listener: (typed: TypedTransaction) => void) => (listeners.accepted = listener) },
  };
  const source = new ShardEventSource({
    shard: shard as never,
    outlets: { onMove: (listener) => (listeners.move = listener) },
    synchronizer: {
      onState: (listener) => {
        listeners.state = listener;
        return () => {};
      },
    },
    emit: (event) => events.push(event),
  });
  return { source, events, listeners };
}

const MOVE = { from: undefined, to: { height: 1 }, leaving: [], joining: [{ height: 1 }] } as unknown as HeadMove;

test("nothing is made while nobody listens", () => {
  const { source, events, listeners } = newSource();
  listeners.move?.(MOVE);
  listeners.accepted?.(typed);
  listeners.state?.({ isSyncing: false });
  source.received([]);
  expect(events).toEqual([]);
});

test("what happens is told while somebody listens", () => {
  const { source, events, listeners } = newSource();
  source.hear(true);
  listeners.accepted?.(typed);
  listeners.state?.({ isSyncing: true, currentBlock: 3, highestBlock: 9 });
  listeners.state?.({ isSyncing: false });
  source.hear(false);
  listeners.accepted?.(typed);
  const { hash } = typed;
  const { fromFullShardKey } = transaction;
  expect(events).toEqual([
    { kind: "newPendingTransactions", transactions: [{ hash, fromFullShardKey }] },
    { kind: "syncing", status: { current: 3, highest: 9 } },
    { kind: "syncing", status: undefined },
  ]);
});
