import { type Address, bytesToBigInt, toHex } from "../../../node/codec/bytes.ts";
import type { Creation, Message } from "../../../node/el/evm/message.ts";
import { smallAddress } from "../../../node/el/evm/precompiles/addresses.ts";
import { ETHEREUM_PRECOMPILES, QUARKCHAIN_PRECOMPILES } from "../../../node/el/evm/precompiles/precompiles.ts";
import type { Tracer, TraceStep } from "../../../node/el/evm/tracer.ts";
import { wordToAddress } from "../../../node/el/evm/words.ts";
import { WorldState } from "../../../node/el/state/world-state.ts";
import type { BlockTrial } from "../../../replay/execution/trial.ts";
import type { Unit } from "../../../replay/whatif/unit-runs.ts";
import type { CallAccount, CallCase } from "./ethereumjs-call.ts";

const SLOT_OPCODES = new Set([0x54, 0x55]);
const OWN_PRECOMPILES: ReadonlySet<number> = new Set(
  [...QUARKCHAIN_PRECOMPILES.keys()].filter((number) => !ETHEREUM_PRECOMPILES.has(number)),
);
/** BALANCE, EXTCODESIZE, EXTCODECOPY, EXTCODEHASH and SELFDESTRUCT name an account on top of the stack. */
const ACCOUNT_OPCODES = new Set([0x31, 0x3b, 0x3c, 0x3f, 0xff]);

/** Notes which accounts and slots executions look at. */
export class TouchedEntries implements Tracer {
  readonly slots = new Map<string, Set<bigint>>();
  readonly #frames: (string | undefined)[] = [];

  enterMessage(message: Message | Creation): void {
    this.touch(message.sender);
    if ("to" in message) {
      this.touch(message.to);
      this.touch(message.codeAddress);
    }
    this.#frames.push("to" in message ? toHex(message.to) : undefined);
  }

  step({ opcode, stack }: TraceStep): void {
    const top = stack.at(-1);
    if (top === undefined) return;
    const account = this.#frames.at(-1);
    if (SLOT_OPCODES.has(opcode) && account !== undefined) this.slots.get(account)?.add(top);
    if (ACCOUNT_OPCODES.has(opcode)) this.touch(wordToAddress(top));
  }

  leaveMessage(): void {
    this.#frames.pop();
  }

  touch(address: Address): void {
    const key = toHex(address);
    if (!this.slots.has(key)) this.slots.set(key, new Set());
  }
}

/** A transaction on the state that it begins with; undefined where it has no counterpart in Ethereum. */
export function callCase({ payload, nodes }: BlockTrial, unit: Unit, token: bigint, touched: TouchedEntries) {
  if ("deposit" in unit.content) return undefined;
  const { transaction, sender, isCrossShard } = unit.content;
  const { startGas, gasPrice, gasTokenId, transferTokenId, to, value, data } = transaction;
  if (isCrossShard || gasTokenId !== token || transferTokenId !== token) return undefined;
  // They are warm from the start, as precompiles are.
  if ([...touched.slots.keys()].some((key) => OWN_PRECOMPILES.has(smallAddress(addressOf(key)) ?? 0))) return undefined;
  const state = new WorldState(nodes, unit.start.stateRoot);
  touched.touch(sender);
  touched.touch(payload.coinbase);
  const accounts = new Map<string, CallAccount>();
  for (const [key, slots] of touched.slots) {
    const address = addressOf(key);
    if (!state.accountExists(address)) continue;
    const paid = key === toHex(sender) ? startGas * gasPrice : 0n;
    const values = [...slots].map((slot) => [slot, state.getStorage(address, slot)] as const);
    accounts.set(key, {
      nonce: state.getNonce(address),
      balance: state.getBalance(address, token) - paid,
      code: state.getCode(address),
      storage: new Map(values.filter(([, value]) => value !== 0n)),
    });
  }
  const call: CallCase = {
    sender: toHex(sender),
    to: to === undefined ? null : toHex(to),
    value,
    data,
    startGas,
    gasPrice,
    accounts,
    block: {
      number: payload.height,
      timestamp: payload.timestamp,
      coinbase: toHex(payload.coinbase),
      difficulty: payload.difficulty,
      gasLimit: payload.gasLimit,
    },
  };
  return call;
}

function addressOf(key: string): Address {
  return wordToAddress(bytesToBigInt(Uint8Array.from(Buffer.from(key, "hex"))));
}
