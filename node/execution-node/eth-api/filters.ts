import { randomBytes } from "node:crypto";
import { type Hash32, toHex } from "../../codec/bytes.ts";
import { dataToJson } from "../../engine/api/json-fields.ts";
import { ENGINE_ERROR, EngineError } from "../../engine/engine-error.ts";
import type { Caller } from "../../engine/json-rpc/caller.ts";
import type { ChainView, PlacedBlock } from "../chain-view.ts";
import type { HeadPool } from "../mempool/head-pool.ts";
import { findLogs, isInRange, type LogFilter, logsIn } from "./logs.ts";

/** Nobody asked for so long: the filter is forgotten, as in geth. */
const LIFETIME_MS = 5 * 60 * 1000;
const MOST_FILTERS = 1000;
const MOST_BLOCKS = 10_000;

interface Filter {
  lastAsked: number;
  /** What is new since it was asked last. */
  changes(caller: Caller): unknown[] | Promise<unknown[]>;
  /** Of a filter of logs. */
  readonly logs?: LogFilter;
}

/** Filters that tell what is new since they were asked last: transactions in the pool, blocks, logs. */
export class Filters {
  readonly #chain: ChainView;
  readonly #pool: HeadPool;
  readonly #filters = new Map<string, Filter>();

  constructor(chain: ChainView, pool: HeadPool) {
    this.#chain = chain;
    this.#pool = pool;
  }

  /** Of pending transactions: their hashes, in the order of arrival. */
  createPending(): string {
    const pool = this.#pool;
    let nextArrival = pool.arrivals;
    return this.#add(() => {
      const from = nextArrival;
      nextArrival = pool.arrivals;
      return pool
        .all()
        .filter(({ arrival }) => arrival >= from)
        .map(({ typed }) => dataToJson(typed.hash));
    });
  }

  /** Of canonical blocks: their hashes, by height. */
  createBlock(): string {
    let seen = this.#chain.get();
    return this.#add(() => {
      const { added, head } = this.#since(seen);
      seen = head;
      return added.map(({ hash }) => dataToJson(hash));
    });
  }

  /** Of logs: those of blocks that left the canonical chain come first and are marked as removed, as in geth. */
  createLogs(filter: LogFilter): string {
    if (filter.blockHash !== undefined) {
      throw new EngineError(ENGINE_ERROR.invalidParams, "a filter of one block has no changes: use eth_getLogs");
    }
    let seen = this.#chain.get();
    const changes = async (caller: Caller) => {
      const before = seen;
      const { removed, added, head } = this.#since(before);
      seen = head;
      const wanted = (blocks: readonly PlacedBlock[]) =>
        blocks.filter((block) => isInRange(this.#chain, filter, block));
      try {
        const gone = await logsIn(this.#chain, filter, wanted(removed), caller);
        const come = await logsIn(this.#chain, filter, wanted(added), caller);
        return [...gone.map((log) => ({ ...log, removed: true })), ...come];
      } catch (error) {
        // What was not told is told the next time.
        if (seen === head) seen = before;
        throw error;
      }
    };
    return this.#add(changes, filter);
  }

  /** Throws EngineError for a filter that does not exist. */
  changes(id: string, caller: Caller): unknown[] | Promise<unknown[]> {
    return this.#get(id).changes(caller);
  }

  /** All logs that a filter of logs is about. Throws EngineError for another filter, or none. */
  logs(id: string, caller: Caller): Promise<unknown[]> {
    const { logs } = this.#get(id);
    if (logs === undefined) throw notFound();
    return findLogs(this.#chain, logs, caller);
  }

  uninstall(id: string): boolean {
    return this.#filters.delete(id);
  }

  #add(changes: Filter["changes"], logs?: LogFilter): string {
    this.#dropForgotten();
    if (this.#filters.size >= MOST_FILTERS)
      throw new EngineError(ENGINE_ERROR.server, `there are ${MOST_FILTERS} filters already`);
    const id = `0x${toHex(randomBytes(16)).replace(/^0+/, "")}`;
    this.#filters.set(id, { changes, logs, lastAsked: Date.now() });
    return id;
  }

  #get(id: string): Filter {
    const filter = this.#filters.get(id);
    if (filter === undefined) throw notFound();
    filter.lastAsked = Date.now();
    return filter;
  }

  #dropForgotten(): void {
    const oldest = Date.now() - LIFETIME_MS;
    for (const [id, { lastAsked }] of this.#filters) if (lastAsked < oldest) this.#filters.delete(id);
  }

  /** Blocks that left the canonical chain since a block was its head, the highest first, and those that came. */
  #since(seen: PlacedBlock): {
    readonly removed: readonly PlacedBlock[];
    readonly added: readonly PlacedBlock[];
    readonly head: PlacedBlock;
  } {
    const { store } = this.#chain.node;
    const head = this.#chain.get();
    const removed: PlacedBlock[] = [];
    let at = seen;
    for (; !store.isCanonical(at.hash, at.block.header.height); at = this.#parent(at.block.header.prevMinorBlockHash)) {
      removed.push(at);
    }
    const from = at.block.header.height + 1;
    const count = head.block.header.height - from + 1;
    if (count > MOST_BLOCKS) {
      throw new EngineError(
        ENGINE_ERROR.server,
        `${count} blocks came since, at most ${MOST_BLOCKS} are told: make a new filter`,
      );
    }
    const added = Array.from({ length: Math.max(0, count) }, (_, i) => this.#chain.get({ number: from + i }));
    return { removed, added, head };
  }

  #parent(hash: Hash32): PlacedBlock {
    return this.#chain.get({ hash });
  }
}

function notFound(): EngineError {
  return new EngineError(ENGINE_ERROR.server, "filter not found");
}
