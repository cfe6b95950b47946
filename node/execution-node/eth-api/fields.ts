import { z } from "zod";
import { type Address, asAddress } from "../../codec/bytes.ts";
import { TOKEN_ID_MAX } from "../../codec/token-id.ts";
import {
  bytesField,
  countField,
  dataOfLength,
  hashField,
  uint32Field,
  uint64Field,
  uint256Field,
} from "../../engine/api/json-fields.ts";
import type { BlockSelector } from "../chain-view.ts";

const tagField = z.enum(["latest", "safe", "finalized", "earliest", "pending"]);

/** Tag or height. */
export const blockNumberField = z.union([
  tagField.transform((tag): BlockSelector => ({ tag })),
  countField.transform((number): BlockSelector => ({ number })),
]);

/** Tag, height, hash, or one of the objects of EIP-1898. */
export const blockField = z.union([
  blockNumberField,
  hashField.transform((hash): BlockSelector => ({ hash })),
  z.strictObject({ blockNumber: blockNumberField }).transform(({ blockNumber }) => blockNumber),
  z
    .strictObject({ blockHash: hashField, requireCanonical: z.boolean().optional() })
    .transform(({ blockHash }): BlockSelector => ({ hash: blockHash })),
]);

/** An account by its 20 bytes; QuarkChain's full shard key may follow. */
export interface AccountReference {
  readonly recipient: Address;
  readonly fullShardKey: number | undefined;
}

export const accountField = dataOfLength(20, 24).transform((bytes, context): AccountReference => {
  if (bytes.length !== 20 && bytes.length !== 24) context.addIssue("an address has 20 bytes, or 24 with its shard key");
  const fullShardKey = bytes.length === 24 ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(20) : undefined;
  return { recipient: asAddress(bytes.slice(0, 20)), fullShardKey };
});

/** No transaction can name a token above the last one that has a name (pyquarkchain evm/transactions.py). */
export const tokenIdField = uint64Field.refine((id) => id <= TOKEN_ID_MAX, "there is no such token");

/** What eth_call and eth_estimateGas run. Both names of the data are in use. */
export const callField = z.object({
  from: accountField.optional(),
  to: accountField.nullish(),
  gas: uint64Field.optional(),
  gasPrice: uint256Field.optional(),
  value: uint256Field.optional(),
  data: bytesField.optional(),
  input: bytesField.optional(),
  nonce: uint64Field.optional(),
  gasTokenId: tokenIdField.optional(),
  transferTokenId: tokenIdField.optional(),
  fromFullShardKey: uint32Field.optional(),
  toFullShardKey: uint32Field.optional(),
});

export type CallRequest = z.output<typeof callField>;
