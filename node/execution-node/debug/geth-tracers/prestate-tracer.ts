import { type Address, bigIntToBytes, bytesKey, type Hash32, toHex } from "../../../codec/bytes.ts";
import { KECCAK_EMPTY } from "../../../codec/keccak.ts";
import type { ExecutionUnit } from "../../../el/evm/tracer.ts";
import type { EvmState } from "../../../el/state/evm-state.ts";
import type { WorldState } from "../../../el/state/world-state.ts";
import { type AccountPart, type StateWatcher, WatchedState } from "../../../el/tracing/watched-state.ts";
import { dataToJson, quantityToJson } from "../../../engine/api/json-fields.ts";
import { SizeLimit } from "./size-limit.ts";
import type { TracerConfig } from "./trace-config.ts";
import type { GethTracer, SubjectChoice, TracedUnit } from "./traced-units.ts";

/** An account at one moment, with the entries of it that the unit uses. */
interface AccountState {
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly code: Uint8Array;
  readonly codeHash: Hash32;
  /** Of tokens other than the default one. */
  readonly tokens: Map<bigint, bigint>;
  readonly storage: Map<bigint, bigint>;
}

interface UsedAccount {
  readonly address: Address;
  readonly before: AccountState;
  isDeleted: boolean;
}

/**
 * What a unit uses of the state, as go-ethereum's prestateTracer tells it (eth/tracers/native/prestate.go): before the
 * unit, or what it changes. Balances of other tokens than the default one stand in `tokenBalances`, by token id.
 */
export class PrestateTracer implements GethTracer, StateWatcher {
  readonly results: TracedUnit[] = [];
  readonly #subjectOf: SubjectChoice;
  readonly #config: TracerConfig;
  readonly #defaultToken: bigint;
  readonly #size = new SizeLimit();
  #state: WorldState | undefined;
  #used: Map<string, UsedAccount> | undefined;

  constructor(subjectOf: SubjectChoice, config: TracerConfig, defaultToken: bigint) {
    this.#subjectOf = subjectOf;
    this.#config = config;
    this.#defaultToken = defaultToken;
  }

  wrapState(state: WorldState): EvmState {
    this.#state = state;
    return new WatchedState(state, this);
  }

  enterUnit(unit: ExecutionUnit): void {
    this.#used = this.#subjectOf(unit) === undefined ? undefined : new Map();
  }

  leaveUnit(unit: ExecutionUnit): void {
    const used = this.#used;
    this.#used = undefined;
    if (used === undefined) return;
    const result =
      this.#config.diffMode === true ? this.#difference([...used.values()]) : this.#before([...used.values()]);
    this.#size.add(result);
    this.results.push({ unit, result });
  }

  /** The state is about to look the account up itself: reading it first makes no difference. */
  uses(address: Address, part: AccountPart, key = 0n): void {
    const state = this.#state;
    if (this.#used === undefined || state === undefined) return;
    const { before } = this.#accountOf(this.#used, address, state);
    if (part === "slot" && !before.storage.has(key)) before.storage.set(key, state.getStorage(address, key));
    if (part === "balance" && key !== this.#defaultToken && !before.tokens.has(key)) {
      before.tokens.set(key, state.getBalance(address, key));
    }
  }

  wrote(address: Address, part: AccountPart): void {
    const account = part === "account" ? this.#used?.get(bytesKey(address)) : undefined;
    if (account !== undefined) account.isDeleted = true;
  }

  #accountOf(used: Map<string, UsedAccount>, address: Address, state: WorldState): UsedAccount {
    const key = bytesKey(address);
    const known = used.get(key);
    if (known !== undefined) return known;
    // The caller's array may be a window on memory that lives on.
    const own = address.slice() as Address;
    const account = { address: own, before: this.#read(own, state), isDeleted: false };
    used.set(key, account);
    return account;
  }

  #read(address: Address, state: WorldState): AccountState {
    return {
      balance: state.getBalance(address, this.#defaultToken),
      nonce: state.knownAccount(address)?.nonce ?? 0n,
      code: state.getCode(address),
      codeHash: state.getCodeHash(address),
      tokens: new Map(),
      storage: new Map(),
    };
  }

  #before(accounts: readonly UsedAccount[]): object {
    const isTold = ({ before }: UsedAccount) => this.#config.includeEmpty === true || !isEmpty(before);
    return Object.fromEntries(
      accounts.filter(isTold).map(({ address, before }) => [dataToJson(address), this.#accountToJson(before)]),
    );
  }

  #difference(accounts: readonly UsedAccount[]): object {
    const pre: Record<string, object> = {};
    const post: Record<string, object> = {};
    for (const { address, before, isDeleted } of accounts) {
      const key = dataToJson(address);
      const changes = isDeleted ? undefined : this.#changesOf(address, before);
      if (changes !== undefined && !changes.isChanged) continue;
      if (changes !== undefined) post[key] = changes.post;
      const storage = new Map(
        [...before.storage].filter(([slot, value]) => value !== 0n && (changes?.slots.has(slot) ?? true)),
      );
      if (!isEmpty(before)) pre[key] = this.#accountToJson({ ...before, storage });
    }
    return { post, pre };
  }

  #changesOf(address: Address, before: AccountState) {
    const state = this.#state as WorldState;
    const after = this.#read(address, state);
    const tokens = changed(before.tokens, (token) => state.getBalance(address, token));
    const slots = this.#config.disableStorage
      ? new Map()
      : changed(before.storage, (slot) => state.getStorage(address, slot));
    const hasOtherCode = after.codeHash !== before.codeHash && toHex(after.codeHash) !== toHex(before.codeHash);
    const post = {
      ...(after.balance === before.balance ? {} : { balance: quantityToJson(after.balance) }),
      ...(after.nonce === before.nonce ? {} : { nonce: Number(after.nonce) }),
      ...(hasOtherCode ? { codeHash: codeHashToJson(after.codeHash) } : {}),
      ...(hasOtherCode && this.#config.disableCode !== true && after.code.length > 0
        ? { code: dataToJson(after.code) }
        : {}),
      ...storageToJson(new Map([...slots].filter(([, value]) => value !== 0n))),
      ...tokensToJson(tokens),
    };
    return { post, slots, isChanged: slots.size > 0 || Object.keys(post).length > 0 };
  }

  #accountToJson({ balance, nonce, code, codeHash, storage, tokens }: AccountState): object {
    const hasCode = !isEmptyCode(codeHash);
    return {
      balance: quantityToJson(balance),
      ...(hasCode && this.#config.disableCode !== true ? { code: dataToJson(code) } : {}),
      ...(hasCode ? { codeHash: dataToJson(codeHash) } : {}),
      ...(nonce === 0n ? {} : { nonce: Number(nonce) }),
      ...(this.#config.disableStorage === true ? {} : storageToJson(storage)),
      ...tokensToJson(tokens),
    };
  }
}

function isEmpty({ nonce, codeHash, balance, tokens }: AccountState): boolean {
  return nonce === 0n && isEmptyCode(codeHash) && balance === 0n && [...tokens.values()].every((held) => held === 0n);
}

function isEmptyCode(codeHash: Hash32): boolean {
  return toHex(codeHash) === toHex(KECCAK_EMPTY);
}

/** go-ethereum has zeros for an account whose code went. */
function codeHashToJson(codeHash: Hash32): string {
  return dataToJson(isEmptyCode(codeHash) ? new Uint8Array(32) : codeHash);
}

function changed(before: ReadonlyMap<bigint, bigint>, read: (key: bigint) => bigint): Map<bigint, bigint> {
  return new Map(
    [...before]
      .map(([key, value]) => ({ key, value, now: read(key) }))
      .filter(({ value, now }) => value !== now)
      .map(({ key, now }) => [key, now]),
  );
}

function storageToJson(storage: ReadonlyMap<bigint, bigint>): { storage?: Record<string, string> } {
  if (storage.size === 0) return {};
  return { storage: Object.fromEntries([...storage].map(([slot, value]) => [wordHex(slot), wordHex(value)])) };
}

function tokensToJson(tokens: ReadonlyMap<bigint, bigint>): { tokenBalances?: Record<string, string> } {
  if (tokens.size === 0) return {};
  return {
    tokenBalances: Object.fromEntries([...tokens].map(([id, held]) => [quantityToJson(id), quantityToJson(held)])),
  };
}

function wordHex(word: bigint): string {
  return dataToJson(bigIntToBytes(word, 32));
}
