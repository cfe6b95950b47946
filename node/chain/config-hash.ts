import { type Hash32, toHex, utf8 } from "../codec/bytes.ts";
import { keccak256 } from "../codec/keccak.ts";
import type { QuarkChainConfig } from "./config.ts";

/**
 * Identity of a set of rules: keccak of the canonical form. Two files that mean the same to consensus have the same
 * hash, however they are spelled and whatever ports or paths they name.
 */
export function configHash(config: QuarkChainConfig): Hash32 {
  return keccak256(utf8(JSON.stringify(canonicalConfig(config))));
}

/** A value of canonical JSON: whole numbers beyond 2^53 and all bigints as decimal texts. */
export type CanonicalValue = null | boolean | number | string | CanonicalValue[] | { [name: string]: CanonicalValue };

/**
 * The configuration with every default filled in, as a JSON value with sorted names; bytes as hex, bigints as decimal
 * texts. Shards are left out: they follow from the chains.
 */
export function canonicalConfig(config: QuarkChainConfig): CanonicalValue {
  const { shards: _, ...rest } = config;
  return canonical(rest);
}

/** Plain data as a value of canonical JSON. */
export function canonical(value: unknown): CanonicalValue {
  if (value === undefined || value === null) return null;
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "boolean" || typeof value === "number" || typeof value === "string") return value;
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(canonical);
  const entries = Object.entries(value).map(([name, inner]): [string, CanonicalValue] => [name, canonical(inner)]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
