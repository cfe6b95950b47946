import type { ClusterConfig } from "../../node/chain/config.ts";
import { bigIntToBytes, toHex } from "../../node/codec/bytes.ts";
import { keccak256 } from "../../node/codec/keccak.ts";
import { TOKEN_ID_MAX, tokenIdDecode, tokenIdEncode } from "../../node/codec/token-id.ts";

/** A token as people call it; an id that no name has is shown as #id. */
export function tokenName(id: bigint): string {
  return id <= TOKEN_ID_MAX ? tokenIdDecode(id) : `#${id}`;
}

/** Key of a token in an account's token trie, hex: the token itself cannot be told from it. */
export function tokenTrieKey(id: bigint): string {
  return toHex(keccak256(bigIntToBytes(id, 32)));
}

/** Names to try on the keys of token tries. */
export class TokenNames {
  readonly #byKey = new Map<string, bigint>();

  constructor(ids: Iterable<bigint>) {
    for (const id of ids) this.add(id);
  }

  add(id: bigint): void {
    this.#byKey.set(tokenTrieKey(id), id);
  }

  /** Throws CodecError for what is no token name. */
  addName(name: string): void {
    this.add(tokenIdEncode(name));
  }

  idOf(trieKey: string): bigint | undefined {
    return this.#byKey.get(trieKey);
  }
}

/** Tokens that a configuration names. */
export function configuredTokens({ quarkchain }: ClusterConfig): Set<bigint> {
  const ids = new Set([quarkchain.genesisTokenId]);
  for (const { genesis, defaultChainTokenId } of quarkchain.shards.values()) {
    ids.add(defaultChainTokenId);
    for (const { balances } of genesis.accounts) for (const [id] of balances) ids.add(id);
  }
  return ids;
}
