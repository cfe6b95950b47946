import { Handlers } from "../../net/handlers.ts";
import { CLUSTER_RPC } from "../../wire/cluster-ops.ts";
import type { Rpc } from "../../wire/operation.ts";
import { type ReadName, UNANSWERED } from "./empty-answers.ts";
import type { AnswerTo, RequestOf } from "./read-messages.ts";
import type { ShardReads } from "./shard-reads.ts";

const RPC: { readonly [Name in ReadName]: Rpc<RequestOf<Name>, AnswerTo<Name>> } = CLUSTER_RPC;
const OTHERWISE: { readonly [Name in ReadName]: AnswerTo<Name> } = UNANSWERED;

/**
 * What one shard answers. Of the three operations that ask all shards of a slave (GET_ECO_INFO_LIST, GET_UNCONFIRMED_HEADERS,
 * GET_ACCOUNT_DATA) it answers a list with its own part: a slave's answer is the lists of its shards, joined. `signal`: when
 * the shard, or whoever asks it, is gone.
 */
export function readHandlers<Caller>(reads: ShardReads, signal: AbortSignal): Handlers<Caller> {
  const handlers = new Handlers<Caller>();
  const answer = <Name extends ReadName>(
    name: Name,
    handle: (request: RequestOf<Name>) => AnswerTo<Name> | Promise<AnswerTo<Name>>,
  ) => answerRead(handlers, name, handle);
  answer("getEcoInfoList", () => ({ errorCode: 0, ecoInfos: [reads.ecoInfo()] }));
  answer("getUnconfirmedHeaders", () => ({ errorCode: 0, headersInfos: [reads.unconfirmedHeaders()] }));
  answer("getAccountData", (request) => ({ errorCode: 0, accounts: [reads.accountData(request)] }));
  answer("addTransaction", (request) => reads.addTransaction(request));
  answer("getMinorBlock", (request) => reads.minorBlock(request));
  answer("getTransaction", (request) => reads.transaction(request));
  answer("executeTransaction", (request) => reads.executeTransaction(request));
  answer("getTransactionReceipt", (request) => reads.transactionReceipt(request));
  answer("getTransactionListByAddress", (request) => reads.transactionsOfAddress(request, signal));
  answer("getAllTransactions", (request) => reads.allTransactions(request, signal));
  answer("getLog", (request) => reads.logs(request, signal));
  answer("estimateGas", (request) => reads.estimateGas(request, signal));
  answer("getStorage", (request) => reads.storage(request));
  answer("getCode", (request) => reads.code(request));
  answer("gasPrice", (request) => reads.gasPrice(request));
  answer("checkMinorBlock", (request) => reads.checkMinorBlock(request));
  answer("getRootChainStakes", (request) => reads.rootChainStakes(request));
  answer("getTotalBalance", (request) => reads.totalBalance(request, signal));
  return handlers;
}

function answerRead<Caller, Name extends ReadName>(
  handlers: Handlers<Caller>,
  name: Name,
  handle: (request: RequestOf<Name>) => AnswerTo<Name> | Promise<AnswerTo<Name>>,
): void {
  handlers.answer(RPC[name], handle, () => OTHERWISE[name]);
}
