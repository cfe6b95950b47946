import { asHash32, type Hash32 } from "../../codec/bytes.ts";
import { CodecError } from "../../codec/errors.ts";
import { rlpListItems, uintFromPayload } from "../../codec/rlp.ts";

/** An account's token_balances field as it is stored: all balances, or the root of a trie that holds them. */
export type TokenField =
  | { readonly form: "list"; readonly balances: ReadonlyMap<bigint, bigint> }
  | { readonly form: "trie"; readonly root: Hash32 };

const LIST_FORM = 0;
const TRIE_FORM = 1;

/** Reads the field (pyquarkchain state.py TokenBalances). Throws CodecError when it follows no known form. */
export function readTokenField(encoded: Uint8Array): TokenField {
  if (encoded.length === 0) return { form: "list", balances: new Map() };
  const content = encoded.subarray(1);
  if (encoded[0] === TRIE_FORM) return { form: "trie", root: asHash32(content) };
  if (encoded[0] !== LIST_FORM) throw new CodecError(`token balances of unknown form ${encoded[0]}`);
  const balances = new Map<bigint, bigint>();
  for (const pair of rlpListItems(content, "token balances")) {
    const fields = rlpListItems(pair, "token balance pair");
    if (fields.length !== 2) throw new CodecError(`a token balance pair has 2 fields, got ${fields.length}`);
    balances.set(uintFromPayload(fields[0], "token id"), uintFromPayload(fields[1], "token balance"));
  }
  return { form: "list", balances };
}
