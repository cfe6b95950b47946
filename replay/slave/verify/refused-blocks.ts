import { join } from "node:path";
import { decodeMinorBlock } from "../../../node/chain/minor-block.ts";
import { asHash32, bytesKey, toHex } from "../../../node/codec/bytes.ts";
import { reasonOf } from "../../../node/codec/errors.ts";
import { RecentMap } from "../../../node/codec/recent-map.ts";
import type { Log } from "../../../node/net/link.ts";
import type { RefusedBlock } from "../../../node/slave/shard-api.ts";
import { divergenceId } from "../../report/divergence-id.ts";
import type { Look, LookRequest } from "./look-at-refused.ts";

/** Peers may send wrong blocks as fast as they like. */
const MOST_WAITING = 8;
const MOST_REPORTS = 100;
/** A peer sends a block again, and another one does. */
const MOST_REMEMBERED = 4096;

export interface RefusedBlocksParts extends Omit<LookRequest, "fullShardId" | "refused" | "folder"> {
  /** Reports go here, a folder for each block. */
  readonly folder: string;
  readonly log: Log;
  /** Looks at a block, wherever that is done. */
  readonly look: (request: LookRequest) => Promise<Look>;
}

/** The blocks that a slave refuses for what they declare: each is looked at once, one at a time. */
export class RefusedBlocks {
  readonly #parts: RefusedBlocksParts;
  readonly #seen = new RecentMap<string, true>(MOST_REMEMBERED);
  #waiting = 0;
  #reports = 0;
  #looking: Promise<void> = Promise.resolve();

  constructor(parts: RefusedBlocksParts) {
    this.#parts = parts;
  }

  /** Resolves when nothing is looked at any more. */
  get idle(): Promise<void> {
    return this.#looking;
  }

  refused(fullShardId: number, refused: RefusedBlock): void {
    const key = bytesKey(refused.hash);
    if (this.#seen.has(key)) return;
    this.#seen.set(key, true);
    if (this.#reports >= MOST_REPORTS || this.#waiting >= MOST_WAITING) {
      this.#parts.log("warn", `${textOf(fullShardId, refused)}; it is not looked at: too many are`);
      return;
    }
    this.#waiting++;
    this.#looking = this.#looking.then(async () => {
      await this.#lookAt(fullShardId, refused);
      this.#waiting--;
    });
  }

  async #lookAt(fullShardId: number, refused: RefusedBlock): Promise<void> {
    const { log, look, folder: reports, cluster, configPath, datadir, base } = this.#parts;
    const what = textOf(fullShardId, refused);
    const { height } = decodeMinorBlock(refused.encoded).header;
    const folder = join(reports, divergenceId({ fullShardId, height, hash: toHex(asHash32(refused.hash)) }));
    try {
      const found = await look({ cluster, configPath, datadir, base, fullShardId, refused, folder });
      if (found.kind === "differs") {
        this.#reports++;
        log("warn", `${what}; class ${found.class ?? "unknown"}, ${found.explanation}; report: ${found.path}`);
      } else if (found.kind === "agrees") log("info", `${what}; its execution comes to what it declares`);
      else log("warn", `${what}; a closer look at it failed: ${found.reason}`);
    } catch (error) {
      log("warn", `${what}; a closer look at it failed: ${reasonOf(error)}`);
    }
  }
}

function textOf(fullShardId: number, { hash, encoded, differences, violations }: RefusedBlock): string {
  const { height } = decodeMinorBlock(encoded).header;
  const fields = differences.map(({ field, declared, computed }) => `${field} ${declared}, computed ${computed}`);
  const why = [...fields, ...violations.map(({ message }) => message)].join("; ");
  return `block ${height} of shard ${fullShardId}, ${toHex(asHash32(hash))}, is refused: ${why}`;
}
