import { CodecError } from "./errors.ts";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const BASE = 36n;

/** Id of "ZZZZZZZZZZZZ", the largest there is (pyquarkchain quarkchain/utils.py TOKEN_ID_MAX). */
export const TOKEN_ID_MAX = 4873763662273663091n;

/** Native token name (1 to 12 of 0-9, A-Z) to its id (pyquarkchain quarkchain/utils.py token_id_encode). */
export function tokenIdEncode(name: string): bigint {
  if (!/^[0-9A-Z]{1,12}$/.test(name)) {
    throw new CodecError(`token name must be 1 to 12 of 0-9 and A-Z, got ${JSON.stringify(name.slice(0, 40))}`);
  }
  let id = 0n;
  let base = 1n;
  for (let i = name.length - 1; i >= 0; i--) {
    const digit = BigInt(ALPHABET.indexOf(name[i]));
    id += base * (i === name.length - 1 ? digit : digit + 1n);
    base *= BASE;
  }
  return id;
}

/** Token id to its name (pyquarkchain quarkchain/utils.py token_id_decode). */
export function tokenIdDecode(id: bigint): string {
  if (id < 0n || id > TOKEN_ID_MAX) throw new CodecError(`token id ${id} is outside 0 to ${TOKEN_ID_MAX}`);
  let name = "";
  for (let rest = id; rest >= 0n; rest = rest / BASE - 1n) {
    name = ALPHABET[Number(rest % BASE)] + name;
    if (rest < BASE) break;
  }
  return name;
}
