import type { CrossShardDeposit } from "../../chain/deposit.ts";
import type { TransactionPool } from "../../execution-node/mempool/transaction-pool.ts";
import type { HeadMove } from "../../shard/chain-types.ts";
import type { Synchronizer } from "../../sync/synchronizer.ts";
import type { ShardView } from "../tip-ground.ts";
import { depositsEvent, headMoveEvents, pendingEvent, type ShardEvent } from "./shard-events.ts";

export interface ShardEventSourceParts {
  readonly shard: ShardView & { readonly pool: Pick<TransactionPool, "onAccepted"> };
  readonly outlets: { onMove(listener: (move: HeadMove) => void): void };
  readonly synchronizer: Pick<Synchronizer, "onState">;
  readonly emit: (event: ShardEvent) => void;
}

/** What a live shard does, as events, while anybody listens. */
export class ShardEventSource {
  readonly #emit: (event: ShardEvent) => void;
  #isHeard = false;

  constructor({ shard, outlets, synchronizer, emit }: ShardEventSourceParts) {
    this.#emit = emit;
    outlets.onMove((move) => this.#tell(() => headMoveEvents(shard, move)));
    shard.pool.onAccepted((transaction) => this.#tell(() => [pendingEvent([transaction])]));
    synchronizer.onState((state) =>
      this.#tell(() => {
        const status = state.isSyncing ? { current: state.currentBlock, highest: state.highestBlock } : undefined;
        return [{ kind: "syncing", status }];
      }),
    );
  }

  /** Whether anybody listens from now on. */
  hear(isHeard: boolean): void {
    this.#isHeard = isHeard;
  }

  /** A list of deposits was stored. */
  received(deposits: readonly CrossShardDeposit[]): void {
    this.#tell(() => [depositsEvent(deposits)]);
  }

  /** Nothing is made that nobody hears. */
  #tell(eventsOf: () => readonly ShardEvent[]): void {
    if (this.#isHeard) for (const event of eventsOf()) this.#emit(event);
  }
}
