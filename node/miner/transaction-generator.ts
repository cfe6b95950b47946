import { fullShardIdOf, type QuarkChainConfig } from "../chain/config.ts";
import type { LoadTestAccount } from "../chain/config-operation.ts";
import { decodeEvmTransaction, type EvmTransaction } from "../chain/evm-transaction.ts";
import { signTransaction } from "../chain/sign-transaction.ts";
import type { TypedTransaction } from "../chain/typed-transaction.ts";
import type { Address } from "../codec/bytes.ts";
import { type Clock, pause } from "../codec/clock.ts";
import { reasonOf } from "../codec/errors.ts";

export interface TransactionGeneratorParts {
  readonly config: QuarkChainConfig;
  readonly fullShardId: number;
  /** Each of them sends one transaction at a time. */
  readonly accounts: readonly LoadTestAccount[];
  /** At the head. */
  readonly nonceOf: (sender: Address) => bigint;
  /** As transactions that a peer sends: those that are accepted go to the peers. */
  readonly send: (transactions: readonly TypedTransaction[]) => void;
  /** In milliseconds since 1970. */
  readonly clock: Clock;
  /** From 0 to 1 exclusively. */
  readonly random: () => number;
  readonly log: (level: "info" | "error", line: string) => void;
}

export interface GenerationOrder {
  readonly count: number;
  /** From 0 to 100. */
  readonly crossShardPercent: number;
  /** What is the same in all of them: gas, price, data, tokens, and recipient and sender's key where it has them. */
  readonly sample: TypedTransaction;
}

const MOST_AT_ONCE = 600;
const FINNEY = 10n ** 15n;

/**
 * Load for tests: transactions of well-known accounts (pyquarkchain cluster/tx_generator.py TransactionGenerator). Other
 * than there, cross-shard ones can be made, and those that are left when all accounts have sent are sent, too.
 */
export class TransactionGenerator {
  readonly #parts: TransactionGeneratorParts;
  readonly #otherShards: readonly number[];
  readonly #closed = new AbortController();
  #isRunning = false;

  constructor(parts: TransactionGeneratorParts) {
    this.#parts = parts;
    this.#otherShards = [...parts.config.shards.keys()].filter((id) => id !== parts.fullShardId);
  }

  /** Begins, and answers before anything is sent; false where it is busy with an earlier order. */
  generate(order: GenerationOrder): boolean {
    if (this.#isRunning) return false;
    this.#isRunning = true;
    void this.#generateAll(order);
    return true;
  }

  close(): void {
    this.#closed.abort();
  }

  async #generateAll(order: GenerationOrder): Promise<void> {
    const { fullShardId, log } = this.#parts;
    try {
      const sent = await this.#sendAll(order);
      log("info", `shard ${fullShardId}: ${sent} transactions generated`);
    } catch (error) {
      log("error", `shard ${fullShardId}: transactions cannot be generated: ${reasonOf(error)}`);
    } finally {
      this.#isRunning = false;
    }
  }

  async #sendAll({ count, crossShardPercent, sample }: GenerationOrder): Promise<number> {
    const { accounts, send } = this.#parts;
    const example = decodeEvmTransaction(sample.rlp);
    if (!this.#isHere(example)) return 0;
    const senders = accounts.slice(0, count);
    for (let first = 0; first < senders.length; first += MOST_AT_ONCE) {
      if (first > 0) await this.#rest();
      if (this.#closed.signal.aborted) return first;
      const batch = senders.slice(first, first + MOST_AT_ONCE);
      send(batch.map((account) => this.#transaction(account, crossShardPercent, example)));
    }
    return senders.length;
  }

  /** A sample that names another shard is for that one; key 0 stands for none. */
  #isHere({ fromFullShardKey }: EvmTransaction): boolean {
    const { config, fullShardId } = this.#parts;
    return fromFullShardKey === 0 || fullShardIdOf(config, fromFullShardKey) === fullShardId;
  }

  #transaction(
    { recipient, privateKey }: LoadTestAccount,
    crossShardPercent: number,
    { gasPrice, startGas, to, data, value, gasTokenId, transferTokenId, fromFullShardKey }: EvmTransaction,
  ): TypedTransaction {
    const { config, fullShardId, accounts, nonceOf } = this.#parts;
    const from = fromFullShardKey === 0 ? fullShardId : fromFullShardKey;
    const goesElsewhere = this.#whole(1, 100) <= crossShardPercent && this.#otherShards.length > 0;
    const unsigned = {
      nonce: nonceOf(recipient),
      gasPrice,
      startGas,
      to: to ?? this.#oneOf(accounts).recipient,
      value: data.length === 0 ? BigInt(this.#whole(1, 100)) * FINNEY : value,
      data,
      networkId: BigInt(config.networkId),
      fromFullShardKey: from,
      toFullShardKey: goesElsewhere ? this.#oneOf(this.#otherShards) : to === undefined ? fullShardId : from,
      gasTokenId,
      transferTokenId,
      version: 0n,
    };
    return signTransaction(unsigned, privateKey);
  }

  /** Eight to twelve seconds, in which blocks take what was sent. */
  async #rest(): Promise<void> {
    const { clock, random } = this.#parts;
    await pause(clock, 8000 + 4000 * random(), this.#closed.signal);
  }

  #oneOf<T>(values: readonly T[]): T {
    return values[this.#whole(0, values.length - 1)];
  }

  #whole(lowest: number, highest: number): number {
    return lowest + Math.floor(this.#parts.random() * (highest - lowest + 1));
  }
}
