import { asHash32, concatBytes, uint32ToBytes } from "../codec/bytes.ts";
import { type Clock, pause } from "../codec/clock.ts";
import { reasonOf } from "../codec/errors.ts";
import type { SlaveLinks } from "../net/slave-links.ts";
import { xshardBatches } from "../net/xshard-batches.ts";
import { CLUSTER_RPC } from "../wire/cluster-ops.ts";
import { decode } from "../wire/codec.ts";
import type { DepositsToDeliver, LogLevel } from "./shard-api.ts";
import type { SlaveShards } from "./slave-shards.ts";

/** Milliseconds until a list that one of our own shards did not take is offered again. */
const RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;

export interface ListDeliveryParts {
  readonly shards: SlaveShards;
  readonly slaves: Pick<SlaveLinks, "holdersOf" | "deliverBytes">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: (level: LogLevel, line: string) => void;
}

/**
 * Brings lists of deposits to whoever holds their destinations (slave.py broadcast_xshard_tx_list,
 * batch_broadcast_xshard_tx_list): to our own shards without the wire, to all replicas, until each has acknowledged (O1).
 */
export class ListDelivery {
  readonly #parts: ListDeliveryParts;

  constructor(parts: ListDeliveryParts) {
    this.#parts = parts;
  }

  async deliver(lists: readonly DepositsToDeliver[], how: "each" | "together"): Promise<void> {
    const byDestination = new Map<number, Uint8Array[]>();
    for (const list of lists) {
      const payloads = byDestination.get(list.destination) ?? [];
      byDestination.set(list.destination, payloads);
      payloads.push(payloadOf(list));
    }
    await Promise.all([...byDestination].map(([destination, payloads]) => this.#deliverTo(destination, payloads, how)));
  }

  async #deliverTo(destination: number, payloads: readonly Uint8Array[], how: "each" | "together"): Promise<void> {
    const { shards, slaves } = this.#parts;
    const { addXshardTxList, batchAddXshardTxList } = CLUSTER_RPC;
    const deliverTo = (id: string, message: Uint8Array) =>
      how === "each"
        ? slaves.deliverBytes(id, addXshardTxList, message, isAccepted)
        : slaves.deliverBytes(id, batchAddXshardTxList, message, isAccepted);
    const { op } = how === "each" ? addXshardTxList : batchAddXshardTxList;
    const messages = how === "each" ? payloads : xshardBatches(payloads);
    const holders = await this.#holdersOf(destination);
    for (const message of messages) {
      const answers: Promise<unknown>[] = holders.map((id) => deliverTo(id, message));
      if (shards.holds(destination)) answers.push(this.#deliverHere(destination, op, message));
      await Promise.all(answers);
    }
  }

  /**
   * The other slaves that hold a shard. A cluster has a slave for every shard, so that where none is known the master has not
   * told of it yet: a block that were reported meanwhile would be missed there for ever.
   */
  async #holdersOf(destination: number): Promise<readonly string[]> {
    const { shards, slaves, clock, signal, log } = this.#parts;
    for (let wait = RETRY_MS; ; wait = Math.min(2 * wait, LONGEST_RETRY_MS)) {
      const holders = slaves.holdersOf(destination);
      if (holders.length > 0 || shards.holds(destination)) return holders;
      signal.throwIfAborted();
      log("warn", `no slave is known that has shard ${destination}, its lists wait ${wait} ms`);
      await pause(clock, wait, signal);
    }
  }

  async #deliverHere(destination: number, op: number, message: Uint8Array): Promise<void> {
    const { shards, clock, signal, log } = this.#parts;
    for (let wait = RETRY_MS; ; wait = Math.min(2 * wait, LONGEST_RETRY_MS)) {
      signal.throwIfAborted();
      try {
        const answer = await shards.findBorn(destination)?.receive(op, message);
        if (answer !== undefined && isSuccess(answer)) return;
        if (answer !== undefined) log("warn", `shard ${destination} does not take a list, offered again in ${wait} ms`);
      } catch (error) {
        log("warn", `shard ${destination} does not take a list, offered again in ${wait} ms: ${reasonOf(error)}`);
      }
      await pause(clock, wait, signal);
    }
  }
}

function isSuccess(answer: Uint8Array): boolean {
  return isAccepted(decode(CLUSTER_RPC.addXshardTxList.response, answer, "answer of a shard"));
}

function isAccepted({ errorCode }: { readonly errorCode: number }): boolean {
  return errorCode === 0;
}

function payloadOf({ destination, sourceMinorHash, encoded }: DepositsToDeliver): Uint8Array {
  return concatBytes(uint32ToBytes(destination), asHash32(sourceMinorHash), encoded);
}
