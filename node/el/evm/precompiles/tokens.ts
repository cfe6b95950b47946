import { bytesEqual } from "../../../codec/bytes.ts";
import { TOKEN_ID_MAX } from "../../../codec/token-id.ts";
import { ExecutionAbortedError } from "../abort.ts";
import type { ExecutionContext } from "../context.ts";
import { failure, OUT_OF_GAS } from "../frame.ts";
import type { Message, MessageResult } from "../message.ts";
import { readWord, WORD_LIMIT, wordToAddress, wordToBytes } from "../words.ts";
import { smallAddress, TRANSFER_TOKEN } from "./addresses.ts";
import { SYSTEM_CONTRACT_ADDRESSES } from "./system-contract-addresses.ts";

const TRANSFER_HEADER_BYTES = 96;
const BAD_TOKEN = failure("no such token id");

/** 514b430001: token of the message's value (pyquarkchain specials.py proc_current_mnt_id). */
export function currentTokenId(context: ExecutionContext, message: Message): MessageResult {
  const fee = context.chain.rules.gas.currentTokenId;
  if (message.gas < fee) return failure(OUT_OF_GAS);
  return { success: true, gasLeft: message.gas - fee, output: wordToBytes(message.transferTokenId) };
}

/**
 * 514b430002: a message with a value in any token: (to, token id, value), then its data. The payer is this message's
 * sender, which under DELEGATECALL is the caller's caller. The new message knows no shard key (specials.py
 * proc_transfer_mnt).
 */
export function transferToken(context: ExecutionContext, message: Message): MessageResult | Message {
  const { state, chain } = context;
  const { data, sender } = message;
  if (data.length < TRANSFER_HEADER_BYTES || message.isStatic) return failure("a token transfer is not possible here");
  const to = wordToAddress(readWord(data, 0));
  const tokenId = readWord(data, 32);
  const value = readWord(data, 64);
  if (tokenId > TOKEN_ID_MAX) return BAD_TOKEN;
  if (smallAddress(to) === TRANSFER_TOKEN) return failure("a token transfer cannot call itself");

  const fees = chain.rules.gas;
  let fee = 0;
  if (value > 0n) fee = fees.callValueTransfer + (state.accountExists(to) ? 0 : fees.callNewAccount);
  if (message.gas < fee) return failure(OUT_OF_GAS);
  const gasLeft = message.gas - fee;
  if (state.getBalance(sender, tokenId) < value || message.depth >= chain.rules.callDepthLimit) {
    return { ...failure("insufficient balance or too many nested calls"), gasLeft };
  }
  // Only DELEGATECALL moves no value.
  const payer = chain.rules.delegatedTransferIsSenders || message.transfersValue ? sender : message.to;
  return {
    sender: payer,
    to,
    codeAddress: to,
    value,
    transferTokenId: tokenId,
    gas: value > 0n ? gasLeft + fees.callStipend : gasLeft,
    data: data.subarray(TRANSFER_HEADER_BYTES),
    depth: message.depth + 1,
    transfersValue: true,
    isStatic: false,
    toFullShardKey: chain.rules.transferForgetsShardKey ? undefined : message.toFullShardKey,
  };
}

/**
 * 514b430004: creates units of a token: (minter, token id, amount). Only for the non-reserved native token contract
 * on chain 0, and not refused in a static call (specials.py proc_mint_mnt).
 */
export function mintToken(context: ExecutionContext, message: Message): MessageResult {
  const { state, chain, transaction } = context;
  const { data } = message;
  const minter = wordToAddress(readWord(data, 0));
  const tokenId = readTokenId(context, data);
  const amount = readWord(data, 64);
  if (amount === 0n) return failure("nothing to mint");
  const fees = chain.rules.gas;
  const fee = fees.callValueTransfer + (state.accountExists(minter) ? 0 : fees.callNewAccount);
  if (message.gas < fee) return failure(OUT_OF_GAS);
  if (tokenId > TOKEN_ID_MAX) return BAD_TOKEN;
  if (transaction.chainId !== 0) return failure("tokens are minted on chain 0 only");
  if (tokenId === chain.defaultChainToken) return failure("the default token cannot be minted");
  if (!bytesEqual(message.sender, SYSTEM_CONTRACT_ADDRESSES.nonReservedNativeToken)) {
    return failure("only the native token contract may mint");
  }
  state.addBalance(minter, tokenId, amount);
  return { success: true, gasLeft: message.gas - fee, output: wordToBytes(1n) };
}

/** 514b430005: balance of (address, token id) (specials.py proc_balance_mnt). */
export function tokenBalance(context: ExecutionContext, message: Message): MessageResult {
  const { state, chain } = context;
  const account = wordToAddress(readWord(message.data, 0));
  const tokenId = readTokenId(context, message.data);
  const fee = chain.rules.gas.tokenBalance;
  if (message.gas < fee) return failure(OUT_OF_GAS);
  if (tokenId > TOKEN_ID_MAX) return BAD_TOKEN;
  const balance = state.getBalance(account, tokenId);
  // Minting has no upper bound; encode_int32 raises on what it can pile up.
  if (balance >= WORD_LIMIT) throw new ExecutionAbortedError(`a balance of token ${tokenId} does not fit 256 bits`);
  return { success: true, gasLeft: message.gas - fee, output: wordToBytes(balance) };
}

function readTokenId({ chain }: ExecutionContext, data: Uint8Array): bigint {
  const tokenId = readWord(data, 32);
  return chain.rules.tokenIdsAreCut ? BigInt.asUintN(64, tokenId) : tokenId;
}
