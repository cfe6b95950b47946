import { decodeEvmTransaction } from "../../../node/chain/evm-transaction.ts";
import { type Address, asAddress, bigIntToBytes, bytesToBigInt } from "../../../node/codec/bytes.ts";
import { CodecError } from "../../../node/codec/errors.ts";
import { contractAddress } from "../../../node/el/evm/contract-address.ts";
import type { BlockTrial } from "../../execution/trial.ts";
import { SELECTOR_BYTES } from "../calls/abi/abi-types.ts";
import type { UnitRecords } from "../units/record-units.ts";

const WORD = 32;
const ADDRESS_BITS = 160n;
/** Each is hashed: a block of nothing but calldata has some hundred thousand words. */
const MOST = 20_000;

/**
 * Addresses that a block names without an execution looking at them: in arguments, logs and storage, as senders and recipients
 * of deposits, and those of contracts that its transactions would create, also where the shard key takes no part.
 */
export function mentionedAddresses(trial: BlockTrial, executions: readonly UnitRecords[]): Iterable<Address> {
  return first(MOST, all(trial, executions));
}

function* all({ payload }: BlockTrial, executions: readonly UnitRecords[]): Generator<Address> {
  for (const execution of executions) yield* ofExecution(execution);
  const [execution] = executions;
  const computed = execution?.result.status === "EXECUTED" ? execution.result.computed : undefined;
  for (const [i, { rlp }] of payload.transactions.entries()) yield* ofTransaction(rlp, computed?.senders[i]);
  // What lies behind those that were consumed may not be readable, and says nothing of this block.
  for (const { deposit } of first(computed?.depositsConsumed ?? 0, payload.deposits)) {
    yield deposit.from.recipient;
    yield deposit.to.recipient;
    yield* inWords(deposit.messageData);
  }
}

function* ofExecution({ units }: UnitRecords): Generator<Address> {
  for (const { outcome, changes } of units) {
    for (const { address, topics, data } of outcome?.receipt?.logs ?? []) {
      yield address;
      for (const topic of [...topics, data]) yield* inWords(topic);
    }
    for (const change of changes.flatMap(({ slots }) => [...slots.values()])) {
      yield* ofWord(change.before);
      yield* ofWord(change.after);
    }
  }
}

function* ofTransaction(rlp: Uint8Array, sender: Address | undefined): Generator<Address> {
  const transaction = readable(rlp);
  if (transaction === undefined) return;
  const { to, data, nonce, toFullShardKey } = transaction;
  if (to !== undefined) yield to;
  else if (sender !== undefined) {
    yield contractAddress(sender, nonce, toFullShardKey);
    yield contractAddress(sender, nonce, undefined);
  }
  yield* inWords(data);
  yield* inWords(data.subarray(SELECTOR_BYTES));
}

/** A transaction that cannot be read names nothing. */
function readable(rlp: Uint8Array) {
  try {
    return decodeEvmTransaction(rlp);
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}

function* inWords(data: Uint8Array): Generator<Address> {
  for (let at = 0; at + WORD <= data.length; at += WORD) yield* ofWord(bytesToBigInt(data.subarray(at, at + WORD)));
}

function* ofWord(word: bigint): Generator<Address> {
  if (word !== 0n && word >> ADDRESS_BITS === 0n) yield asAddress(bigIntToBytes(word, 20));
}

function* first<T>(most: number, values: Iterable<T>): Generator<T> {
  if (most === 0) return;
  let count = 0;
  for (const value of values) {
    yield value;
    if (++count >= most) return;
  }
}
