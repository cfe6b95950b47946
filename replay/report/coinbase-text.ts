import type { CoinbaseDifference, CoinbasePart } from "./triage-schema.ts";

/** What a miner gets otherwise than declared, as one line and a line for each part that the difference points to. */
export function coinbaseLines(difference: CoinbaseDifference): string[] {
  const { token, declared, computed, parts } = difference;
  const sum = summands(parts).map(([amount, what]) => `${amount} (${what})`);
  const first = `coinbase ${token}: ${declared} declared, ${computed} computed = ${sum.join(" + ")}`;
  const parting = parts
    .filter(isParting)
    .map((part) => `${part.what}: ${part.declared} declared, ${part.amount} computed`);
  return [first, ...parting, ...clue(difference)];
}

/** The same as a patch, part by part. */
export function coinbasePatch(difference: CoinbaseDifference): string {
  const { token, declared, computed, parts } = difference;
  const lines = parts.map((part) =>
    isParting(part) ? `-${part.declared} ${part.what}\n+${part.amount} ${part.what}` : ` ${part.amount} ${part.what}`,
  );
  const hints = clue(difference).map((line) => ` (${line})`);
  return [`@@ coinbase, ${token} @@`, `-${declared}`, `+${computed}`, ...lines, ...hints].join("\n");
}

function isParting({ declared, amount }: CoinbasePart): boolean {
  return typeof declared === "string" && declared !== amount;
}

/** The reward, and all fees as one; reports of earlier programs have two parts that are not told apart. */
function summands(parts: readonly CoinbasePart[]): (readonly [amount: string, what: string])[] {
  const fees = parts.filter(({ unit }) => unit !== undefined && unit?.kind !== "reward");
  const others = parts.filter((part) => !fees.includes(part) || fees.length === 1);
  const sum = fees.reduce((total, { amount }) => total + BigInt(amount), 0n);
  return [
    ...others.map(({ amount, what }) => [amount, what] as const),
    ...(fees.length > 1 ? [[`${sum}`, `${fees.length} fees`] as const] : []),
  ];
}

/** Where no rule tells the declared parts: the one part that is as large as what is too much or too little. */
function clue({ declared, computed, parts }: CoinbaseDifference): string[] {
  if (parts.some((part) => typeof part.declared === "string")) return [];
  const difference = BigInt(declared) - BigInt(computed);
  const size = difference < 0n ? -difference : difference;
  const fitting = parts.filter(({ amount }) => BigInt(amount) === size);
  if (fitting.length !== 1) return [];
  return [`the difference is ${fitting[0].what}: as if it were ${difference < 0n ? "not paid" : "paid twice"}`];
}
