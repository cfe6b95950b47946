import { type Address, bytesEqual, EMPTY_BYTES, type Hash32 } from "../../codec/bytes.ts";
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY } from "../../codec/keccak.ts";
import type { Account } from "../../el/state/account.ts";
import { readNumber } from "../../el/state/number-trie.ts";
import { balanceAt, readAccount } from "../../el/state/read-account.ts";
import { readTokenField } from "../../el/state/token-field.ts";
import { Trie } from "../../el/trie/trie.ts";
import { ENGINE_ERROR, EngineError } from "../../engine/engine-error.ts";
import type { ChainView, PlacedBlock } from "../chain-view.ts";

/** What accounts hold after a block. Throws EngineError where its state is pruned. */
export class AccountView {
  readonly #chain: ChainView;
  readonly #placed: PlacedBlock;

  constructor(chain: ChainView, placed: PlacedBlock) {
    this.#chain = chain;
    this.#placed = placed;
  }

  balance(address: Address, tokenId: bigint): bigint {
    return balanceAt(this.#nodes, this.#stateRoot, address, tokenId);
  }

  nonce(address: Address): bigint {
    return this.#account(address)?.nonce ?? 0n;
  }

  code(address: Address): Uint8Array {
    const codeHash = this.#account(address)?.codeHash ?? KECCAK_EMPTY;
    return bytesEqual(codeHash, KECCAK_EMPTY) ? EMPTY_BYTES : this.#nodes.get(codeHash);
  }

  storage(address: Address, slot: bigint): bigint {
    const root = this.#account(address)?.storageRoot ?? EMPTY_TRIE_ROOT;
    return bytesEqual(root, EMPTY_TRIE_ROOT) ? 0n : readNumber(new Trie(this.#nodes, root), slot);
  }

  /** All non-zero balances; an account with more than 16 tokens keeps only their hashes, so that they cannot be listed. */
  balances(address: Address): ReadonlyMap<bigint, bigint> {
    const account = this.#account(address);
    if (account === undefined) return new Map();
    const tokens = readTokenField(account.tokenBalances);
    if (tokens.form === "list") return tokens.balances;
    throw new EngineError(
      ENGINE_ERROR.server,
      "not supported: the account's tokens are in a trie of hashes; ask qkc_getBalance for one token",
    );
  }

  #account(address: Address): Account | undefined {
    return readAccount(this.#nodes, this.#stateRoot, address);
  }

  get #nodes() {
    return this.#chain.nodesAfter(this.#placed);
  }

  get #stateRoot(): Hash32 {
    return this.#placed.block.meta.stateRoot;
  }
}
