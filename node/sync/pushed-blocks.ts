import { maxStaleMinorBlockHeightDiff, shardConfigOf } from "../chain/config.ts";
import { type MinorBlock, minorHeaderHash } from "../chain/minor-block.ts";
import { bytesKey, type Hash32, toHex } from "../codec/bytes.ts";
import { QkcError } from "../codec/errors.ts";
import { isRootBehind } from "./root-behind.ts";
import { SeenBlocks } from "./seen-blocks.ts";
import type { SyncParts } from "./sync-parts.ts";
import type { SyncPeer } from "./sync-peer.ts";
import type { Synchronizer } from "./synchronizer.ts";

/** quarkchain/constants.py ALLOWED_FUTURE_BLOCKS_TIME_BROADCAST. */
const ALLOWED_SECONDS_AHEAD = 15;

export interface PushedBlocksParts extends SyncParts {
  readonly synchronizer: Synchronizer;
  /** To all peers of the shard but one. */
  readonly broadcast: (block: MinorBlock, except: SyncPeer | undefined) => void;
}

/** A pushed block that breaks a rule, or whose seal is refused: whoever pushed it has not looked at it. */
export class PushedBlockInvalidError extends QkcError {
  constructor(block: Hash32, height: number, why: string) {
    super("BLOCK_INVALID", `pushed block ${toHex(block)} of height ${height}: ${why}`);
  }
}

/**
 * Blocks as they are made, by peers and by this node's own miners: handed on to the other peers before they are executed
 * (shard.py handle_new_block).
 */
export class PushedBlocks {
  readonly #parts: PushedBlocksParts;
  readonly #oldest: number;
  readonly #seen: SeenBlocks;
  /** The end of each push that is being worked on, by the block's hash. */
  readonly #pushing = new Map<string, Promise<void>>();

  constructor(parts: PushedBlocksParts) {
    const { config, chain, clock } = parts;
    this.#parts = parts;
    this.#oldest = maxStaleMinorBlockHeightDiff(config.root, shardConfigOf(config, chain.fullShardId));
    this.#seen = new SeenBlocks(clock);
  }

  /**
   * Whether the block was added and is committed. False where it is not looked at: while the shard syncs, if it is known,
   * if nothing is known of what it stands on, if it is too far ahead or behind; and where its execution refuses it. Throws
   * PushedBlockInvalidError, which ends the connection to the peer it is `from`; undefined is this node itself.
   */
  async push(block: MinorBlock, from: SyncPeer | undefined): Promise<boolean> {
    const hash = minorHeaderHash(block.header);
    if (this.#seen.has(hash)) return false;
    const key = bytesKey(hash);
    const pushing = this.#pushOnParent(hash, block, from);
    const ended = pushing.then(noResult, noResult);
    this.#pushing.set(key, ended);
    try {
      return await pushing;
    } finally {
      if (this.#pushing.get(key) === ended) this.#pushing.delete(key);
    }
  }

  /** Blocks come faster than they are executed: a parent that came before is waited for. */
  async #pushOnParent(hash: Hash32, block: MinorBlock, from: SyncPeer | undefined): Promise<boolean> {
    const { chain, clock } = this.#parts;
    const { prevMinorBlockHash, height } = block.header;
    const parent = bytesKey(prevMinorBlockHash);
    while (this.#pushing.has(parent) && !chain.blocks.hasMinorBlock(prevMinorBlockHash))
      await this.#pushing.get(parent);
    if (this.#isIgnored(hash, block)) return false;
    const refusal = chain.refusalOf(block, { now: clock() });
    if (refusal === undefined) return await this.#seen.whileAdding(hash, () => this.#add(hash, block, from));
    if (refusal.reason !== "invalid") return false;
    throw new PushedBlockInvalidError(hash, height, refusal.verdict.violations.map(({ code }) => code).join(", "));
  }

  /** In pyquarkchain's order. */
  #isIgnored(hash: Hash32, { header }: MinorBlock): boolean {
    const { chain, roots, synchronizer, clock } = this.#parts;
    const { snapshot } = chain;
    return (
      snapshot === undefined ||
      synchronizer.isSyncing ||
      this.#seen.has(hash) ||
      chain.blocks.hasMinorBlock(hash) ||
      !chain.blocks.hasMinorBlock(header.prevMinorBlockHash) ||
      header.createTime > clock() + ALLOWED_SECONDS_AHEAD ||
      snapshot.head.height - header.height > this.#oldest ||
      isRootBehind(roots, snapshot, header)
    );
  }

  /** Nothing was waited for since the block was looked at, so that nobody else adds it meanwhile. */
  async #add(hash: Hash32, block: MinorBlock, from: SyncPeer | undefined): Promise<boolean> {
    const { intake, broadcast, seals, log } = this.#parts;
    const [badSeal] = await seals.violationsOf(block);
    if (badSeal !== undefined) throw new PushedBlockInvalidError(hash, block.header.height, badSeal.message);
    broadcast(block, from);
    const [outcome] = await intake.add([block], { refuseOld: true, telling: "each" });
    if (outcome.status !== "refused") return true;
    log("warn", `shard ${block.header.branch}: pushed block ${toHex(hash)} is refused: ${outcome.reason}`);
    return false;
  }
}

function noResult(): void {}
