import { type Address, bytesKey } from "../../../codec/bytes.ts";
import type { ExecutionContext } from "../context.ts";
import { delegateOf } from "../delegation.ts";
import type { Creation, Message } from "../message.ts";

/** How one entry of a set or of the transient storage is taken back. */
type Change =
  | { readonly set: Set<string>; readonly key: string }
  | { readonly map: Map<string, bigint>; readonly key: string; readonly previous: bigint };

/**
 * What later rules remember during one outer message, which is a whole transaction or deposit: the accounts and slots
 * that are warm (EIP-2929), the accounts it created (EIP-6780), transient storage (EIP-1153), and the values slots had
 * at its start (EIP-2200). A failed message takes its part back.
 */
export class TransactionScope {
  readonly #warm = new Set<string>();
  readonly #created = new Set<string>();
  readonly #transient = new Map<string, bigint>();
  readonly #originals = new Map<string, bigint>();
  readonly #changes: Change[] = [];

  /** Of the journal; for `revertTo`. */
  get length(): number {
    return this.#changes.length;
  }

  /** Makes an account warm; true when it was already. */
  warmAccount(address: Address): boolean {
    return !this.#add(this.#warm, bytesKey(address));
  }

  /** Makes a slot warm; true when it was already. */
  warmSlot(address: Address, slot: bigint): boolean {
    return !this.#add(this.#warm, slotKey(address, slot));
  }

  markCreated(address: Address): void {
    this.#add(this.#created, bytesKey(address));
  }

  wasCreated(address: Address): boolean {
    return this.#created.has(bytesKey(address));
  }

  /** The slot's value at the start; to be asked with its value of now before every change. */
  originalValue(address: Address, slot: bigint, value: bigint): bigint {
    const key = slotKey(address, slot);
    const original = this.#originals.get(key);
    if (original !== undefined) return original;
    // A change that is taken back leads back to this value, so the entry outlives reverts.
    this.#originals.set(key, value);
    return value;
  }

  transientValue(address: Address, slot: bigint): bigint {
    return this.#transient.get(slotKey(address, slot)) ?? 0n;
  }

  setTransientValue(address: Address, slot: bigint, value: bigint): void {
    const key = slotKey(address, slot);
    this.#changes.push({ map: this.#transient, key, previous: this.#transient.get(key) ?? 0n });
    this.#transient.set(key, value);
  }

  /** Takes back what changed since the journal had `length` entries. */
  revertTo(length: number): void {
    while (this.#changes.length > length) {
      const change = this.#changes.pop();
      if (change === undefined) return;
      if ("set" in change) change.set.delete(change.key);
      else change.map.set(change.key, change.previous);
    }
  }

  #add(set: Set<string>, key: string): boolean {
    if (set.has(key)) return false;
    set.add(key);
    this.#changes.push({ set, key });
    return true;
  }
}

/** The scope of an outer message: origin, recipient, precompiles, the access list and,
 * by EIP-3651, the coinbase start warm. */
export function startScope(context: ExecutionContext, first: Message | Creation): TransactionScope {
  const { rules } = context.chain;
  const scope = new TransactionScope();
  scope.warmAccount(context.transaction.origin);
  if ("to" in first) warmRecipient(context, scope, first.to);
  for (const number of rules.precompiles.keys()) scope.warmAccount(precompileAddress(number));
  if (rules.coinbaseStartsWarm) scope.warmAccount(context.block.coinbase);
  for (const { address, slots } of context.transaction.extras?.accessList ?? []) {
    scope.warmAccount(address);
    for (const slot of slots) scope.warmSlot(address, slot);
  }
  return scope;
}

/** With the recipient, the account whose code it runs (EIP-7702). */
function warmRecipient({ state, chain }: ExecutionContext, scope: TransactionScope, recipient: Address): void {
  scope.warmAccount(recipient);
  const delegate = chain.rules.followsDelegations ? delegateOf(state.getCode(recipient)) : undefined;
  if (delegate !== undefined) scope.warmAccount(delegate);
}

function precompileAddress(number: number): Address {
  const address = new Uint8Array(20);
  // Precompile numbers have at most five bytes.
  new DataView(address.buffer).setBigUint64(12, BigInt(number));
  return address as Address;
}

function slotKey(address: Address, slot: bigint): string {
  return bytesKey(address) + slot.toString(16);
}
