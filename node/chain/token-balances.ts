import type { WireReader, WireWriter } from "../codec/wire.ts";

/** Amounts by native token id (pyquarkchain core.py TokenBalanceMap). Never holds a zero amount once decoded. */
export type TokenBalances = ReadonlyMap<bigint, bigint>;

export const NO_BALANCES: TokenBalances = new Map();

/** pyquarkchain core.py PrependedSizeMapSerializer: the last of equal keys wins, zero amounts are dropped. */
export function readTokenBalances(reader: WireReader, what: string): TokenBalances {
  const count = reader.uint32(what);
  if (count === 0) return NO_BALANCES;
  const balances = new Map<bigint, bigint>();
  let previous = -1n;
  reader.items(what, count, 2, (item) => {
    const tokenId = item.biguint(what);
    const amount = item.biguint(what);
    if (tokenId <= previous || amount === 0n) item.isCanonical = false;
    previous = tokenId;
    balances.set(tokenId, amount);
  });
  if (!reader.isCanonical) for (const [tokenId, amount] of balances) if (amount === 0n) balances.delete(tokenId);
  return balances;
}

export function writeTokenBalances(writer: WireWriter, balances: TokenBalances): void {
  const rows = [...balances].filter(([, amount]) => amount !== 0n);
  if (rows.length > 1) rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  writer.list32(rows, (out, [tokenId, amount]) => {
    out.biguint(tokenId).biguint(amount);
  });
}

/** Adds `amount` to a token's entry, creating it even for zero (pyquarkchain quarkchain/utils.py add_dict). */
export function addTokenBalance(balances: Map<bigint, bigint>, tokenId: bigint, amount: bigint): void {
  balances.set(tokenId, (balances.get(tokenId) ?? 0n) + amount);
}
