import { asAddress, asHash32, bytesToBigInt } from "../codec/bytes.ts";
import { tokenIdEncode } from "../codec/token-id.ts";
import type { GenesisAccount, RootGenesis, ShardGenesis } from "./config.ts";
import type { ConfigSection } from "./config-section.ts";
import { chainIdOf } from "./shard-id.ts";

const ZERO_HASH_HEX = "00".repeat(32);
/** config.py RootGenesis.TIMESTAMP, shared by ShardGenesis. */
const DEFAULT_TIMESTAMP = 1519147489;
const MOST_EXTRA_DATA = 0xffff;
const DEFAULT_EXTRA_DATA = Buffer.from(
  "It was the best of times, it was the worst of times, ... - Charles Dickens",
).toString("hex");
const MAX_UINT32 = 0xffffffff;

export function parseRootGenesis(section: ConfigSection): RootGenesis {
  return {
    version: section.count("VERSION", 0, MAX_UINT32),
    height: section.count("HEIGHT", 0, MAX_UINT32),
    prevBlockHash: asHash32(section.hex("HASH_PREV_BLOCK", ZERO_HASH_HEX, 32)),
    merkleRoot: asHash32(section.hex("HASH_MERKLE_ROOT", ZERO_HASH_HEX, 32)),
    timestamp: section.count("TIMESTAMP", DEFAULT_TIMESTAMP),
    difficulty: section.positiveInteger("DIFFICULTY", 1000000n),
    nonce: section.integer("NONCE", 0n),
  };
}

export function parseShardGenesis(section: ConfigSection, chainId: number): ShardGenesis {
  return {
    rootHeight: section.count("ROOT_HEIGHT", 0, MAX_UINT32),
    version: section.count("VERSION", 0, MAX_UINT32),
    height: section.count("HEIGHT", 0),
    prevMinorBlockHash: asHash32(section.hex("HASH_PREV_MINOR_BLOCK", ZERO_HASH_HEX, 32)),
    merkleRoot: asHash32(section.hex("HASH_MERKLE_ROOT", ZERO_HASH_HEX, 32)),
    extraData: extraDataOf(section),
    timestamp: section.count("TIMESTAMP", DEFAULT_TIMESTAMP),
    difficulty: section.positiveInteger("DIFFICULTY", 10000n),
    gasLimit: section.integer("GAS_LIMIT", 30000n * 400n),
    accounts: section.has("ALLOC") ? parseAlloc(section.section("ALLOC"), chainId) : [],
  };
}

/** Accounts by 24-byte address; genesis.py create_minor_block refuses one that lies on another chain. */
function parseAlloc(section: ConfigSection, chainId: number): readonly GenesisAccount[] {
  return section.names().map((name) => {
    const bytes = section.hexOf(name, section.pathOf(name), 24);
    const fullShardKey = Number(bytesToBigInt(bytes.subarray(20)));
    if (chainIdOf(fullShardKey) !== chainId) {
      throw section.refused(
        name,
        `must be an account of chain ${chainId}, its key is of chain ${chainIdOf(fullShardKey)}`,
      );
    }
    return { address: asAddress(bytes.subarray(0, 20)), fullShardKey, ...parseAccount(section.section(name)) };
  });
}

/**
 * Both forms that genesis.py create_minor_block knows: {token: amount, …} and {balances: {token: amount, …}, code,
 * storage}; code and storage may also stand among the tokens of the first.
 */
function parseAccount(section: ConfigSection): Omit<GenesisAccount, "address" | "fullShardKey"> {
  const balances = section.has("balances") ? section.section("balances") : section;
  return {
    code: section.has("code") ? parseCode(section) : undefined,
    storage: section.has("storage") ? parseStorage(section.section("storage")) : [],
    balances: balances
      .names()
      .filter((name) => name !== "code" && name !== "storage")
      .map((name) => [parseToken(balances, name), balances.integer(name, 0n)]),
  };
}

function parseCode(section: ConfigSection): Uint8Array {
  const text = section.requiredText("code");
  return section.hexOf(text.startsWith("0x") ? text.slice(2) : text, section.pathOf("code"));
}

/** The first two characters of slot and value are cut off whatever they are (genesis.py create_minor_block). */
function parseStorage(section: ConfigSection): readonly (readonly [bigint, bigint])[] {
  return section.names().map((slot) => {
    const word = (text: string) => {
      const bytes = section.hexOf(text.slice(2), section.pathOf(slot));
      if (bytes.length > 32) throw section.refused(slot, "slot and value must have at most 32 bytes");
      return bytesToBigInt(bytes);
    };
    return [word(slot), word(section.requiredText(slot))];
  });
}

function parseToken(section: ConfigSection, name: string): bigint {
  try {
    return tokenIdEncode(name);
  } catch {
    throw section.refused(name, "is not a token name (1 to 12 of 0-9 and A-Z)");
  }
}

/** A header has two bytes for its length. */
function extraDataOf(section: ConfigSection): Uint8Array {
  const data = section.hex("EXTRA_DATA", DEFAULT_EXTRA_DATA);
  if (data.length > MOST_EXTRA_DATA) {
    throw section.refused("EXTRA_DATA", `has ${data.length} bytes, at most ${MOST_EXTRA_DATA} fit a header`);
  }
  return data;
}
