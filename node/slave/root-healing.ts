import { asHash32, toHex } from "../codec/bytes.ts";
import { type Clock, pause, within } from "../codec/clock.ts";
import { reasonOf } from "../codec/errors.ts";
import type { LogLevel, RootObjection, ShardApi } from "./shard-api.ts";
import type { SlaveShards } from "./slave-shards.ts";

/** So long a root block waits for what it lacks: peers and fellow slaves may be away for ever. */
const LONGEST_MS = 60_000;
/** A fellow slave may be fetching the block whose list it owes for the same root block: it is given that time. */
const FELLOW_MS = 2000;

export interface RootHealingParts {
  readonly shards: Pick<SlaveShards, "find">;
  readonly clock: Clock;
  /** When the slave ends. */
  readonly signal: AbortSignal;
  readonly log: (level: LogLevel, line: string) => void;
}

/** What one shard says against a root block. */
export interface ShardObjection {
  readonly shard: ShardApi;
  readonly objection: RootObjection;
}

/**
 * Gets what shards lack of a root block: pyquarkchain refuses it, or ends, and since its master has moved on by then it sends
 * the same root block at every start, to the same end (P18). Blocks come from peers, lists of deposits from the shards of this
 * slave that owe them: nothing in the protocol asks another slave for a list.
 */
export class RootHealing {
  readonly #parts: RootHealingParts;

  constructor(parts: RootHealingParts) {
    this.#parts = parts;
  }

  /** Whether anything was tried: the shards may take the root block then. Never rejects. */
  async heal(objections: readonly ShardObjection[]): Promise<boolean> {
    const attempts = [...this.#fetches(objections), ...this.#deliveries(objections)];
    if (attempts.length === 0) return false;
    await within(this.#parts.clock, LONGEST_MS, Promise.all(attempts.map((attempt) => this.#tried(attempt))));
    return true;
  }

  #fetches(objections: readonly ShardObjection[]): Promise<void>[] {
    return objections
      .filter(({ objection }) => objection.blocks.length > 0)
      .map(({ shard, objection }) => shard.fetch(objection.blocks));
  }

  #deliveries(objections: readonly ShardObjection[]): Promise<void>[] {
    const bySource = new Map<number, Map<string, Uint8Array>>();
    for (const { sourceFullShardId, sourceMinorHash } of objections.flatMap(({ objection }) => objection.lists)) {
      const hashes = bySource.get(sourceFullShardId) ?? new Map<string, Uint8Array>();
      bySource.set(sourceFullShardId, hashes.set(toHex(asHash32(sourceMinorHash)), sourceMinorHash));
    }
    const { shards, clock, signal } = this.#parts;
    return [...bySource].map(([source, hashes]) => {
      return shards.find(source)?.tellAgain([...hashes.values()]) ?? pause(clock, FELLOW_MS, signal);
    });
  }

  async #tried(attempt: Promise<void>): Promise<void> {
    try {
      await attempt;
    } catch (error) {
      this.#parts.log("warn", `a root block lacks what cannot be got: ${reasonOf(error)}`);
    }
  }
}
