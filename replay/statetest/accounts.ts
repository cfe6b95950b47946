import { addressFromHex, bigIntToMinimalBytes, EMPTY_BYTES, type Hash32 } from "../../node/codec/bytes.ts";
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY, keccak256 } from "../../node/codec/keccak.ts";
import { rlpEncode } from "../../node/codec/rlp.ts";
import { tokenIdEncode } from "../../node/codec/token-id.ts";
import { type Account, decodeAccount, encodeAccount } from "../../node/el/state/account.ts";
import type { NodeStore } from "../../node/el/state/node-store.ts";
import { writeNumber } from "../../node/el/state/number-trie.ts";
import { QUARKCHAIN_STATE_RULES } from "../../node/el/state/state-rules.ts";
import { TokenHoldings } from "../../node/el/state/token-holdings.ts";
import { Trie } from "../../node/el/trie/trie.ts";
import { trieLeaves } from "../../node/el/trie/trie-leaves.ts";
import { WarmNodes } from "../../node/el/trie/warm-nodes.ts";
import type { PreAccount } from "./format.ts";

export const QKC_TOKEN = tokenIdEncode("QKC");

/** Every account of the tests is born under it. */
const FULL_SHARD_KEY = 0;

/**
 * Writes a test's accounts into `store` and returns the state root. Blank ones are written too, unlike at the end of
 * a block (new_statetest_utils.py init_state: `commit(allow_empties=True)`).
 */
export function writeAccounts(store: NodeStore, accounts: Readonly<Record<string, PreAccount>>): Hash32 {
  const trie = new Trie(store, EMPTY_TRIE_ROOT);
  for (const [address, account] of Object.entries(accounts)) {
    trie.put(keccak256(addressFromHex(address)), encodeAccount(writeAccount(store, account)));
  }
  return trie.commit();
}

/**
 * The state root as Ethereum has it: leaves of nonce, balance of the default token, storage root and code hash
 * (pyquarkchain state.py _MockAccount).
 */
export function ethereumRoot(store: NodeStore, stateRoot: Hash32): Hash32 {
  const trie = new Trie(store, EMPTY_TRIE_ROOT);
  for (const { key, value } of trieLeaves(store, stateRoot)) {
    const { nonce, tokenBalances, storageRoot, codeHash } = decodeAccount(value);
    const balance = new TokenHoldings(store, new WarmNodes(), tokenBalances).balance(QKC_TOKEN);
    trie.put(key, rlpEncode([bigIntToMinimalBytes(nonce), bigIntToMinimalBytes(balance), storageRoot, codeHash]));
  }
  return trie.commit();
}

function writeAccount(store: NodeStore, account: PreAccount): Account {
  return {
    nonce: account.nonce,
    tokenBalances: writeBalances(store, account),
    storageRoot: writeStorage(store, account),
    codeHash: writeCode(store, account),
    fullShardKey: FULL_SHARD_KEY,
  };
}

function writeBalances(store: NodeStore, { balance, balances }: PreAccount): Uint8Array {
  const holdings = new TokenHoldings(store, new WarmNodes(), EMPTY_BYTES);
  const rows = Object.entries(balances ?? { [String(QKC_TOKEN)]: balance ?? 0n });
  for (const [tokenId, amount] of rows) if (amount !== 0n) holdings.set(BigInt(tokenId), amount);
  holdings.commit(QUARKCHAIN_STATE_RULES.tokenTrieThreshold);
  return holdings.encode(QUARKCHAIN_STATE_RULES.zeroBalancesLeaveList);
}

function writeStorage(store: NodeStore, { storage }: PreAccount): Hash32 {
  const trie = new Trie(store, EMPTY_TRIE_ROOT);
  for (const [slot, value] of Object.entries(storage)) writeNumber(trie, BigInt(slot), value);
  return trie.commit();
}

function writeCode(store: NodeStore, { code }: PreAccount): Hash32 {
  if (code.length === 0) return KECCAK_EMPTY;
  const codeHash = keccak256(code);
  store.put(codeHash, code);
  return codeHash;
}
