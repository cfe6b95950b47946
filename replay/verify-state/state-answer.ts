import { toHex } from "../../node/codec/bytes.ts";
import { shardName } from "../text/block-name.ts";
import type { Colors } from "../text/colors.ts";
import { grouped } from "../text/grouped.ts";
import type { Json } from "../text/json.ts";
import { fieldTable, textTable } from "../text/table.ts";
import { TokenNames, tokenName } from "../text/token-names.ts";
import { addSupply, MAX_FAULTS, type StateFault, type TokenSupply } from "./state-totals.ts";
import type { VerifiedState } from "./verify-state.ts";

/** Faults that people are shown; --json has up to MAX_FAULTS. */
const SHOWN_FAULTS = 20;

/** Supply of a token; `tokenId` is null where only a token trie holds it, whose keys are keccaks. */
interface NamedSupply extends TokenSupply {
  readonly tokenId: bigint | null;
  readonly name: string;
}

/** What `qkc verify-state --json` prints. Amounts are decimal texts. */
export function stateJson(state: VerifiedState, known: Iterable<bigint>): { readonly [name: string]: Json } {
  const { totals } = state;
  return {
    schema: "qkc-state/1",
    verdict: totals.faultCount === 0 ? "whole" : "damaged",
    database: state.kind,
    fullShardId: state.fullShardId,
    height: state.height,
    blockHash: toHex(state.blockHash),
    stateRoot: toHex(state.stateRoot),
    accounts: totals.accounts,
    contracts: totals.contracts,
    codes: totals.codes.size,
    codeBytes: codeBytes(totals.codes),
    storageSlots: totals.storageSlots,
    nodes: totals.nodes,
    nodeBytes: totals.nodeBytes,
    supply: namedSupplies(state, known).map(({ tokenId, name, amount, holders }) => ({
      tokenId: tokenId === null ? null : `${tokenId}`,
      name,
      amount: `${amount}`,
      holders,
    })),
    faultCount: totals.faultCount,
    faults: totals.faults.map((fault) => ({ ...fault })),
    seconds: state.seconds,
  };
}

/** The same for people. */
export function stateText(state: VerifiedState, known: Iterable<bigint>, colors: Colors): string {
  const { totals } = state;
  const whole = totals.faultCount === 0;
  const verdict = whole
    ? `${colors.green(colors.bold("whole"))}: every node and code of the state is there and hashes to its key`
    : `${colors.red(colors.bold("damaged"))}: ${grouped(totals.faultCount)} rows of the state cannot be used; what hangs from them is not counted`;
  const fields = fieldTable([
    ["shard", shardName(state.fullShardId)],
    ["block", `${grouped(state.height)}  ${toHex(state.blockHash)}`],
    ["state root", toHex(state.stateRoot)],
    ["accounts", `${grouped(totals.accounts)}, ${grouped(totals.contracts)} with code`],
    ["codes", `${grouped(totals.codes.size)}, ${grouped(codeBytes(totals.codes))} bytes`],
    ["storage slots", grouped(totals.storageSlots)],
    ["trie nodes", `${grouped(totals.nodes)}, ${grouped(totals.nodeBytes)} bytes`],
    ["time", `${state.seconds.toFixed(1)} s`],
  ]);
  const supplies = namedSupplies(state, known).map(({ name, amount, holders }) => [
    name,
    grouped(amount),
    grouped(holders),
  ]);
  const supply = textTable([["token", "total supply", "holders"], ...supplies], [1, 2]);
  return `${[verdict, fields, supply, ...faultSection(totals.faults, totals.faultCount)].join("\n\n")}\n`;
}

function faultSection(faults: readonly StateFault[], count: number): string[] {
  if (count === 0) return [];
  const shown = faults
    .slice(0, SHOWN_FAULTS)
    .map(({ kind, part, hash, path, message }) => `  ${kind} ${part} ${hash} at ${path || "the root"}: ${message}`);
  const rest = count - shown.length;
  const more = `  … and ${grouped(rest)} more: --json prints the first ${grouped(MAX_FAULTS)}`;
  return [["faults:", ...shown, ...(rest > 0 ? [more] : [])].join("\n")];
}

/** Lists and tries together, by token id; tokens of which only the trie key is known come last. */
function namedSupplies({ totals }: VerifiedState, known: Iterable<bigint>): NamedSupply[] {
  const supply = new Map(totals.supply);
  const names = new TokenNames([...known, ...supply.keys()]);
  const unknown: NamedSupply[] = [];
  for (const [key, { amount, holders }] of totals.hashedSupply) {
    const id = names.idOf(key);
    if (id !== undefined) addSupply(supply, id, amount, holders);
    else unknown.push({ tokenId: null, name: `keccak ${key}`, amount, holders });
  }
  const named = [...supply].map(([tokenId, of]) => ({ tokenId, name: tokenName(tokenId), ...of }));
  named.sort((a, b) => (a.tokenId < b.tokenId ? -1 : 1));
  return [...named, ...unknown.sort((a, b) => (a.name < b.name ? -1 : 1))];
}

function codeBytes(codes: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const bytes of codes.values()) total += bytes;
  return total;
}
