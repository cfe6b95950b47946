import { type Address, addressFromHex, fromHex, toHex } from "../../../node/codec/bytes.ts";
import { keccak256 } from "../../../node/codec/keccak.ts";
import type { Tracer, TraceStep } from "../../../node/el/evm/tracer.ts";
import { addressKey } from "./case-state.ts";
import type { ReproducerCase } from "./format.ts";
import { caseText, readCase } from "./reproducer-file.ts";
import { addressOfKey, decodedTransaction, senderKey, senderOf, signedBy } from "./sender-keys.ts";

const SHA3 = 0x20;

/** What a contract hashed, longest 128 bytes: keys of mappings are made so. */
export class HashedKeys implements Tracer {
  readonly preimages = new Map<string, string>();

  enterMessage(): void {}
  leaveMessage(): void {}

  step({ opcode, stack, memory }: TraceStep): void {
    if (opcode !== SHA3 || stack.length < 2) return;
    const offset = Number(stack[stack.length - 1]);
    const size = Number(stack[stack.length - 2]);
    if (size < 32 || size > 128) return;
    const preimage = new Uint8Array(size);
    preimage.set(memory.subarray(Math.min(offset, memory.length), offset + size));
    this.preimages.set(toHex(keccak256(preimage)), toHex(preimage));
  }
}

/**
 * The case with senders whose keys are known, so that its transactions can be changed and signed again. The new
 * addresses stand wherever the old ones stood, also in what contracts hash to find a sender's entry in a mapping.
 * Undefined where there is no sender to rename.
 */
export function withKnownSenders(subject: ReproducerCase, hashed: HashedKeys): ReproducerCase | undefined {
  const senders = new Map<string, number>();
  for (const transaction of subject.transactions) {
    const sender = senderOf(transaction);
    if (sender !== undefined && !senders.has(addressKey(sender))) senders.set(addressKey(sender), senders.size);
  }
  if (senders.size === 0) return undefined;
  const names = [...senders].map(([old, index]): Renaming => [old.slice(2), toHex(addressOfKey(senderKey(index)))]);
  const { transactions, ...rest } = subject;
  const renamed = readCase(renamedText(caseText({ ...rest, transactions: [] }), names, hashed));
  return {
    ...renamed,
    transactions: transactions.map((transaction) => {
      const sender = senderOf(transaction);
      const decoded = decodedTransaction(transaction);
      if (sender === undefined || decoded === undefined) return transaction;
      const index = senders.get(addressKey(sender)) ?? 0;
      const data = fromHex(replaced(toHex(decoded.data), names));
      const to = decoded.to && renamedAddress(decoded.to, names);
      return signedBy({ ...decoded, data, to }, senderKey(index)) ?? transaction;
    }),
  };
}

type Renaming = readonly [from: string, to: string];

function renamedText(text: string, names: readonly Renaming[], { preimages }: HashedKeys): string {
  const all = [...names];
  for (const [hash, preimage] of preimages) {
    const other = replaced(preimage, all);
    if (other !== preimage) all.push([hash, toHex(keccak256(fromHex(other)))]);
  }
  let renamed = text;
  for (const [from, to] of all)
    renamed = replaced(renamed.replaceAll(`"${wordOf(from)}"`, `"${wordOf(to)}"`), [[from, to]]);
  return renamed;
}

/** As slots and values of storage are written. */
function wordOf(hex: string): string {
  return `0x${BigInt(`0x${hex}`).toString(16)}`;
}

function replaced(text: string, names: readonly Renaming[]): string {
  return names.reduce((current, [from, to]) => current.replaceAll(from, to), text);
}

function renamedAddress(address: Address, names: readonly Renaming[]): Address {
  return addressFromHex(replaced(toHex(address), names));
}
