import { bytesEqual, type Hash32, toHex, ZERO_HASH } from "../../codec/bytes.ts";
import { QkcError } from "../../codec/errors.ts";
import { withKeptDeposits } from "../api/deposit-lists.ts";
import type {
  BlockBalanceRequest,
  BuiltPayload,
  ChainIdentity,
  ClientVersion,
  EngineApi,
  ForkchoiceState,
  ForkchoiceUpdated,
  PayloadAttributes,
  PayloadBody,
  PayloadStatus,
  QkcPayload,
} from "../engine-api.ts";
import { differencesBetween } from "./computed-differences.ts";

export interface MirroredEngineParts {
  readonly fullShardId: number;
  /** The one that decides: a block that it does not call valid is not valid here. */
  readonly external: EngineApi;
  /** This process's own, which holds every block that the external one called valid: whoever reads, asks it. */
  readonly own: EngineApi;
  /** A block that the own one holds, as a payload. */
  readonly payloadOf: (hash: Hash32) => QkcPayload;
  /** Told when the external one was found to lack blocks that it had called valid, and has them again. */
  readonly onFedAgain: (count: number) => void;
  /** Told what it says that cannot be; the call throws it, too. */
  readonly onFault: (error: QkcError) => void;
}

/** Hashes asked for at once. */
const MOST_HASHES = 64;

/**
 * An external engine with this process's own beside it. Both execute every block and have to come to the same: what the
 * external one says wrongly is named and the block is not taken. What it loses, by a crash or a restore, it is fed again
 * from the own one's blocks, however far back that is.
 */
export class MirroredEngine implements EngineApi {
  readonly #parts: MirroredEngineParts;

  constructor(parts: MirroredEngineParts) {
    this.#parts = parts;
  }

  exchangeCapabilities(methods: readonly string[]): Promise<readonly string[]> {
    return this.#parts.own.exchangeCapabilities(methods);
  }

  getClientVersion(caller: ClientVersion): Promise<readonly ClientVersion[]> {
    return this.#parts.external.getClientVersion(caller);
  }

  chainIdentity(): Promise<ChainIdentity> {
    return this.#parts.own.chainIdentity();
  }

  async newPayload(payload: QkcPayload): Promise<PayloadStatus> {
    const again = withKeptDeposits(payload);
    const theirs = await this.#newPayload(again);
    if (isSyncing(theirs)) return theirs;
    const ours = await this.#parts.own.newPayload(again);
    if (isSyncing(ours)) return ours;
    this.#prove(payload, theirs, ours);
    return theirs;
  }

  async forkchoiceUpdated(state: ForkchoiceState, attributes?: PayloadAttributes): Promise<ForkchoiceUpdated> {
    const { external, own } = this.#parts;
    const ours = await own.forkchoiceUpdated(state, attributes);
    if (isSyncing(ours.payloadStatus)) return ours;
    const theirs = await external.forkchoiceUpdated(state);
    if (!isSyncing(theirs.payloadStatus)) return { ...theirs, payloadId: ours.payloadId };
    await this.#feedUpTo(state.headBlockHash);
    return { ...(await external.forkchoiceUpdated(state)), payloadId: ours.payloadId };
  }

  getPayload(payloadId: string): Promise<BuiltPayload> {
    return this.#parts.own.getPayload(payloadId);
  }

  getPayloadBodiesByHash(hashes: readonly Hash32[]): Promise<readonly (PayloadBody | null)[]> {
    return this.#parts.own.getPayloadBodiesByHash(hashes);
  }

  getPayloadBodiesByRange(start: number, count: number): Promise<readonly (PayloadBody | null)[]> {
    return this.#parts.own.getPayloadBodiesByRange(start, count);
  }

  getBalance(request: BlockBalanceRequest): Promise<bigint> {
    return this.#parts.own.getBalance(request);
  }

  async #newPayload(payload: QkcPayload): Promise<PayloadStatus> {
    const { external } = this.#parts;
    const status = await external.newPayload(payload);
    const parent = payload.block.header.prevMinorBlockHash;
    if (!isSyncing(status) || !(await this.#isHeldHere(parent))) return status;
    await this.#feedUpTo(parent);
    return await external.newPayload(payload);
  }

  async #isHeldHere(hash: Hash32): Promise<boolean> {
    const [body] = await this.#parts.own.getPayloadBodiesByHash([hash]);
    return body !== null && body !== undefined;
  }

  /** Gives the external engine a block that is held here, with those of its ancestors that it lacks. */
  async #feedUpTo(hash: Hash32): Promise<void> {
    const { external, onFedAgain } = this.#parts;
    const lacking = await this.#lackingUpTo(hash);
    for (const payload of lacking.reverse()) {
      const { status } = await external.newPayload(payload);
      if (status === "VALID") continue;
      throw this.#fault(`answers ${status} to ${nameOf(payload)} which it called VALID before`);
    }
    if (lacking.length > 0) onFedAgain(lacking.length);
  }

  /** From the block downwards. */
  async #lackingUpTo(hash: Hash32): Promise<QkcPayload[]> {
    const lacking: QkcPayload[] = [];
    let next = hash;
    for (;;) {
      const group = this.#ancestry(next);
      const bodies = await this.#parts.external.getPayloadBodiesByHash(group.map(({ blockHash }) => blockHash));
      const held = bodies.findIndex((body) => body !== null);
      lacking.push(...(held === -1 ? group : group.slice(0, held)));
      const lowest = group[group.length - 1].block.header;
      if (held !== -1 || lowest.height === 0) return lacking;
      next = lowest.prevMinorBlockHash;
    }
  }

  /** A block and some of its ancestors. */
  #ancestry(hash: Hash32): QkcPayload[] {
    const payloads = [this.#parts.payloadOf(hash)];
    for (;;) {
      const { height, prevMinorBlockHash } = payloads[payloads.length - 1].block.header;
      if (payloads.length === MOST_HASHES || height === 0 || bytesEqual(prevMinorBlockHash, ZERO_HASH)) return payloads;
      payloads.push(this.#parts.payloadOf(prevMinorBlockHash));
    }
  }

  #prove(payload: QkcPayload, theirs: PayloadStatus, ours: PayloadStatus): void {
    const what = nameOf(payload);
    if (theirs.status !== ours.status) {
      throw this.#fault(`calls ${what} ${theirs.status}, and this process's own execution calls it ${ours.status}`);
    }
    if (theirs.computed === null || ours.computed === null) return;
    const [first] = differencesBetween(theirs.computed, ours.computed);
    if (first === undefined) return;
    const { field, declared, computed } = first;
    throw this.#fault(`computes ${field} ${declared} for ${what} and this process's own execution ${computed}`);
  }

  #fault(text: string): QkcError {
    const error = new QkcError("ENGINE", `the engine of shard ${this.#parts.fullShardId} ${text}`);
    this.#parts.onFault(error);
    return error;
  }
}

function isSyncing({ status }: PayloadStatus): boolean {
  return status === "SYNCING" || status === "ACCEPTED";
}

function nameOf({ blockHash, block }: QkcPayload): string {
  return `block ${block.header.height}, ${toHex(blockHash)},`;
}
