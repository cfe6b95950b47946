import { fullShardIdOf } from "../../chain/config.ts";
import type { Receipt } from "../../chain/receipt.ts";
import type { Hash32 } from "../../codec/bytes.ts";
import { type BlockLogs, findLogs } from "../../execution-node/reads/logs.ts";
import { ReadError } from "../../execution-node/reads/read-error.ts";
import { UNANSWERED } from "./empty-answers.ts";
import { logMessage } from "./log-message.ts";
import type { AnswerTo, RequestOf } from "./read-messages.ts";
import type { ReadView } from "./read-view.ts";

/**
 * Logs of canonical blocks (pyquarkchain shard_state.py get_logs). Several addresses have to have one key, which is this
 * shard's. Where the first block lies behind the last one there is nothing, and that is no failure.
 */
export async function logs(
  view: ReadView,
  { addresses, topics, startBlock, endBlock }: RequestOf<"getLog">,
  signal: AbortSignal,
): Promise<AnswerTo<"getLog">> {
  const end = view.hashAt(endBlock);
  if (end === undefined || !areHere(view, addresses)) return UNANSWERED.getLog;
  const query = {
    addresses: addresses.map(({ recipient }) => recipient),
    topics,
  };
  const found = await findLogs(blocksBetween(view, startBlock, endBlock), query, signal);
  return {
    errorCode: 0,
    logs: found.map(({ log, block, receiptIndex, logIndex }) =>
      logMessage(log, { ...block.place(receiptIndex), receiptIndex, logIndex }),
    ),
  };
}

function areHere({ shard: { config, chain } }: ReadView, addresses: RequestOf<"getLog">["addresses"]): boolean {
  if (addresses.length === 0) return true;
  const [{ fullShardKey }] = addresses;
  if (addresses.some((address) => address.fullShardKey !== fullShardKey)) return false;
  return fullShardIdOf(config, fullShardKey) === chain.fullShardId;
}

/** Ascending. */
function* blocksBetween(view: ReadView, start: bigint, end: bigint): Generator<LoggedBlock> {
  for (let height = start; height <= end; height++) {
    const hash = view.hashAt(height);
    if (hash === undefined) return;
    yield new LoggedBlock(view, hash);
  }
}

class LoggedBlock implements BlockLogs {
  readonly bloom: Uint8Array;
  readonly #view: ReadView;
  readonly #hash: Hash32;
  readonly #height: number;
  /** Of its transactions, then of its deposits, once its receipts were asked for. */
  #transactionHashes: readonly Hash32[] = [];

  constructor(view: ReadView, hash: Hash32) {
    const { header } = view.known(hash);
    this.bloom = header.bloom;
    this.#view = view;
    this.#hash = hash;
    this.#height = header.height;
  }

  /**
   * Where contracts were not enabled yet, deposits have no receipts, and pyquarkchain's search fails on the first of them
   * that no bloom lets it pass by (core.py MinorBlock.get_receipt decodes nothing).
   */
  receipts(): readonly Receipt[] {
    if (this.#height === 0) return [];
    const { transactions } = this.#view.block(this.#hash);
    const { receipts, deposits } = this.#view.record(this.#hash);
    this.#transactionHashes = [...transactions.map(({ hash }) => hash), ...deposits.map(({ txHash }) => txHash)];
    if (receipts.length === this.#transactionHashes.length) return receipts;
    throw new ReadError("bad-request", `deposits of block ${this.#height} have no receipts that hold logs`);
  }

  place(receiptIndex: number) {
    const transactionHash = this.#transactionHashes[receiptIndex];
    return { blockHash: this.#hash, height: this.#height, transactionHash };
  }
}
