import type { TokenBalances } from "../../node/chain/token-balances.ts";
import { toHex } from "../../node/codec/bytes.ts";
import type { QkcAddress } from "../../node/codec/wire.ts";
import { grouped } from "./grouped.ts";
import type { Json } from "./json.ts";
import { tokenName } from "./token-names.ts";

/** 20 bytes and the full shard key, as wallets write it. */
export function qkcAddressText({ recipient, fullShardKey }: QkcAddress): string {
  return `${toHex(recipient)}${fullShardKey.toString(16).padStart(8, "0")}`;
}

/** Seconds since 1970 with the date. */
export function timeText(seconds: number): string {
  const date = new Date(seconds * 1000);
  const text = Number.isNaN(date.getTime()) ? "no date" : date.toISOString().replace(".000Z", "Z");
  return `${seconds} (${text})`;
}

const WEI_DIGITS = 18;

/** An amount in whole tokens, all of which count 10^18 parts, and in those parts. */
export function amountText(amount: bigint, token: string): string {
  const digits = amount.toString().padStart(WEI_DIGITS + 1, "0");
  const whole = BigInt(digits.slice(0, -WEI_DIGITS));
  const part = digits.slice(-WEI_DIGITS).replace(/0+$/, "");
  return `${grouped(whole)}${part === "" ? "" : `.${part}`} ${token} (${amount})`;
}

/** Amounts by token id: programs get decimals, as exports have them. */
export function balancesJson(balances: TokenBalances): Json {
  return Object.fromEntries([...balances].map(([id, amount]) => [`${id}`, `${amount}`]));
}

export function balancesText(balances: TokenBalances): string {
  return [...balances].map(([id, amount]) => amountText(amount, tokenName(id))).join(", ") || "none";
}

/** 0x and hex, cut after `limit` bytes. */
export function bytesText(bytes: Uint8Array, limit = 64): string {
  return bytes.length === 0 ? "none" : `${cutHex(bytes, limit)} (${grouped(bytes.length)} bytes)`;
}

/** 0x and hex of the first `limit` bytes. `size`: how many there are, where `bytes` has been cut before. */
export function cutHex(bytes: Uint8Array, limit: number, size = bytes.length): string {
  return `0x${toHex(bytes.subarray(0, limit))}${size > limit ? "…" : ""}`;
}
