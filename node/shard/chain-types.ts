import type { MinorBlock, MinorBlockHeader } from "../chain/minor-block.ts";
import type { KnownMinorBlock } from "../cl/minor-chain.ts";
import type { Hash32 } from "../codec/bytes.ts";
import type { ExecutedBlock } from "./block-judge.ts";
import type { MinorRef, RootRef } from "./fork-choice.ts";
import type { BlockVerdict } from "./verdict.ts";

/**
 * How far a block has come (R42): executed, its engine holds it and its rows are stored; committed, every destination has
 * acknowledged what it sends and the master its header. What is refused leaves no trace.
 */
export type BlockStatus = "unknown" | "executed" | "committed";

/** Where a chain stands: one object, made anew for every change and never changed. Readers take it once. */
export interface ChainSnapshot {
  readonly head: MinorRef;
  readonly headBlock: KnownMinorBlock;
  /** Newest block that the root tip confirms; undefined where none is. */
  readonly confirmed: MinorRef | undefined;
  readonly rootTip: RootRef;
  readonly tipState: TipState;
}

/**
 * The state that calls, the pool and gas limits see at the head. After a block it is what the block's execution left;
 * after the genesis block, a start or a head that a root block has reset it has nothing of a block but its accounts
 * (pyquarkchain cluster/shard_state.py __create_evm_state).
 */
export type TipState =
  | { readonly kind: "executed"; readonly stateRoot: Hash32; readonly gasLimit: bigint }
  | {
      readonly kind: "bare";
      readonly stateRoot: Hash32;
      /** Seconds since 1970; 0 for the genesis block. */
      readonly timestamp: number;
    };

/** The moment in which a block is judged. */
export interface Moment {
  /** Seconds since 1970 for a new block; undefined for one of history, whose time only has to increase. */
  readonly now?: number;
  /** Height of the root tip of that moment, by which targets are reachable; the chain's own where it is not given. */
  readonly rootTipHeight?: number;
  /** Refuses blocks that lie further below the head than the shard's limit (pyquarkchain add_block skip_if_too_old). */
  readonly refuseOld?: boolean;
}

/** How a change moved the head. Blocks in ascending order of heights. */
export interface HeadMove {
  readonly from: MinorRef | undefined;
  readonly to: MinorRef;
  /** Blocks that are canonical no longer: their transactions go back to the pool. */
  readonly leaving: readonly MinorRef[];
  readonly joining: readonly MinorRef[];
}

/** What became of a block that was to be added. */
export type BlockOutcome =
  | {
      readonly status: "added";
      /** What has to be told: lists for every destination, then the header, then commit(). */
      readonly executed: ExecutedBlock;
      /** Undefined where the head stayed. */
      readonly move: HeadMove | undefined;
    }
  /** It is there already. Where it is not committed, finish() gives what has still to be told. */
  | { readonly status: "known"; readonly hash: Hash32; readonly isCommitted: boolean }
  | BlockRefusal;

export type BlockRefusal = {
  readonly status: "refused";
  readonly hash: Hash32;
  readonly header: MinorBlockHeader;
} & (
  | { readonly reason: "too-old" | "parent-unknown" | "root-unknown" }
  /** The list of a neighbour's block that a root block below confirms never came: ask for it, then add the block again. */
  | { readonly reason: "list-missing"; readonly list: MissingList }
  /** It breaks a rule or executes to something else than it declares. */
  | { readonly reason: "invalid"; readonly verdict: BlockVerdict }
);

/** A list of deposits that was never received. */
export interface MissingList {
  readonly sourceMinorHash: Hash32;
  readonly sourceFullShardId: number;
}

/** What became of a root block that was to be added. */
export type RootOutcome =
  | {
      readonly status: "added";
      /** Whether it is the root tip now. */
      readonly isTip: boolean;
      readonly move: HeadMove | undefined;
      /** The genesis block that the shard has on it: told and committed like any block. */
      readonly genesis: ExecutedBlock | undefined;
    }
  | { readonly status: "known" }
  | RootRefusal;

/** Why a root block cannot be taken. What is missing can be got and the block be added again. */
export type RootRefusal = { readonly status: "refused" } & (
  | { readonly reason: "version" | "parent-unknown" | "too-many-minor-blocks" | "below-genesis" }
  /** Blocks of this shard that it confirms and that are not here. */
  | { readonly reason: "minor-unknown"; readonly hashes: readonly Hash32[] }
  /** The first block of this shard that it confirms does not stand on the last one that was confirmed. */
  | { readonly reason: "not-linked"; readonly hash: Hash32 }
  | { readonly reason: "list-missing"; readonly lists: readonly MissingList[] }
  /** Lists that are stored here and that nobody could have sent. */
  | { readonly reason: "list-unexpected"; readonly lists: readonly MissingList[] }
);

/** A list of deposits as a neighbour sends it. */
export interface ReceivedList {
  /** Hash of the block that sends it. */
  readonly sourceMinorHash: Hash32;
  /** As encodeDepositList writes it. */
  readonly encoded: Uint8Array;
}

/** Blocks that lie below a chain's own rows, such as an old client's database: believed, since their keys prove them. */
export interface BaseBlocks {
  minorBlock(hash: Hash32): MinorBlock;
  hasMinorBlock(hash: Hash32): boolean;
}
