import { randomBytes } from "node:crypto";
import { toHex } from "../../codec/bytes.ts";
import { dataToJson } from "../../engine/api/json-fields.ts";
import { ENGINE_ERROR, EngineError } from "../../engine/engine-error.ts";
import type { HeadPool } from "../mempool/head-pool.ts";

/** Nobody asked for so long: the filter is forgotten, as in geth. */
const LIFETIME_MS = 5 * 60 * 1000;
const MOST_FILTERS = 1000;

interface Filter {
  nextArrival: number;
  lastAsked: number;
}

/** Filters that tell of transactions new in the pool since they were asked last. */
export class PendingFilters {
  readonly #pool: HeadPool;
  readonly #filters = new Map<string, Filter>();

  constructor(pool: HeadPool) {
    this.#pool = pool;
  }

  create(): string {
    this.#dropForgotten();
    if (this.#filters.size >= MOST_FILTERS)
      throw new EngineError(ENGINE_ERROR.server, `there are ${MOST_FILTERS} filters already`);
    const id = `0x${toHex(randomBytes(16)).replace(/^0+/, "")}`;
    this.#filters.set(id, { nextArrival: this.#pool.arrivals, lastAsked: Date.now() });
    return id;
  }

  /** Hashes, in the order of arrival. Throws EngineError for a filter that does not exist. */
  changes(id: string): string[] {
    const filter = this.#filters.get(id);
    if (filter === undefined) throw new EngineError(ENGINE_ERROR.server, "filter not found");
    const { nextArrival } = filter;
    filter.nextArrival = this.#pool.arrivals;
    filter.lastAsked = Date.now();
    return this.#pool
      .all()
      .filter(({ arrival }) => arrival >= nextArrival)
      .map(({ typed }) => dataToJson(typed.hash));
  }

  uninstall(id: string): boolean {
    return this.#filters.delete(id);
  }

  #dropForgotten(): void {
    const oldest = Date.now() - LIFETIME_MS;
    for (const [id, { lastAsked }] of this.#filters) if (lastAsked < oldest) this.#filters.delete(id);
  }
}
