import type { ShardSource } from "../../node/archive/block-source.ts";
import { isInShard } from "../../node/chain/shard-id.ts";
import { type Address, bytesEqual, bytesToBigInt, type Hash32, toHex } from "../../node/codec/bytes.ts";
import { UnsupportedError, UsageError } from "../../node/codec/errors.ts";
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY } from "../../node/codec/keccak.ts";
import { rlpString } from "../../node/codec/rlp.ts";
import { ArchivedNodes } from "../../node/el/archived-nodes.ts";
import type { Account } from "../../node/el/state/account.ts";
import { readNumber } from "../../node/el/state/number-trie.ts";
import { readAccount } from "../../node/el/state/read-account.ts";
import { readTokenField } from "../../node/el/state/token-field.ts";
import { Trie } from "../../node/el/trie/trie.ts";
import { trieLeaves } from "../../node/el/trie/trie-leaves.ts";
import type { StoredBlock } from "../database/client-rows.ts";
import { type FoundBlock, findMinorBlock } from "../database/find-block.ts";
import type { Inspected } from "../database/inspected.ts";
import { addressReference, minorReference, slotReference } from "../database/reference.ts";
import { shardName } from "../text/block-name.ts";
import { disassemble, disassemblyText } from "../text/disassemble.ts";
import { grouped } from "../text/grouped.ts";
import type { Json } from "../text/json.ts";
import { fieldTable, textTable } from "../text/table.ts";
import { configuredTokens, TokenNames, tokenName } from "../text/token-names.ts";
import { amountText } from "../text/values.ts";
import type { View } from "./view.ts";

export interface AccountOptions {
  /** Block after which the account is looked at; undefined: the tip of every shard that it can be in. */
  readonly at: string | undefined;
  readonly withCode: boolean;
}

const CACHE_BYTES = 8 << 20;
/** Slots that are listed where none is named. */
const LISTED_SLOTS = 1000;

/** An account in the state after one block. */
interface AccountState {
  readonly at: FoundBlock;
  readonly nodes: ArchivedNodes;
  readonly account: Account;
}

/** `qkc inspect account`: in one shard, or in each where it is. */
export function accountView(inspected: Inspected, reference: string, options: AccountOptions): View {
  const { address, fullShardKey } = addressReference(reference);
  const blocks = blocksToLookAt(inspected, options.at, fullShardKey);
  const views = accountStates(address, blocks).map((state) => oneAccountView(inspected, address, state, options));
  if (views.length === 0) throw notFound(address, blocks);
  return { json: { accounts: views.map(({ json }) => json) }, text: views.flatMap(({ text }) => text) };
}

/** `qkc inspect storage`: one slot, or what the storage trie holds. */
export function storageView(inspected: Inspected, reference: string, slot: string | undefined, at?: string): View {
  const { address, fullShardKey } = addressReference(reference);
  const blocks = blocksToLookAt(inspected, at, fullShardKey);
  const states = accountStates(address, blocks);
  if (states.length === 0) throw notFound(address, blocks);
  const views = states.map((state) =>
    slot === undefined ? wholeStorageView(address, state) : slotView(address, state, slotReference(slot)),
  );
  return { json: { storage: views.map(({ json }) => json) }, text: views.flatMap(({ text }) => text) };
}

function blocksToLookAt(inspected: Inspected, at: string | undefined, fullShardKey: number | undefined): FoundBlock[] {
  if (at !== undefined) return [findMinorBlock(inspected, minorReference(at))];
  const ids = inspected.source.fullShardIds.filter((id) => fullShardKey === undefined || isInShard(id, fullShardKey));
  if (ids.length === 0) throw new UsageError("the database has no shard that the address's full shard key belongs to");
  return ids.map((fullShardId) => findMinorBlock(inspected, { kind: "height", fullShardId, height: undefined }));
}

function accountStates(address: Address, blocks: readonly FoundBlock[]): AccountState[] {
  const states: AccountState[] = [];
  for (const at of blocks) {
    const nodes = stateNodes(at.shard, at);
    const account = readAccount(nodes, at.block.meta.stateRoot, address);
    if (account !== undefined) states.push({ at, nodes, account });
  }
  return states;
}

function stateNodes(shard: ShardSource, { block }: StoredBlock): ArchivedNodes {
  const name = `the database of shard ${shard.fullShardId}`;
  if (!shard.rows.has(block.meta.stateRoot)) {
    throw new UnsupportedError(
      `${name} does not hold the state after block ${grouped(block.header.height)}: ` +
        "qkc doctor says which states are there",
    );
  }
  return new ArchivedNodes(shard.rows, { name, cacheBytes: CACHE_BYTES });
}

function notFound(address: Address, blocks: readonly FoundBlock[]): UsageError {
  const places = blocks.map(({ block: { header } }) => `${shardName(header.branch)} at ${grouped(header.height)}`);
  return new UsageError(`no account ${toHex(address)} in shard ${places.join(", ")}`);
}

function oneAccountView(
  inspected: Inspected,
  address: Address,
  { at, nodes, account }: AccountState,
  { withCode }: AccountOptions,
): View {
  const { header } = at.block;
  const balances = namedBalances(inspected, nodes, account.tokenBalances);
  const code = bytesEqual(account.codeHash, KECCAK_EMPTY) ? undefined : nodes.get(account.codeHash);
  const json = {
    fullShardId: header.branch,
    height: header.height,
    block: toHex(at.hash),
    address: toHex(address),
    nonce: `${account.nonce}`,
    fullShardKey: `0x${account.fullShardKey.toString(16).padStart(8, "0")}`,
    balances: balances.map(({ id, name, amount }) => ({
      tokenId: id === null ? null : `${id}`,
      name,
      amount: `${amount}`,
    })),
    storageRoot: toHex(account.storageRoot),
    codeHash: toHex(account.codeHash),
    codeLength: code?.length ?? 0,
    ...(withCode && code !== undefined
      ? { code: toHex(code), disassembly: disassemble(code).map(instructionJson) }
      : {}),
  };
  const hasStorage = !bytesEqual(account.storageRoot, EMPTY_TRIE_ROOT);
  const fields = fieldTable([
    ["account", json.address],
    ["in", `shard ${shardName(header.branch)} after block ${grouped(header.height)}`],
    ["nonce", grouped(account.nonce)],
    ["full shard key", json.fullShardKey],
    ...balances.map(({ name, amount }, i) => [i === 0 ? "balances" : "", amountText(amount, name)] as const),
    ["code", code === undefined ? "none" : `${grouped(code.length)} bytes, hash ${json.codeHash}`],
    ["storage", hasStorage ? `root ${json.storageRoot}` : "none"],
  ]);
  return { json, text: withCode && code !== undefined ? [fields, disassemblyText(code)] : [fields] };
}

function instructionJson({ offset, name, operand }: ReturnType<typeof disassemble>[number]): Json {
  return operand === undefined ? [offset, name] : [offset, name, operand];
}

interface NamedBalance {
  /** Null where only the key in the token trie is known. */
  readonly id: bigint | null;
  readonly name: string;
  readonly amount: bigint;
}

function namedBalances({ config, tokens }: Inspected, nodes: ArchivedNodes, encoded: Uint8Array): NamedBalance[] {
  const field = readTokenField(encoded);
  if (field.form === "list") {
    return [...field.balances].map(([id, amount]) => ({ id, name: tokenName(id), amount }));
  }
  const names = new TokenNames(config === undefined ? [] : configuredTokens(config));
  for (const name of tokens) names.addName(name);
  return [...trieLeaves(nodes, field.root)].map(({ key, value }) => {
    const amount = bytesToBigInt(rlpString(value, "token balance"));
    const id = names.idOf(toHex(key)) ?? null;
    return { id, name: id === null ? `unnamed token (keccak ${toHex(key)})` : tokenName(id), amount };
  });
}

function slotView(address: Address, { at, nodes, account }: AccountState, slot: bigint): View {
  const value = bytesEqual(account.storageRoot, EMPTY_TRIE_ROOT)
    ? 0n
    : readNumber(new Trie(nodes, account.storageRoot), slot);
  const hex = `0x${value.toString(16).padStart(64, "0")}`;
  const place = storagePlace(address, at);
  const fields = fieldTable([...place.fields, ["slot", `${slot}`], ["value", `${hex} (${value})`]]);
  return { json: { ...place.json, slot: `${slot}`, value: hex }, text: [fields] };
}

function wholeStorageView(address: Address, { at, nodes, account }: AccountState): View {
  const rows: [string, string][] = [];
  let more = false;
  for (const { key, value } of trieLeaves(nodes, account.storageRoot)) {
    more = rows.length === LISTED_SLOTS;
    if (more) break;
    const number = bytesToBigInt(rlpString(value, "storage slot"));
    rows.push([toHex(key), `0x${number.toString(16).padStart(64, "0")}`]);
  }
  const place = storagePlace(address, at);
  const json = {
    ...place.json,
    storageRoot: toHex(account.storageRoot satisfies Hash32),
    slots: rows.map(([keccak, value]) => ({ keccak, value })),
    complete: !more,
  };
  const count = more ? `the first ${grouped(LISTED_SLOTS)}; name a slot to see it` : grouped(rows.length);
  const fields = fieldTable([...place.fields, ["slots", count]]);
  return { json, text: rows.length === 0 ? [fields] : [fields, textTable([["keccak of the slot", "value"], ...rows])] };
}

function storagePlace(address: Address, { hash, block: { header } }: FoundBlock) {
  return {
    json: { fullShardId: header.branch, height: header.height, block: toHex(hash), address: toHex(address) },
    fields: [
      ["storage of", toHex(address)],
      ["in", `shard ${shardName(header.branch)} after block ${grouped(header.height)}`],
    ] as const,
  };
}
