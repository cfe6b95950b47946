import { type QuarkChainConfig, shardConfigOf } from "../chain/config.ts";
import { minorHeaderHash } from "../chain/minor-block.ts";
import { type RootBlock, readRootBlock, rootHeaderHash } from "../chain/root-block.ts";
import { asHash32, toHex } from "../codec/bytes.ts";
import { pause, SYSTEM_CLOCK } from "../codec/clock.ts";
import { QkcError, UsageError } from "../codec/errors.ts";
import { WireReader } from "../codec/wire.ts";
import { ThreadedSealSearch } from "../miner/threaded-seal-search.ts";
import { LinkError } from "../net/link-error.ts";
import type { RootRefusal } from "../shard/chain-types.ts";
import { answered } from "./answered.ts";
import { listHandlers } from "./list-handlers.ts";
import { type OpenShard, openShard, type ShardOptions, secondsNow } from "./open-shard.ts";
import { ShardReads } from "./reads/shard-reads.ts";
import type { AddedRoot, MiningOrder, RootObjection, ShardApi, SlaveApi } from "./shard-api.ts";
import type { ShardGauges } from "./shard-gauges.ts";
import { ShardMining } from "./shard-mining.ts";
import { ShardPeers } from "./shard-peers.ts";
import { ShardRequests } from "./shard-requests.ts";
import { ShardEventSource } from "./websocket/shard-event-source.ts";
import type { ShardEvent } from "./websocket/shard-events.ts";

/** Milliseconds until what could not be told is told again. */
const FINISH_AGAIN_MS = 1000;
const LONGEST_FINISH_AGAIN_MS = 60_000;

/** A shard that is alive. */
interface LiveShard {
  readonly peers: ShardPeers;
  readonly mining: ShardMining;
  readonly requests: ShardRequests;
  readonly events: ShardEventSource;
}

/** One live shard behind plain messages (pyquarkchain cluster/shard.py Shard). */
export class ShardNode implements ShardApi {
  readonly #options: ShardOptions;
  readonly #slave: SlaveApi;
  readonly #closing = new AbortController();
  readonly #openShard: typeof openShard;
  #opening: Promise<OpenShard> | undefined;
  #live: LiveShard | undefined;

  /** `open`: how the shard's stores are opened, on disk where nothing else is said. */
  constructor(options: ShardOptions, slave: SlaveApi, open = openShard) {
    this.#options = options;
    this.#slave = slave;
    this.#openShard = open;
  }

  async start(rootTip: Uint8Array): Promise<void> {
    const block = readRootBlock(new WireReader(rootTip));
    const shard = await this.#open();
    const { genesis } = shardConfigOf(shard.config, this.#options.fullShardId);
    if (block.header.height === genesis.rootHeight) await startAtGenesis(shard, block);
    else await startFrom(shard, block);
    this.#live = this.#serving(shard);
    void this.#finish(shard);
  }

  async resume(): Promise<void> {
    const shard = await this.#open();
    if (shard.chain.snapshot === undefined) throw new QkcError("INTERNAL", "there is nothing to go on from");
    await shard.chain.recover();
    this.#live = this.#serving(shard);
    void this.#finish(shard);
  }

  async rootObjection(rootBlock: Uint8Array): Promise<RootObjection | undefined> {
    const { chain, config } = await this.#open();
    const block = readRootBlock(new WireReader(rootBlock));
    if (this.#isBelowGenesis(config, block)) return undefined;
    const refusal = chain.rootRefusalOf(block);
    return refusal && objectionOf(refusal);
  }

  async addRoot(rootBlock: Uint8Array): Promise<AddedRoot> {
    const { pipeline, config } = await this.#open();
    const block = readRootBlock(new WireReader(rootBlock));
    if (this.#isBelowGenesis(config, block)) return { refusal: undefined, isTip: false };
    const outcome = await pipeline.addRoot(block);
    return {
      refusal: outcome.status === "refused" ? textOf(outcome) : undefined,
      isTip: outcome.status === "added" && outcome.isTip,
    };
  }

  async fetch(hashes: readonly Uint8Array[]): Promise<void> {
    await this.#alive().peers.fetch(hashes.map(asHash32));
  }

  async tellAgain(hashes: readonly Uint8Array[]): Promise<void> {
    const { chain, pipeline } = await this.#open();
    await pipeline.reportAgain(hashes.map(asHash32).filter((hash) => chain.statusOf(hash) !== "unknown"));
  }

  async receive(op: number, payload: Uint8Array): Promise<Uint8Array> {
    const { chain } = await this.#open();
    const handlers = listHandlers(chain, (deposits) => this.#live?.events.received(deposits));
    return await answered(handlers, op, payload);
  }

  async serve(op: number, payload: Uint8Array): Promise<Uint8Array> {
    return await this.#alive().requests.serve(op, payload);
  }

  async mine(order: MiningOrder): Promise<void> {
    this.#alive().mining.order(order);
  }

  async peerOpened(connection: number, peerId: bigint): Promise<void> {
    this.#alive().peers.opened(connection, peerId);
  }

  async peerClosed(connection: number): Promise<void> {
    this.#alive().peers.closed(connection);
  }

  async peerRequest(connection: number, op: number, payload: Uint8Array): Promise<Uint8Array> {
    return await this.#alive().peers.request(connection, op, payload);
  }

  async peerCommand(connection: number, op: number, payload: Uint8Array): Promise<void> {
    await this.#alive().peers.command(connection, op, payload);
  }

  async gauges(): Promise<ShardGauges> {
    const { peers } = this.#alive();
    const shard = await this.#open();
    return await shard.meter.read(shard, peers);
  }

  async hear(isHeard: boolean): Promise<void> {
    this.#alive().events.hear(isHeard);
  }

  async close(): Promise<void> {
    this.#closing.abort(new LinkError("closed", "the shard is being closed"));
    await this.#live?.mining.close();
    await this.#live?.peers.stop();
    const shard = await this.#opening?.catch(() => undefined);
    await shard?.close();
  }

  /** What an earlier life left untold needs slaves that may be starting themselves: nobody waits for it. */
  async #finish({ pipeline }: OpenShard): Promise<void> {
    const { signal } = this.#closing;
    for (let wait = FINISH_AGAIN_MS; !signal.aborted; wait = Math.min(2 * wait, LONGEST_FINISH_AGAIN_MS)) {
      try {
        return await pipeline.finish();
      } catch {
        // The pipeline has said what failed.
        await pause(SYSTEM_CLOCK, wait, signal);
      }
    }
  }

  #serving(shard: OpenShard): LiveShard {
    const peers = new ShardPeers(shard, this.#slave);
    const { cluster } = this.#options;
    const reads = new ShardReads({
      view: shard,
      pool: shard.pool,
      keepsHistory: cluster.enableTransactionHistory,
      monitorsDeposits: cluster.operation.prometheus.monitorXshardDeposit,
      leastGasPrice: cluster.operation.pool.minGasPrice,
      clock: secondsNow,
    });
    const seals = new ThreadedSealSearch(this.#options.ethashCaches);
    const mining = new ShardMining({ cluster, shard, peers, seals });
    const { signal } = this.#closing;
    const requests = new ShardRequests({ shard, reads, peers, mining, signal });
    const emit = (event: ShardEvent) => {
      this.#slave.event(event).catch(() => {});
    };
    const { synchronizer } = peers;
    const events = new ShardEventSource({ shard, outlets: shard.outlets, synchronizer, emit });
    return { peers, mining, requests, events };
  }

  /** Of a fork from below the shard's birth: it concerns the others alone (shard.py add_root_block). */
  #isBelowGenesis(config: QuarkChainConfig, { header }: RootBlock): boolean {
    return header.height < shardConfigOf(config, this.#options.fullShardId).genesis.rootHeight;
  }

  #open(): Promise<OpenShard> {
    this.#opening ??= this.#openShard(this.#options, this.#slave);
    return this.#opening;
  }

  #alive(): LiveShard {
    if (this.#live !== undefined) return this.#live;
    throw new QkcError("LINK", `shard ${this.#options.fullShardId} is not there yet`);
  }
}

/** pyquarkchain starts anew on the genesis block and tells it again, whatever is stored (cluster/shard.py __init_genesis_state). */
async function startAtGenesis({ chain, pipeline, store }: OpenShard, block: RootBlock): Promise<void> {
  const hash = rootHeaderHash(block.header);
  const isNew = chain.snapshot === undefined;
  const outcome = await pipeline.addRoot(block);
  if (outcome.status === "refused")
    throw new UsageError(`the root block of the genesis is refused: ${textOf(outcome)}`);
  if (isNew && outcome.status === "added") return;
  await chain.startFrom(hash);
  const genesis = store.genesisBlock(hash);
  if (outcome.status === "known" && genesis !== undefined) await pipeline.tellAgain(minorHeaderHash(genesis.header));
}

async function startFrom({ chain }: OpenShard, { header }: RootBlock): Promise<void> {
  const hash = rootHeaderHash(header);
  if (await chain.startFrom(hash)) return;
  throw new UsageError(
    `shard ${chain.fullShardId} does not have the master's root block ${header.height}, ${toHex(hash)}: its data directory is ` +
      "older than the master's, or another chain's. Start the master on an older database, or the slave on a newer one",
  );
}

function objectionOf(refusal: RootRefusal): RootObjection {
  return {
    text: textOf(refusal),
    blocks: refusal.reason === "minor-unknown" ? refusal.hashes : [],
    lists: refusal.reason === "list-missing" ? refusal.lists : [],
  };
}

function textOf(refusal: RootRefusal): string {
  switch (refusal.reason) {
    case "minor-unknown":
      return `it confirms blocks that are not here: ${refusal.hashes.map(toHex).join(", ")}`;
    case "not-linked":
      return `its first block of this shard, ${toHex(refusal.hash)}, does not stand on the one that was confirmed last`;
    case "list-missing":
      return `lists of deposits never came: ${listsText(refusal.lists)}`;
    case "list-unexpected":
      return `lists of deposits are here that nobody can have sent: ${listsText(refusal.lists)}`;
    case "version":
      return "its version is unknown";
    case "parent-unknown":
      return "its parent is not here";
    case "too-many-minor-blocks":
      return "it confirms more blocks of this shard than it may";
    case "below-genesis":
      return "it lies below the shard's genesis";
  }
}

function listsText(lists: (RootRefusal & { readonly reason: "list-missing" })["lists"]): string {
  return lists
    .map(({ sourceMinorHash, sourceFullShardId }) => `${toHex(sourceMinorHash)} of shard ${sourceFullShardId}`)
    .join(", ");
}
