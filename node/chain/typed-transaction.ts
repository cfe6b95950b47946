import type { Hash32 } from "../codec/bytes.ts";
import { CodecError } from "../codec/errors.ts";
import { keccak256 } from "../codec/keccak.ts";
import { type WireReader, WireWriter } from "../codec/wire.ts";

/** The wrapper blocks carry: a type byte (0, the only one) and the RLP of a transaction (core.py TypedTransaction). */
export interface TypedTransaction {
  readonly rlp: Uint8Array;
  /** Transaction id: keccak of the wrapper, not of the RLP. */
  readonly hash: Hash32;
}

const SERIALIZED_EVM = 0;

export function readTypedTransaction(reader: WireReader): TypedTransaction {
  const start = reader.position;
  const type = reader.uint8("transaction type");
  if (type !== SERIALIZED_EVM) throw new CodecError(`transaction type ${type} does not exist (offset ${start})`);
  const rlp = reader.bytes32("transaction");
  return { rlp, hash: keccak256(reader.bytes.subarray(start, reader.position)) };
}

export function writeTypedTransaction(writer: WireWriter, transaction: TypedTransaction): void {
  writer.uint8(SERIALIZED_EVM).bytes32(transaction.rlp);
}

/** Wraps the RLP of a transaction. */
export function wrapTransaction(rlp: Uint8Array): TypedTransaction {
  const writer = new WireWriter(rlp.length + 5);
  writer.uint8(SERIALIZED_EVM).bytes32(rlp);
  return { rlp, hash: keccak256(writer.finish()) };
}
