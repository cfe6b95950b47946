import { parseClusterConfig } from "../../../node/chain/config-file.ts";
import {
  decodeMinorBlock,
  encodeMinorBlock,
  type MinorBlock,
  minorHeaderHash,
} from "../../../node/chain/minor-block.ts";
import { decodeRootBlock } from "../../../node/chain/root-block.ts";
import { signTransaction } from "../../../node/chain/sign-transaction.ts";
import { addressOfKey } from "../../../node/chain/signing.testkit.ts";
import { type TypedTransaction, writeTypedTransaction } from "../../../node/chain/typed-transaction.ts";
import { type Address, addressFromHex, bytesEqual, fromHex, toHex } from "../../../node/codec/bytes.ts";
import { type QkcAddress, WireWriter, writeQkcAddress } from "../../../node/codec/wire.ts";
import { EngineError } from "../../../node/engine/engine-error.ts";
import { beginOnTip } from "../../../node/execution-node/mempool/tip-execution.ts";
import { LiveShard } from "../../../node/slave/live-shard.testkit.ts";
import { tipGround } from "../../../node/slave/tip-ground.ts";
import { Random, randomTransaction } from "./random-transactions.ts";
import type { Reference } from "./reference.ts";

const SHARDS = [0x1, 0x10001] as const;
const STAKER = addressFromHex("33".repeat(20));

export interface CampaignTotals {
  blocks: number;
  rootBlocks: number;
  admitted: number;
  refused: number;
  included: number;
  deposits: number;
  /** Blocks that have more root blocks behind them than one block may go ahead. */
  limitedRoots: number;
  /** Heads that a root block took back. */
  forks: number;
  /** Where pyquarkchain's own block would be another one, because a transaction that failed while it was made left traces. */
  otherTemplates: number;
}

interface Account {
  readonly address: Address;
  readonly key: Uint8Array;
}

/**
 * Live shards of ours beside pyquarkchain's own states: random transactions go to both pools, each block is made by ours
 * and has to be taken by pyquarkchain, and its own template has to have the same transactions.
 */
export class Campaign {
  readonly totals: CampaignTotals = {
    blocks: 0,
    rootBlocks: 0,
    admitted: 0,
    refused: 0,
    included: 0,
    deposits: 0,
    limitedRoots: 0,
    forks: 0,
    otherTemplates: 0,
  };
  readonly #reference: Reference;
  readonly #random: Random;
  readonly #shards: ReadonlyMap<number, LiveShard>;
  readonly #accounts: readonly Account[];
  readonly #moment: { now: number };
  /**
   * Milliseconds since 1970: a head that a root block has reset has the clock's time, and pyquarkchain's is another one;
   * from then on no rule asks for it.
   */
  readonly #forksFrom: number;

  private constructor(
    reference: Reference,
    random: Random,
    shards: ReadonlyMap<number, LiveShard>,
    accounts: readonly Account[],
    moment: { now: number },
  ) {
    this.#reference = reference;
    this.#random = random;
    this.#shards = shards;
    this.#accounts = accounts;
    this.#moment = moment;
    this.#forksFrom = moment.now + 1_500_000;
  }

  static async start(reference: Reference, seed: number): Promise<Campaign> {
    const { config, keys } = await reference.start();
    const cluster = parseClusterConfig(config, "the reference's configuration");
    const [first] = cluster.quarkchain.chains;
    const moment = { now: first.genesis.timestamp * 1000 };
    const shards = new Map<number, LiveShard>();
    for (const fullShardId of SHARDS) {
      shards.set(fullShardId, await LiveShard.open({ cluster, fullShardId, clock: () => moment.now }));
    }
    const accounts = keys.map((text) => ({ key: fromHex(text), address: addressOfKey(fromHex(text)) }));
    return new Campaign(reference, new Random(seed), shards, accounts, moment);
  }

  async close(): Promise<void> {
    for (const shard of this.#shards.values()) await shard.close();
  }

  async step(): Promise<void> {
    const random = this.#random;
    const fullShardId = random.oneOf(SHARDS);
    for (let n = random.whole(0, 12); n > 0; n--) await this.#transaction(fullShardId);
    this.#moment.now += random.whole(0, 12_000);
    if (this.#moment.now > this.#forksFrom && random.next() < 0.1) return await this.#fork(fullShardId);
    await this.#block(fullShardId);
    if (random.next() < 0.2) await this.#rootBlock();
  }

  /** Two blocks on the head, of which a root block confirms the second: the first one's transactions come back. */
  async #fork(fullShardId: number): Promise<void> {
    const shard = this.#shardOf(fullShardId);
    const first = await this.#sealedTemplate(fullShardId);
    await this.#transaction(fullShardId);
    const second = await this.#sealedTemplate(fullShardId);
    await this.#add(shard, first);
    await this.#add(shard, second);
    await this.#reference.leaveOut(fullShardId, toHex(minorHeaderHash(first.header)));
    await this.#rootBlock();
    same("head after the fork", toHex(shard.snapshot.head.hash), toHex(minorHeaderHash(second.header)));
    this.totals.forks++;
  }

  /** Root blocks without a block of ours between them. */
  async manyRootBlocks(count: number): Promise<void> {
    for (let n = 0; n < count; n++) await this.#rootBlock();
  }

  async #transaction(fullShardId: number): Promise<void> {
    const shard = this.#shardOf(fullShardId);
    const { address, key } = this.#random.oneOf(this.#accounts);
    const { config } = shard.node;
    const ground = tipGround({ config, chain: shard.chain, node: shard.node }, shard.snapshot);
    const elsewhere = SHARDS.find((id) => id !== fullShardId) as number;
    const unsigned = randomTransaction({
      random: this.#random,
      from: fullShardId,
      elsewhere,
      nonce: this.#nextNonce(shard, address, beginOnTip(ground).state.getNonce(address)),
      networkId: BigInt(config.networkId),
      ethChainId: BigInt(config.chains[fullShardId >>> 16].ethChainId),
    });
    if (unsigned.nonce < 0n) return;
    const typed = signTransaction(unsigned, key);
    const accepted = await this.#reference.transaction(fullShardId, encodedTransaction(typed));
    if (accepted) this.totals.admitted++;
    else this.totals.refused++;
    same(`admission of ${toHex(typed.hash)}`, admitted(shard, typed), accepted);
  }

  /** Behind those that are pooled; sometimes the one that is due, whatever is pooled. */
  #nextNonce({ pool }: LiveShard, address: Address, due: bigint): bigint {
    if (this.#random.next() < 0.2) return due;
    const pooled = new Set(
      pool
        .ordered()
        .filter(({ sender }) => bytesEqual(sender, address))
        .map(({ transaction }) => transaction.nonce),
    );
    let nonce = due;
    while (pooled.has(nonce)) nonce++;
    return nonce;
  }

  async #block(fullShardId: number): Promise<void> {
    await this.#add(this.#shardOf(fullShardId), await this.#sealedTemplate(fullShardId));
  }

  /** Held to pyquarkchain's own. */
  async #sealedTemplate(fullShardId: number): Promise<MinorBlock> {
    const shard = this.#shardOf(fullShardId);
    const coinbase = this.#coinbase(fullShardId);
    const { header: head } = shard.snapshot.headBlock;
    const time = Math.max(Math.floor(this.#moment.now / 1000), head.createTime + 1);
    const theirs = await this.#reference.template(fullShardId, time, encodedAddress(coinbase));
    const ours = await shard.templates.make(coinbase);
    this.#compare(shard, ours, decodeMinorBlock(fromHex(theirs.block)));
    same("pool after the template", shard.pool.ordered().map(hashOf), theirs.pooled);
    const target = await shard.chain.sealTargetOf(ours);
    same("difficulty as staking lowers it", target.difficulty, BigInt(theirs.difficulty));
    const nonce = BigInt(this.#random.whole(0, 2 ** 32 - 1));
    return { ...ours, header: { ...ours.header, nonce } };
  }

  async #add(shard: LiveShard, block: MinorBlock): Promise<void> {
    const { fullShardId } = shard.chain;
    const answer = await this.#reference.block(fullShardId, toHex(encodeMinorBlock(block)));
    const outcome = await shard.add(block);
    same("our own verdict", outcome.status, "added");
    for (const other of this.#shards.values()) if (other !== shard) await other.receive(outcome);
    if (answer.isTip) same("state root", toHex(block.meta.stateRoot), answer.stateRoot);
    same(
      "whether it is the head",
      toHex(shard.snapshot.head.hash) === toHex(minorHeaderHash(block.header)),
      answer.isTip,
    );
    same("pool after the block", shard.pool.ordered().map(hashOf), answer.pooled);
    this.totals.blocks++;
    this.totals.included += block.transactions.length;
    this.totals.deposits += answer.deposits;
  }

  #compare(shard: LiveShard, ours: MinorBlock, theirs: MinorBlock): void {
    const { header, meta } = ours;
    const what = `template of height ${header.height} in shard ${shard.chain.fullShardId}`;
    same(`${what}: transactions`, ours.transactions.map(hashOf2), theirs.transactions.map(hashOf2));
    same(`${what}: root block`, toHex(header.prevRootBlockHash), toHex(theirs.header.prevRootBlockHash));
    same(`${what}: difficulty`, header.difficulty, theirs.header.difficulty);
    same(`${what}: coinbase`, encodedAddress(header.coinbaseAddress), encodedAddress(theirs.header.coinbaseAddress));
    same(`${what}: extra data`, toHex(header.extraData), toHex(theirs.header.extraData));
    same(
      `${what}: gas limits`,
      [header.gasLimit, meta.xshardGasLimit],
      [theirs.header.gasLimit, theirs.meta.xshardGasLimit],
    );
    if (toHex(header.prevRootBlockHash) !== toHex(shard.snapshot.rootTip.hash)) this.totals.limitedRoots++;
    if (toHex(header.metaHash) !== toHex(theirs.header.metaHash)) this.totals.otherTemplates++;
  }

  async #rootBlock(): Promise<void> {
    const coinbase = {
      recipient: this.#random.oneOf(this.#accounts).address,
      fullShardKey: this.#random.oneOf(SHARDS),
    };
    const times = [...this.#shards.values()].map(({ snapshot }) => snapshot.headBlock.header.createTime);
    const time = Math.max(Math.floor(this.#moment.now / 1000), ...times);
    const answer = await this.#reference.rootBlock(time, encodedAddress(coinbase));
    const block = decodeRootBlock(fromHex(answer.block));
    for (const [index, shard] of [...this.#shards.values()].entries()) {
      await shard.addRoot(block);
      same("head after a root block", toHex(shard.snapshot.head.hash), answer.shards[index].head);
      same("pool after a root block", shard.pool.ordered().map(hashOf), answer.shards[index].pooled);
    }
    this.totals.rootBlocks++;
  }

  /** Some of the blocks are a staker's, some those of the empty address, whose key is the shard's then. */
  #coinbase(fullShardId: number): QkcAddress {
    const recipient = this.#random.oneOf([STAKER, STAKER, this.#accounts[0].address, this.#accounts[1].address]);
    return { recipient, fullShardKey: (fullShardId & 0xffff0000) | this.#random.whole(0, 0xffff) };
  }

  #shardOf(fullShardId: number): LiveShard {
    return this.#shards.get(fullShardId) as LiveShard;
  }
}

function admitted({ pool }: LiveShard, typed: TypedTransaction): boolean {
  try {
    pool.add(typed);
    return true;
  } catch (error) {
    if (error instanceof EngineError) return false;
    throw error;
  }
}

function same(what: string, ours: unknown, theirs: unknown): void {
  const [one, other] = [shown(ours), shown(theirs)];
  if (one !== other) throw new Error(`${what}: ours ${one}, pyquarkchain's ${other}`);
}

function shown(value: unknown): string {
  return JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? `${inner}` : inner));
}

function hashOf({ typed }: { readonly typed: TypedTransaction }): string {
  return toHex(typed.hash);
}

function hashOf2({ hash }: TypedTransaction): string {
  return toHex(hash);
}

function encodedTransaction(typed: TypedTransaction): string {
  const writer = new WireWriter();
  writeTypedTransaction(writer, typed);
  return toHex(writer.finish());
}

function encodedAddress(address: QkcAddress): string {
  const writer = new WireWriter();
  writeQkcAddress(writer, address);
  return toHex(writer.finish());
}
