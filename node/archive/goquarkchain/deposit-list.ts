import { type CrossShardDeposit, type CrossShardDepositList, readDepositTransfer } from "../../chain/deposit.ts";
import { CodecError } from "../../codec/errors.ts";
import { WireReader } from "../../codec/wire.ts";

const COUNT_MASK = 0xff_ffff;
/** A deposit of version 0 without its data. */
const MINIMUM_DEPOSIT_BYTES = 32 + 24 * 2 + 32 * 3 + 8 * 2 + 1 + 4 + 1;

/**
 * Decodes a stored deposit list. The first of the four bytes of its count is a version, where pyquarkchain puts that at
 * the end, and a deposit's fields come in another order (goquarkchain core/types/cross_shard_transaction.go).
 */
export function decodeDepositList(bytes: Uint8Array): CrossShardDepositList {
  const reader = new WireReader(bytes);
  const head = reader.uint32("deposit list count");
  const version = head >>> 24;
  if (version !== 0 && version !== 1) throw new CodecError(`deposit list version ${version} does not exist`);
  const count = head & COUNT_MASK;
  if (count * (MINIMUM_DEPOSIT_BYTES + version) > reader.remaining) {
    throw new CodecError(`deposit list: ${count} deposits do not fit into ${reader.remaining} bytes`);
  }
  const deposits = Array.from({ length: count }, () => readDeposit(reader, version));
  reader.expectEnd("deposit list");
  return { version, deposits };
}

function readDeposit(reader: WireReader, version: 0 | 1): CrossShardDeposit {
  return {
    ...readDepositTransfer(reader),
    isFromRootChain: reader.boolean("deposit root chain flag"),
    gasRemained: reader.uint256("deposit gas remained"),
    messageData: reader.bytes32("deposit data"),
    createContract: reader.boolean("deposit create flag"),
    refundRate: version === 0 ? 100 : reader.uint8("deposit refund rate"),
  };
}
