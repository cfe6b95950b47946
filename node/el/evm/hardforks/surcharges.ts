import type { Address } from "../../../codec/bytes.ts";
import type { ExecutionContext } from "../context.ts";
import { delegateOf } from "../delegation.ts";
import type { Frame } from "../frame.ts";
import { wordCount } from "../gas.ts";
import type { Surcharge } from "../opcodes.ts";
import { wordToAddress } from "../words.ts";
import { scopeOf } from "./scope-of.ts";

const COLD_ACCOUNT = 2600;
export const COLD_SLOT = 2100;
export const WARM_ACCESS = 100;
const INIT_CODE_WORD = 2;

/** Looking at the account that the word `below` places under the top names (EIP-2929). */
export function accountAccess(below: number): Surcharge {
  return (context, frame) => accessOf(context, wordToAddress(frame.peek(below)));
}

/** A call of the account that the word under the top names: what it delegates to is looked at, too (EIP-7702). */
export function callAccess(context: ExecutionContext, frame: Frame): number {
  const target = wordToAddress(frame.peek(1));
  const delegate = delegateOf(context.state.getCode(target));
  const own = accessOf(context, target);
  return delegate === undefined ? own : own + accessOf(context, delegate);
}

function accessOf(context: ExecutionContext, address: Address): number {
  return scopeOf(context).warmAccount(address) ? WARM_ACCESS : COLD_ACCOUNT;
}

/** SLOAD (EIP-2929). */
export function slotAccess(context: ExecutionContext, frame: Frame): number {
  return scopeOf(context).warmSlot(frame.message.to, frame.peek(0)) ? WARM_ACCESS : COLD_SLOT;
}

/** SSTORE of Petersburg with warm slots: nothing is taken off its price for them. */
export function coldSlot(context: ExecutionContext, frame: Frame): number {
  return scopeOf(context).warmSlot(frame.message.to, frame.peek(0)) ? 0 : COLD_SLOT;
}

/** SELFDESTRUCT: its own price includes a warm beneficiary (EIP-2929). */
export function coldBeneficiary(context: ExecutionContext, frame: Frame): number {
  return scopeOf(context).warmAccount(wordToAddress(frame.peek(0))) ? 0 : COLD_ACCOUNT;
}

/** CREATE and CREATE2: each word of init code costs, and too long a one all gas (EIP-3860). */
export function initCodeFee(context: ExecutionContext, frame: Frame): number {
  const size = Number(frame.peek(2));
  return size > context.chain.rules.maxInitCodeSize ? Number.POSITIVE_INFINITY : INIT_CODE_WORD * wordCount(size);
}
