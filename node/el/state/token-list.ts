import { asHash32, bytesToBigInt } from "../../codec/bytes.ts";
import { rlpString } from "../../codec/rlp.ts";
import { trieLeaves } from "../trie/trie-leaves.ts";
import type { NodeStore } from "./node-store.ts";
import { readTokenField } from "./token-field.ts";

/**
 * Everything that an account holds, from its token_balances field. Those of an account with a token trie lie behind the
 * keccak of their tokens, whose numbers are rows of their own: throws DatabaseDamagedError where one is not there.
 */
export function listTokens(store: NodeStore, encoded: Uint8Array): ReadonlyMap<bigint, bigint> {
  const tokens = readTokenField(encoded);
  if (tokens.form === "list") return tokens.balances;
  const balances = new Map<bigint, bigint>();
  for (const { key, value } of trieLeaves(store, tokens.root)) {
    balances.set(bytesToBigInt(store.get(asHash32(key))), bytesToBigInt(rlpString(value, "token balance")));
  }
  return balances;
}
