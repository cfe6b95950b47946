import type { Hash32 } from "../../codec/bytes.ts";
import { KECCAK_EMPTY } from "../../codec/keccak.ts";
import type { WarmNodes } from "../trie/warm-nodes.ts";
import type { Account } from "./account.ts";
import { AccountStorage } from "./account-storage.ts";
import type { NodeStore } from "./node-store.ts";
import type { StateRules } from "./state-rules.ts";
import { TokenHoldings } from "./token-holdings.ts";

/** An account from its first look-up in a block to the block's commit (pyquarkchain state.py Account). */
export class CachedAccount {
  /** keccak-256 of the address. */
  readonly trieKey: Hash32;
  readonly fullShardKey: number;
  readonly holdings: TokenHoldings;
  nonce: bigint;
  /** KECCAK_EMPTY itself when there is no code. */
  codeHash: Hash32;
  storage: AccountStorage;
  /** To be committed: written, or removed when blank. */
  touched = false;

  constructor(store: NodeStore, nodes: WarmNodes, trieKey: Hash32, account: Account) {
    this.trieKey = trieKey;
    this.fullShardKey = account.fullShardKey;
    this.holdings = new TokenHoldings(store, nodes, account.tokenBalances);
    this.nonce = account.nonce;
    this.codeHash = account.codeHash;
    this.storage = new AccountStorage(store, nodes, account.storageRoot);
  }

  /** Storage does not count (state.py Account.is_blank). */
  isBlank(): boolean {
    return this.nonce === 0n && this.codeHash === KECCAK_EMPTY && this.holdings.isBlank();
  }

  /** The leaf to write, once storage and holdings are committed. */
  committed(storageRoot: Hash32, { zeroBalancesLeaveList }: StateRules): Account {
    return {
      nonce: this.nonce,
      tokenBalances: this.holdings.encode(zeroBalancesLeaveList),
      storageRoot,
      codeHash: this.codeHash,
      fullShardKey: this.fullShardKey,
    };
  }
}
