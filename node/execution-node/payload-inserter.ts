import { type QuarkChainConfig, shardConfigOf } from "../chain/config.ts";
import type { MinorBlock } from "../chain/minor-block.ts";
import { type Hash32, toHex } from "../codec/bytes.ts";
import { RecentByHash } from "../codec/recent-map.ts";
import { buildGenesisState } from "../el/genesis-state.ts";
import { KeptDeposits } from "../el/kept-deposits.ts";
import { payloadOf } from "../el/payload.ts";
import { type BlockRecord, blockRecordOf, EMPTY_RECORD } from "../el/store/block-record.ts";
import type { ExecutionStore } from "../el/store/execution-store.ts";
import type { StatePruner } from "../el/store/state-pruner.ts";
import type { NodeLayer } from "../el/store/stored-nodes.ts";
import { compareDeclared } from "../engine/compare-block.ts";
import type { PayloadStatus, QkcPayload } from "../engine/engine-api.ts";
import { ancestorsFrom, refusePruned } from "./chain-queries.ts";
import { genesisMismatches } from "./genesis-payload.ts";
import { hashMismatches, placeMismatches } from "./payload-checks.ts";
import type { BlockExecutor } from "./payload-executor.ts";
import { computedOf, invalidStatus, mismatch, SYNCING_STATUS, storedComputed, validStatus } from "./statuses.ts";

export interface PayloadInserterOptions {
  readonly config: QuarkChainConfig;
  readonly fullShardId: number;
  readonly store: ExecutionStore;
  readonly executor: BlockExecutor;
  /** Absent: all states stay. */
  readonly pruner: StatePruner | undefined;
}

const MAX_INVALID_HASHES = 1024;

/** Executes blocks on their stored parents and stores those that match what they declare. */
export class PayloadInserter {
  /** Of the state that the configuration allocates. */
  readonly genesisStateRoot: Hash32;
  readonly #options: PayloadInserterOptions;
  /** Newest valid ancestor by the hash of a block that was refused. */
  readonly #invalid = new RecentByHash<Hash32 | null>(MAX_INVALID_HASHES);

  constructor(options: PayloadInserterOptions) {
    this.#options = options;
    this.genesisStateRoot = this.#writeGenesis(options.store.nodes.layer());
  }

  /** What newPayload answers. */
  async insert(payload: QkcPayload): Promise<PayloadStatus> {
    const { blockHash, block } = payload;
    const wrongHashes = hashMismatches(payload);
    if (wrongHashes.length > 0) return invalidStatus(null, mismatch(wrongHashes));
    const { store } = this.#options;
    if (store.hasExecuted(blockHash) && store.hasRecord(blockHash)) return await this.#known(blockHash, block);
    if (block.header.height === 0) return await this.#insertGenesis(payload);
    return await this.#insertOnParent(payload);
  }

  /** What is said of a block that is not stored and that somebody builds on. */
  statusOfAbsent(hash: Hash32): PayloadStatus {
    const latestValid = this.#invalid.get(hash);
    if (latestValid === undefined) return SYNCING_STATUS;
    const reason = `block ${toHex(hash)} is invalid`;
    return invalidStatus(latestValid, { kind: "rejected", transactionIndex: null, reason });
  }

  async #known(hash: Hash32, block: MinorBlock): Promise<PayloadStatus> {
    const { store } = this.#options;
    // It may have become known by a call whose commit is still on its way.
    await store.committed();
    return validStatus(hash, storedComputed(hash, block, store.record(hash)));
  }

  async #insertGenesis({ blockHash, block }: QkcPayload): Promise<PayloadStatus> {
    const { config, fullShardId, store } = this.#options;
    const mismatches = genesisMismatches(config, fullShardId, block, this.genesisStateRoot);
    if (mismatches.length > 0) return this.#refuse(blockHash, invalidStatus(null, mismatch(mismatches)));
    const layer = store.nodes.layer();
    this.#writeGenesis(layer);
    await this.#commit(blockHash, block, EMPTY_RECORD, layer);
    return validStatus(blockHash, storedComputed(blockHash, block, EMPTY_RECORD));
  }

  async #insertOnParent({ blockHash, block, inputs }: QkcPayload): Promise<PayloadStatus> {
    const { store, executor, fullShardId } = this.#options;
    const parentHash = block.header.prevMinorBlockHash;
    const parent = store.findBlock(parentHash);
    if (parent === undefined || !store.hasExecuted(parentHash)) return this.#withoutParent(blockHash, parentHash);
    const misplaced = placeMismatches(block.header, fullShardId, parent.header);
    if (misplaced.length > 0) return this.#refuse(blockHash, invalidStatus(parentHash, mismatch(misplaced)));
    refusePruned(store, parent);
    const deposits = new KeptDeposits(inputs.deposits);
    const place = { parentStateRoot: parent.meta.stateRoot, ancestorHash: ancestorsFrom(store, parentHash) };
    const { outcome, layer } = executor.execute(payloadOf(block, { ...inputs, deposits }, place));
    if (outcome.status === "INVALID") {
      executor.forget();
      const { transactionIndex = null, refusal, reason } = outcome.rejection;
      const named = refusal === undefined ? {} : { refusal };
      const rejected = { kind: "rejected", transactionIndex, ...named, reason } as const;
      return this.#refuse(blockHash, invalidStatus(parentHash, rejected));
    }
    const result = outcome.computed;
    const computed = computedOf(block, result);
    const differences = compareDeclared(block, result);
    if (differences.length > 0) {
      executor.forget();
      return this.#refuse(blockHash, invalidStatus(parentHash, mismatch(differences), computed));
    }
    await this.#commit(blockHash, block, blockRecordOf(result, deposits), layer);
    return validStatus(blockHash, computed);
  }

  #commit(hash: Hash32, block: MinorBlock, record: BlockRecord, layer: NodeLayer): Promise<void> {
    this.#invalid.delete(hash);
    this.#options.pruner?.spare(layer.produced.values());
    return this.#options.store.commitBlock(hash, block, record, layer);
  }

  /** The block may be sent again: it can be what came with it that was wrong. */
  #refuse(hash: Hash32, status: PayloadStatus): PayloadStatus {
    this.#invalid.set(hash, status.latestValidHash);
    return status;
  }

  #withoutParent(hash: Hash32, parentHash: Hash32): PayloadStatus {
    const status = this.statusOfAbsent(parentHash);
    return status.status === "INVALID" ? this.#refuse(hash, status) : status;
  }

  #writeGenesis(layer: NodeLayer): Hash32 {
    const { config, fullShardId } = this.#options;
    return buildGenesisState(layer, shardConfigOf(config, fullShardId).genesis.accounts);
  }
}
