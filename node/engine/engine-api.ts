import type { MinorBlock } from "../chain/minor-block.ts";
import type { TypedTransaction } from "../chain/typed-transaction.ts";
import type { Address, Hash32 } from "../codec/bytes.ts";
import type { QkcAddress } from "../codec/wire.ts";
import type { ConsensusInputs, ExecutionResult } from "../el/payload.ts";

/**
 * The Engine API with QuarkChain's extension, as objects (docs/engine-api.md). An execution layer that implements it
 * holds one shard's chain: blocks, states, receipts. Every method may throw EngineError.
 */
export interface EngineApi {
  /** Methods that both sides know (engine_exchangeCapabilities). */
  exchangeCapabilities(methods: readonly string[]): Promise<readonly string[]>;
  getClientVersion(caller: ClientVersion): Promise<readonly ClientVersion[]>;
  /** Which chain this is: asked once before anything else (qkc_chainIdentityV1). */
  chainIdentity(): Promise<ChainIdentity>;
  /**
   * Executes a block on its parent and stores it where everything it declares was computed; nothing becomes canonical
   * (engine_newPayloadQKCV1). The genesis block is a payload as well: its state is the configuration's allocation.
   */
  newPayload(payload: QkcPayload): Promise<PayloadStatus>;
  /** Makes a stored block the head, its ancestors canonical, and may begin a block on it (engine_forkchoiceUpdatedQKCV1). */
  forkchoiceUpdated(state: ForkchoiceState, attributes?: PayloadAttributes): Promise<ForkchoiceUpdated>;
  /** The block that forkchoiceUpdated began, executed and not sealed (engine_getPayloadQKCV1). */
  getPayload(payloadId: string): Promise<BuiltPayload>;
  getPayloadBodiesByHash(hashes: readonly Hash32[]): Promise<readonly (PayloadBody | null)[]>;
  /** Bodies of canonical blocks from height `start` on; shorter where the chain ends. */
  getPayloadBodiesByRange(start: number, count: number): Promise<readonly (PayloadBody | null)[]>;
  /** Balance after a stored block; 0 for an absent account (qkc_getBalanceV1). */
  getBalance(request: BlockBalanceRequest): Promise<bigint>;
}

/** An engine that takes several blocks in one request. It lists the capability qkc_jsonRpcBatchV1 when it does. */
export interface BatchingEngine extends EngineApi {
  /** Each block, in order, and then the head; a block that is not valid keeps no later call from being made. */
  newPayloads(payloads: readonly QkcPayload[], state: ForkchoiceState): Promise<ChainExtended>;
}

export interface ChainExtended {
  /** One a payload. */
  readonly statuses: readonly PayloadStatus[];
  readonly forkchoice: ForkchoiceUpdated;
}

export interface ClientVersion {
  /** Two letters. */
  readonly code: string;
  readonly name: string;
  readonly version: string;
  /** First 4 bytes of the commit, as 0x and 8 hex digits. */
  readonly commit: string;
}

export interface ChainIdentity {
  readonly networkId: number;
  readonly fullShardId: number;
  /** Root of the state that the configuration allocates. */
  readonly genesisStateRoot: Hash32;
  /** Hash of the stored genesis block; null before it was inserted. */
  readonly genesisHash: Hash32 | null;
  readonly ruleSet: string;
  /** The canonical head; null before the genesis block. */
  readonly head: { readonly hash: Hash32; readonly height: number } | null;
}

/** A sealed block with what its execution depends on besides its ancestors. */
export interface QkcPayload {
  readonly blockHash: Hash32;
  readonly block: MinorBlock;
  readonly inputs: ConsensusInputs;
}

export type PayloadStatusName = "VALID" | "INVALID" | "SYNCING" | "ACCEPTED";

export interface PayloadStatus {
  readonly status: PayloadStatusName;
  /** Newest valid block among the payload and its ancestors. */
  readonly latestValidHash: Hash32 | null;
  readonly validationError: ValidationError | null;
  /** What execution came to, be the payload valid or not; null where it was not executed. */
  readonly computed: ComputedBlock | null;
}

/** Why a payload is INVALID. */
export type ValidationError =
  | { readonly kind: "mismatch"; readonly fields: readonly FieldMismatch[] }
  | ({ readonly kind: "rejected"; readonly reason: string } & Refusal);

/** What a payload is rejected for, by stable names. */
export interface Refusal {
  /** The transaction that is to blame; null where no single one is. */
  readonly transactionIndex: number | null;
  /** Stable name of the rule that it breaks, such as NONCE_TOO_LOW; absent where the engine has none. */
  readonly refusal?: string;
}

/** One field on which the block and its execution disagree; values as people read them. */
export interface FieldMismatch {
  readonly field: string;
  readonly declared: string;
  readonly computed: string;
}

/** What an execution layer computed for a block: all that a header and meta commit to, and what leaves the shard. */
export interface ComputedBlock extends Omit<ExecutionResult, "receipts" | "senders"> {
  readonly blockHash: Hash32;
  readonly metaHash: Hash32;
}

export interface ForkchoiceState {
  readonly headBlockHash: Hash32;
  /** The last block that a root block confirms; zero while there is none. */
  readonly safeBlockHash: Hash32;
  readonly finalizedBlockHash: Hash32;
}

/** A block to be made on the head. */
export interface PayloadAttributes {
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly suggestedFeeRecipient: QkcAddress;
  readonly prevRootBlockHash: Hash32;
  readonly difficulty: bigint;
  readonly xshardGasLimit: bigint;
  /** Transactions to take, in this order; those that are not valid are left out. */
  readonly transactions: readonly TypedTransaction[];
  readonly inputs: ConsensusInputs;
}

export interface ForkchoiceUpdated {
  readonly payloadStatus: PayloadStatus;
  /** 8 bytes as 0x and hex; null where no block was asked for. */
  readonly payloadId: string | null;
}

export interface BuiltPayload {
  readonly payload: QkcPayload;
  readonly computed: ComputedBlock;
}

export interface PayloadBody {
  readonly transactions: readonly TypedTransaction[];
}

export interface BlockBalanceRequest {
  readonly blockHash: Hash32;
  readonly address: Address;
  readonly tokenId: bigint;
}
