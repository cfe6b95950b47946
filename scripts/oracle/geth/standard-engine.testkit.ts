import { secp256k1 } from "@noble/curves/secp256k1.js";
import { z } from "zod";
import { bigIntToMinimalBytes, fromHex, toHex, ZERO_HASH } from "../../../node/codec/bytes.ts";
import { EMPTY_TRIE_ROOT, keccak256 } from "../../../node/codec/keccak.ts";
import { type RlpValue, rlpEncode } from "../../../node/codec/rlp.ts";
import { HttpTransport } from "../../../node/engine/client/http-transport.ts";
import { RpcClient } from "../../../node/engine/client/rpc-client.ts";
import { jwtIssuer } from "../../../node/engine/json-rpc/jwt.ts";

/** Ethereum's own objects, as far as these tests look into them. */
const statusSchema = z.object({
  status: z.string(),
  latestValidHash: z.string().nullable(),
  validationError: z.string().nullable(),
});
const updatedSchema = z.object({ payloadStatus: statusSchema, payloadId: z.string().nullable() });
const payloadSchema = z.strictObject({
  parentHash: z.string(),
  feeRecipient: z.string(),
  stateRoot: z.string(),
  receiptsRoot: z.string(),
  logsBloom: z.string(),
  prevRandao: z.string(),
  blockNumber: z.string(),
  gasLimit: z.string(),
  gasUsed: z.string(),
  timestamp: z.string(),
  extraData: z.string(),
  baseFeePerGas: z.string(),
  blockHash: z.string(),
  transactions: z.array(z.string()),
  withdrawals: z.array(z.unknown()),
  blobGasUsed: z.string(),
  excessBlobGas: z.string(),
});
export type StandardPayload = z.output<typeof payloadSchema>;

export interface StandardForkchoice {
  readonly head: string;
  readonly safe?: string;
  readonly finalized?: string;
}

export const ZERO = `0x${toHex(ZERO_HASH)}`;

/** The Engine API of Cancun over the transport and the tokens of this project. */
export class StandardEngine {
  readonly client: RpcClient;
  readonly #transport: HttpTransport;

  constructor(url: string, jwtSecret: Uint8Array) {
    this.#transport = new HttpTransport({ url, issueToken: jwtIssuer(jwtSecret) });
    this.client = new RpcClient(this.#transport);
  }

  close(): void {
    this.#transport.close();
  }

  call(method: string, ...params: readonly unknown[]): Promise<unknown> {
    return this.client.call({ method, params, timeoutMs: 8000 });
  }

  async forkchoiceUpdated({ head, safe = ZERO, finalized = ZERO }: StandardForkchoice, timestamp?: number) {
    const attributes = timestamp === undefined ? null : { ...ATTRIBUTES, timestamp: `0x${timestamp.toString(16)}` };
    const state = { headBlockHash: head, safeBlockHash: safe, finalizedBlockHash: finalized };
    return updatedSchema.parse(await this.call("engine_forkchoiceUpdatedV3", state, attributes));
  }

  async getPayload(id: string): Promise<StandardPayload> {
    const answer = await this.call("engine_getPayloadV3", id);
    return z.object({ executionPayload: payloadSchema }).parse(answer).executionPayload;
  }

  async newPayload(payload: StandardPayload) {
    return statusSchema.parse(await this.call("engine_newPayloadV3", payload, [], ZERO));
  }
}

const ATTRIBUTES = {
  prevRandao: ZERO,
  suggestedFeeRecipient: `0x${"fe".repeat(20)}`,
  withdrawals: [],
  parentBeaconBlockRoot: ZERO,
};

/** keccak of an empty list of uncles. */
const NO_UNCLES = keccak256(rlpEncode([]));

/** Block hash of a payload of Cancun without transactions and withdrawals. */
export function emptyBlockHash(payload: StandardPayload): string {
  const data = (text: string) => fromHex(text);
  const quantity = (text: string) => bigIntToMinimalBytes(BigInt(text));
  const header: RlpValue = [
    data(payload.parentHash),
    NO_UNCLES,
    data(payload.feeRecipient),
    data(payload.stateRoot),
    EMPTY_TRIE_ROOT,
    data(payload.receiptsRoot),
    data(payload.logsBloom),
    new Uint8Array(0),
    quantity(payload.blockNumber),
    quantity(payload.gasLimit),
    quantity(payload.gasUsed),
    quantity(payload.timestamp),
    data(payload.extraData),
    data(payload.prevRandao),
    new Uint8Array(8),
    quantity(payload.baseFeePerGas),
    EMPTY_TRIE_ROOT,
    quantity(payload.blobGasUsed),
    quantity(payload.excessBlobGas),
    ZERO_HASH,
  ];
  return `0x${toHex(keccak256(rlpEncode(header)))}`;
}

/** A signed transfer of 1 wei (EIP-155). */
export function signedTransfer(secretKey: Uint8Array, chainId: number, nonce: bigint): string {
  const fields = [nonce, 20_000_000_000n, 21_000n].map(bigIntToMinimalBytes);
  const body = [...fields, new Uint8Array(20).fill(0xaa), Uint8Array.of(1), new Uint8Array(0)];
  const unsigned = rlpEncode([...body, bigIntToMinimalBytes(BigInt(chainId)), new Uint8Array(0), new Uint8Array(0)]);
  const signature = secp256k1.sign(keccak256(unsigned), secretKey, { prehash: false, format: "recovered" });
  const v = BigInt(signature[0] + 35 + 2 * chainId);
  const trimmed = (bytes: Uint8Array) => bigIntToMinimalBytes(BigInt(`0x${toHex(bytes)}`));
  const signed = [bigIntToMinimalBytes(v), trimmed(signature.slice(1, 33)), trimmed(signature.slice(33))];
  return `0x${toHex(rlpEncode([...body, ...signed]))}`;
}
