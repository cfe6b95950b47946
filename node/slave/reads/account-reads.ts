import { shardConfigOf } from "../../chain/config.ts";
import { NO_BALANCES, type TokenBalances } from "../../chain/token-balances.ts";
import { isPoswEnabled, mineableBlocksOf, stakePerBlock } from "../../cl/posw.ts";
import { type Address, bigIntToBytes, bytesEqual, bytesKey, EMPTY_BYTES, type Hash32 } from "../../codec/bytes.ts";
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY } from "../../codec/keccak.ts";
import type { Account } from "../../el/state/account.ts";
import type { NodeStore } from "../../el/state/node-store.ts";
import { readNumber } from "../../el/state/number-trie.ts";
import { readAccount } from "../../el/state/read-account.ts";
import { listTokens } from "../../el/state/token-list.ts";
import { Trie } from "../../el/trie/trie.ts";
import { UNANSWERED } from "./empty-answers.ts";
import type { AnswerTo, RequestOf } from "./read-messages.ts";
import type { ReadView } from "./read-view.ts";

type AccountOfShard = AnswerTo<"getAccountData">["accounts"][number];

/**
 * What an account is on this shard (pyquarkchain slave.py get_account_data). Behind a height that no block has it is
 * nothing; the blocks that it mined are always those in the window that ends with the head.
 */
export function accountData(
  view: ReadView,
  { address: { recipient }, height }: RequestOf<"getAccountData">,
): AccountOfShard {
  const account = accountAt(view, recipient, height);
  const balances = account === undefined ? NO_BALANCES : listTokens(nodesOf(view), account.tokenBalances);
  return {
    branch: view.shard.chain.fullShardId,
    transactionCount: account?.nonce ?? 0n,
    balances,
    isContract: account !== undefined && codeOf(view, account).length > 0,
    poswMineableBlocks: mineableBlocks(view, balances),
    minedBlocks: view.clOf(view.snapshot.headBlock).minedUpTo(view.snapshot.head.hash).get(bytesKey(recipient)) ?? 0,
  };
}

/** Fails behind a height that no block has, where pyquarkchain's slave has an answer that it cannot encode. */
export function storageAt(
  view: ReadView,
  { address: { recipient }, key, height }: RequestOf<"getStorage">,
): AnswerTo<"getStorage"> {
  const stateRoot = view.stateRootAt(height);
  if (stateRoot === undefined) return UNANSWERED.getStorage;
  const { storageRoot } = readAccount(nodesOf(view), stateRoot, recipient) ?? { storageRoot: EMPTY_TRIE_ROOT };
  const isEmpty = bytesEqual(storageRoot, EMPTY_TRIE_ROOT);
  const value = isEmpty ? 0n : readNumber(new Trie(nodesOf(view), storageRoot), key);
  return { errorCode: 0, value: bigIntToBytes(value, 32) };
}

/** Empty, and no failure, behind a height that no block has (pyquarkchain shard_state.py get_code). */
export function codeAt(view: ReadView, { address: { recipient }, height }: RequestOf<"getCode">): AnswerTo<"getCode"> {
  const account = accountAt(view, recipient, height);
  return { errorCode: 0, code: account === undefined ? EMPTY_BYTES : codeOf(view, account) };
}

function accountAt(view: ReadView, recipient: Address, height: bigint | undefined): Account | undefined {
  const stateRoot: Hash32 | undefined = view.stateRootAt(height);
  return stateRoot === undefined ? undefined : readAccount(nodesOf(view), stateRoot, recipient);
}

function codeOf(view: ReadView, { codeHash }: Account): Uint8Array {
  return bytesEqual(codeHash, KECCAK_EMPTY) ? EMPTY_BYTES : nodesOf(view).get(codeHash);
}

function nodesOf(view: ReadView): NodeStore {
  return view.shard.node.store.nodes.layer();
}

/**
 * Blocks that the stakes behind the height asked for would allow in the block after the head, one second later
 * (pyquarkchain shard_state.py get_mining_info).
 */
function mineableBlocks(
  { shard: { config, chain }, snapshot: { headBlock } }: ReadView,
  balances: TokenBalances,
): number {
  const { header } = headBlock;
  const shard = shardConfigOf(config, chain.fullShardId);
  if (!isPoswEnabled(shard.posw, header.createTime)) return 0;
  const next = { ...header, height: header.height + 1, createTime: header.createTime + 1 };
  return mineableBlocksOf(shard.posw, balances.get(config.genesisTokenId) ?? 0n, stakePerBlock(config, shard, next));
}
