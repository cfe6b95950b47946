import { asAddress, bytesEqual, bytesToBigInt, EMPTY_BYTES, ZERO_ADDRESS } from "../codec/bytes.ts";
import { CodecError } from "../codec/errors.ts";
import { rlpListItems, uintFromPayload } from "../codec/rlp.ts";
import type { Log, Receipt } from "./receipt.ts";

/** What the receipt trie stores. Throws CodecError when it is no receipt. */
export function decodeReceipt(rlp: Uint8Array): Receipt {
  const fields = rlpListItems(rlp, "receipt");
  if (fields.length !== 6) throw new CodecError(`a receipt has 6 fields, got ${fields.length}`);
  const [status, gas, bloom, logs, contractAddress, contractFullShardKey] = fields;
  return receipt(status, gas, bloom, logs, contractAddress, contractFullShardKey);
}

/** goquarkchain's row of a block's receipts: with the transaction's hash and gas, and places behind each log. */
export function decodeStoredReceipts(rlp: Uint8Array): Receipt[] {
  return rlpListItems(rlp, "receipts").map((item) => {
    const fields = rlpListItems(item, "receipt");
    if (fields.length < 7) throw new CodecError(`a stored receipt has 8 fields, got ${fields.length}`);
    const [status, gas, bloom, , contractAddress, contractFullShardKey, logs] = fields;
    return receipt(status, gas, bloom, logs, createdAddress(contractAddress), contractFullShardKey);
  });
}

/** goquarkchain writes zeros where pyquarkchain, and the receipt trie of both, has nothing. */
function createdAddress(address: Uint8Array): Uint8Array {
  return bytesEqual(address, ZERO_ADDRESS) ? EMPTY_BYTES : address;
}

function receipt(
  status: Uint8Array,
  gas: Uint8Array,
  bloom: Uint8Array,
  logs: Uint8Array,
  contractAddress: Uint8Array,
  contractFullShardKey: Uint8Array,
): Receipt {
  return {
    success: status.length === 1 && status[0] === 1,
    cumulativeGasUsed: uintFromPayload(gas, "cumulative gas used"),
    bloom,
    logs: rlpListItems(logs, "logs").map(decodeLog),
    contractAddress,
    contractFullShardKey: Number(bytesToBigInt(contractFullShardKey)),
  };
}

function decodeLog(rlp: Uint8Array): Log {
  const [address, topics, data] = rlpListItems(rlp, "log");
  if (data === undefined) throw new CodecError("a log has 3 fields");
  return {
    address: asAddress(address),
    topics: rlpListItems(topics, "topics").map(asTopic),
    data,
  };
}

function asTopic(topic: Uint8Array): Uint8Array {
  if (topic.length === 32) return topic;
  throw new CodecError(`a topic has 32 bytes, got ${topic.length}`);
}
