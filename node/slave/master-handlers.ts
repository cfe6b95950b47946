import { type ClusterConfig, fullShardIdOf } from "../chain/config.ts";
import { decodeEvmTransaction } from "../chain/evm-transaction.ts";
import { encodeRootBlock, readRootBlockHeader } from "../chain/root-block.ts";
import type { TypedTransaction } from "../chain/typed-transaction.ts";
import type { Clock } from "../codec/clock.ts";
import { reasonOf } from "../codec/errors.ts";
import type { QkcAddress } from "../codec/wire.ts";
import { WireReader } from "../codec/wire.ts";
import { Handlers } from "../net/handlers.ts";
import { LinkError } from "../net/link-error.ts";
import type { MasterLink } from "../net/master-link.ts";
import type { SlaveIdentity } from "../net/slave-link.ts";
import { CLUSTER_RPC } from "../wire/cluster-ops.ts";
import { decode, encode } from "../wire/codec.ts";
import type { Rpc } from "../wire/operation.ts";
import { UNANSWERED } from "./reads/empty-answers.ts";
import { RootBlocks } from "./root-blocks.ts";
import type { LogLevel } from "./shard-api.ts";
import type { SlaveShards } from "./slave-shards.ts";
import { BAD_MESSAGE, UNSERVED } from "./unserved.ts";

export interface MasterHandlersParts {
  readonly cluster: ClusterConfig;
  readonly self: SlaveIdentity;
  readonly shards: SlaveShards;
  readonly clock: Clock;
  /** When the slave ends. */
  readonly signal: AbortSignal;
  readonly log: (level: LogLevel, line: string) => void;
  /** Bringing shards to life failed: the slave cannot go on. */
  readonly failed: (error: unknown) => void;
}

/** Requests of the master that concern shards (slave.py MasterConnection). Those about links are served in node/net. */
export function masterHandlers(parts: MasterHandlersParts): Handlers<MasterLink> {
  const { shards, self, clock, signal, log } = parts;
  const roots = new RootBlocks({ shards, clock, signal, log });
  const handlers = new Handlers<MasterLink>()
    .answer(CLUSTER_RPC.ping, async ({ rootTip }) => {
      if (rootTip !== undefined)
        await bringToLife(parts, () => roots.start(rootTip.header.height, encodeRootBlock(rootTip)));
      return self;
    })
    .answerBytes(
      CLUSTER_RPC.addRootBlock,
      async (payload) => {
        const { height } = rootHeaderOf(payload);
        const { refusal, isTip } = await roots.add(payload);
        if (refusal !== undefined) return encode(CLUSTER_RPC.addRootBlock.response, NOT_ADDED);
        await bringToLife(parts, () => roots.start(height, payload));
        return encode(CLUSTER_RPC.addRootBlock.response, { errorCode: 0, switched: isTip });
      },
      () => encode(CLUSTER_RPC.addRootBlock.response, NOT_ADDED),
    )
    .answer(CLUSTER_RPC.mine, async ({ artificialTxConfig: { targetMinorBlockTime }, mining }) => {
      await shards.mine({ mining, targetMinorBlockTime });
      return { errorCode: 0 };
    })
    .answerBytes(CLUSTER_RPC.genTx, async (payload) => {
      await Promise.all(shards.alive.map((shard) => shard.serve(CLUSTER_RPC.genTx.op, payload)));
      return encode(CLUSTER_RPC.genTx.response, { errorCode: 0 });
    });
  joinShards(handlers, shards);
  routeToShards(handlers, parts);
  return handlers;
}

const NOT_ADDED = { errorCode: BAD_MESSAGE, switched: false };

async function bringToLife({ failed }: MasterHandlersParts, start: () => Promise<void>): Promise<void> {
  try {
    await start();
  } catch (error) {
    failed(error);
    throw error;
  }
}

function rootHeaderOf(payload: Uint8Array) {
  try {
    return readRootBlockHeader(new WireReader(payload));
  } catch (error) {
    throw new LinkError("malformed", `ADD_ROOT_BLOCK cannot be decoded: ${reasonOf(error)}`, { cause: error });
  }
}

/** What all shards are asked for: their answers are one. */
function joinShards(handlers: Handlers<MasterLink>, shards: SlaveShards): void {
  const { getEcoInfoList, getUnconfirmedHeaders, getAccountData } = CLUSTER_RPC;
  const ofAll = async <Request, Response>(rpc: Rpc<Request, Response>, payload: Uint8Array): Promise<Response[]> => {
    const answers = await Promise.all(shards.alive.map((shard) => shard.serve(rpc.op, payload)));
    return answers.map((answer) => decode(rpc.response, answer, rpc.name));
  };
  handlers
    .answerBytes(getEcoInfoList, async (payload) => {
      const ecoInfos = (await ofAll(getEcoInfoList, payload)).flatMap((answer) => answer.ecoInfos);
      return encode(getEcoInfoList.response, { errorCode: 0, ecoInfos });
    })
    .answerBytes(getUnconfirmedHeaders, async (payload) => {
      const headersInfos = (await ofAll(getUnconfirmedHeaders, payload)).flatMap((answer) => answer.headersInfos);
      return encode(getUnconfirmedHeaders.response, { errorCode: 0, headersInfos });
    })
    .answerBytes(getAccountData, async (payload) => {
      const accounts = (await ofAll(getAccountData, payload)).flatMap((answer) => answer.accounts);
      return encode(getAccountData.response, { errorCode: 0, accounts });
    });
}

/** What one shard is asked for: it answers; where it is not alive, what pyquarkchain answers then, or should. */
function routeToShards(handlers: Handlers<MasterLink>, { cluster, shards }: MasterHandlersParts): void {
  const route = <Request, Response>(
    rpc: Rpc<Request, Response>,
    branchOf: (request: Request) => number | undefined,
    absent: Response,
  ) => {
    handlers.answerBytes(
      rpc,
      async (payload) => {
        const branch = branchOf(decodedRequest(rpc, payload));
        const shard = branch === undefined ? undefined : shards.find(branch);
        return shard === undefined ? encode(rpc.response, absent) : await shard.serve(rpc.op, payload);
      },
      () => encode(rpc.response, absent),
    );
  };
  const ofKey = (fullShardKey: number) => shardOfKey(cluster, fullShardKey);
  const ofAddress = ({ address }: { readonly address: QkcAddress }) => ofKey(address.fullShardKey);
  const ofTransaction = ({ transaction }: { readonly transaction: TypedTransaction }) =>
    ofKey(decodeEvmTransaction(transaction.rlp).fromFullShardKey);
  const ofBranch = ({ branch }: { readonly branch: number }) => branch;

  route(CLUSTER_RPC.addTransaction, ofTransaction, UNANSWERED.addTransaction);
  route(CLUSTER_RPC.executeTransaction, ofTransaction, UNANSWERED.executeTransaction);
  route(CLUSTER_RPC.estimateGas, ({ from }) => ofKey(from.fullShardKey), UNANSWERED.estimateGas);
  route(CLUSTER_RPC.getStorage, ofAddress, UNANSWERED.getStorage);
  route(CLUSTER_RPC.getCode, ofAddress, UNANSWERED.getCode);
  route(CLUSTER_RPC.getTransactionListByAddress, ofAddress, UNANSWERED.getTransactionListByAddress);
  route(CLUSTER_RPC.getRootChainStakes, ofAddress, UNANSWERED.getRootChainStakes);
  route(CLUSTER_RPC.getMinorBlock, ofBranch, UNANSWERED.getMinorBlock);
  route(CLUSTER_RPC.getTransaction, ofBranch, UNANSWERED.getTransaction);
  route(CLUSTER_RPC.getTransactionReceipt, ofBranch, UNANSWERED.getTransactionReceipt);
  route(CLUSTER_RPC.getAllTransactions, ofBranch, UNANSWERED.getAllTransactions);
  route(CLUSTER_RPC.getLog, ofBranch, UNANSWERED.getLog);
  route(CLUSTER_RPC.gasPrice, ofBranch, UNANSWERED.gasPrice);
  route(CLUSTER_RPC.getTotalBalance, ofBranch, UNANSWERED.getTotalBalance);
  route(CLUSTER_RPC.checkMinorBlock, ({ header }) => header.branch, UNANSWERED.checkMinorBlock);
  route(CLUSTER_RPC.addMinorBlock, ({ block }) => branchOfBlock(block), UNSERVED.addMinorBlock);
  route(CLUSTER_RPC.syncMinorBlockList, ofBranch, { ...UNSERVED.syncMinorBlockList, errorCode: BAD_MESSAGE });
  route(CLUSTER_RPC.getNextBlockToMine, ofBranch, UNSERVED.getNextBlockToMine);
  route(CLUSTER_RPC.getWork, ofBranch, UNSERVED.getWork);
  route(CLUSTER_RPC.submitWork, ofBranch, UNSERVED.submitWork);
}

function decodedRequest<Request>(rpc: Rpc<Request, unknown>, payload: Uint8Array): Request {
  try {
    return decode(rpc.request, payload, rpc.name);
  } catch (error) {
    throw new LinkError("malformed", `${rpc.name} cannot be decoded: ${reasonOf(error)}`, { cause: error });
  }
}

/** Undefined for a key of a chain that does not exist. */
function shardOfKey({ quarkchain }: ClusterConfig, fullShardKey: number): number | undefined {
  const hasChain = quarkchain.chains.some(({ chainId }) => chainId === fullShardKey >>> 16);
  return hasChain ? fullShardIdOf(quarkchain, fullShardKey) : undefined;
}

/** The block itself is decoded by its shard: version, then branch. */
function branchOfBlock(block: Uint8Array): number | undefined {
  if (block.length < 8) return undefined;
  return new DataView(block.buffer, block.byteOffset).getUint32(4);
}
