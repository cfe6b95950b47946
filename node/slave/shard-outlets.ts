import { type MinorBlockHeader, minorHeaderHash } from "../chain/minor-block.ts";
import { bytesKey } from "../codec/bytes.ts";
import { QkcError } from "../codec/errors.ts";
import type { Intake } from "../shard/block-intake.ts";
import type { ExecutedBlock } from "../shard/block-judge.ts";
import type { OutgoingList, Outlets } from "../shard/block-pipeline.ts";
import type { ChainSnapshot, HeadMove } from "../shard/chain-types.ts";
import type { ShardChain } from "../shard/shard-chain.ts";
import type { ClStore } from "../shard/store/cl-store.ts";
import { CLUSTER_RPC } from "../wire/cluster-ops.ts";
import { decode, encode, type Value } from "../wire/codec.ts";
import type { Rpc } from "../wire/operation.ts";
import type { LogLevel, SlaveApi } from "./shard-api.ts";
import { type SeenHeights, type ShardStats, shardStats } from "./shard-stats.ts";

export type MinedTimes = Value<typeof CLUSTER_RPC.addMinorBlockHeader.response>["artificialTxConfig"];

export interface ShardOutletsParts {
  readonly slave: SlaveApi;
  readonly chain: ShardChain;
  readonly store: ClStore;
  readonly seen: SeenHeights;
  /** Transactions in the pool. */
  readonly pending: () => number;
  readonly moved: (move: HeadMove) => void;
  readonly stored: Outlets["stored"];
}

/** Tells a shard's slave what the shard has done, in messages of the wire. */
export class ShardOutlets implements Outlets {
  readonly #parts: ShardOutletsParts;
  /** Who listens for changes of the head. */
  readonly #listeners: ((move: HeadMove) => void)[] = [];
  #announce: () => void = () => {};
  #times: (times: MinedTimes) => void = () => {};

  constructor(parts: ShardOutletsParts) {
    this.#parts = parts;
  }

  /** Called with every move of the head, behind the pool. */
  onMove(listener: (move: HeadMove) => void): void {
    this.#listeners.push(listener);
  }

  /** What tells peers of a new head. */
  announceWith(announce: () => void): void {
    this.#announce = announce;
  }

  /** Called with the seconds between simulated blocks whenever the master says them. */
  onTimes(listener: (times: MinedTimes) => void): void {
    this.#times = listener;
  }

  async deliver(lists: readonly OutgoingList[], how: Intake["telling"]): Promise<void> {
    if (lists.length > 0) await this.#parts.slave.deliver(lists, how);
  }

  async report({ hash, block, sends }: ExecutedBlock): Promise<void> {
    const { header } = block;
    this.#parts.seen.seen(header.height, bytesKey(hash));
    let xshardTxCount = 0;
    for (const list of sends.values()) xshardTxCount += list.length;
    const { errorCode, artificialTxConfig } = await this.#ask(CLUSTER_RPC.addMinorBlockHeader, {
      header,
      txCount: block.transactions.length,
      xshardTxCount,
      coinbaseAmounts: header.coinbaseAmounts,
      shardStats: this.stats(),
    });
    if (errorCode !== 0) throw refused(`header of block ${header.height}`, errorCode);
    this.#times(artificialTxConfig);
  }

  async reportTogether(headers: readonly MinorBlockHeader[]): Promise<void> {
    for (const header of headers) this.#parts.seen.seen(header.height, bytesKey(minorHeaderHash(header)));
    const coinbaseAmounts = headers.map((header) => header.coinbaseAmounts);
    const { errorCode } = await this.#ask(CLUSTER_RPC.addMinorBlockHeaderList, { headers, coinbaseAmounts });
    if (errorCode !== 0) throw refused(`${headers.length} headers`, errorCode);
  }

  stored(block: ExecutedBlock, startedAt: number): void {
    this.#parts.stored(block, startedAt);
  }

  moved(move: HeadMove): void {
    this.#parts.moved(move);
    for (const listener of this.#listeners) listener(move);
  }

  announce(): void {
    this.#announce();
  }

  log(level: LogLevel, line: string): void {
    void this.#parts.slave.log(level, line);
  }

  stats(): ShardStats {
    const { chain, store, seen, pending } = this.#parts;
    const staleAt = (height: number) => seen.staleAt(height);
    return shardStats({ chain, store, staleAt }, chain.snapshot as ChainSnapshot, pending());
  }

  async #ask<Request, Response>(rpc: Rpc<Request, Response>, message: Request): Promise<Response> {
    const answer = await this.#parts.slave.askMaster(rpc.op, encode(rpc.request, message));
    return decode(rpc.response, answer, rpc.name);
  }
}

function refused(what: string, errorCode: number): QkcError {
  return new QkcError("LINK", `the master refuses the ${what} with code ${errorCode}`);
}
