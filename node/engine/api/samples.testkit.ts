import fc from "fast-check";
import { type MinorBlock, minorHeaderHash, minorMetaHash } from "../../chain/minor-block.ts";
import { wrapTransaction } from "../../chain/typed-transaction.ts";
import { asAddress, asHash32, bytesKey } from "../../codec/bytes.ts";
import type { ConsensusInputs } from "../../el/payload.ts";
import type {
  BuiltPayload,
  ChainIdentity,
  ComputedBlock,
  ForkchoiceUpdated,
  PayloadAttributes,
  PayloadStatus,
  QkcPayload,
} from "../engine-api.ts";
import { DepositList } from "./deposit-lists.ts";

/** Objects of the Engine API of every size that the contract allows. */

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const hash = bytes(32).map(asHash32);
const address = bytes(20).map(asAddress);
const uint = (bits: bigint) => fc.oneof(fc.bigInt(0n, 300n), fc.bigInt(0n, (1n << bits) - 1n));
const biguint = fc.oneof(fc.bigInt(0n, 300n), fc.bigInt(0n, (1n << (8n * 255n)) - 1n));
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const count = fc.oneof(fc.nat(300), fc.maxSafeNat());
const qkcAddress = fc.record({ recipient: address, fullShardKey: uint32 });
const cursor = fc.record({ rootBlockHeight: count, minorBlockIndex: count, xshardDepositIndex: count });
const balances = fc.array(fc.tuple(biguint, biguint), { maxLength: 4 }).map((rows) => new Map(rows));
const transaction = fc.uint8Array({ maxLength: 200 }).map(wrapTransaction);
const transactions = fc.array(transaction, { maxLength: 3 });

const deposit = fc.record({
  txHash: hash,
  from: qkcAddress,
  to: qkcAddress,
  value: uint(256n),
  gasPrice: uint(256n),
  gasTokenId: uint(64n),
  transferTokenId: uint(64n),
  gasRemained: uint(256n),
  messageData: fc.uint8Array({ maxLength: 100 }),
  createContract: fc.boolean(),
  isFromRootChain: fc.boolean(),
  refundRate: fc.nat(255),
});

export const dueDepositSample = fc.record({ deposit, cursor });

const inputs: fc.Arbitrary<ConsensusInputs> = fc.record({
  deposits: fc
    .tuple(fc.array(dueDepositSample, { maxLength: 3 }), fc.boolean())
    .map(([items, isCut]) => new DepositList(items, isCut)),
  exhaustedCursor: cursor,
  senderDisallowMap: fc.array(fc.tuple(address.map(bytesKey), biguint)).map((rows) => new Map(rows)),
  reachableShards: fc.array(uint32).map((ids) => new Set(ids)),
  blockReward: balances,
});

const block: fc.Arbitrary<MinorBlock> = fc.record({
  header: fc.record({
    version: uint32,
    branch: uint32,
    height: count,
    coinbaseAddress: qkcAddress,
    coinbaseAmounts: balances,
    prevMinorBlockHash: hash,
    prevRootBlockHash: hash,
    gasLimit: uint(256n),
    metaHash: hash,
    createTime: count,
    difficulty: biguint,
    nonce: uint(64n),
    bloom: bytes(256),
    extraData: fc.uint8Array({ maxLength: 100 }),
    mixhash: hash,
  }),
  meta: fc.record({
    merkleRoot: hash,
    stateRoot: hash,
    receiptRoot: hash,
    gasUsed: uint(256n),
    xshardReceiveGasUsed: uint(256n),
    xshardCursor: cursor,
    xshardGasLimit: uint(256n),
  }),
  transactions,
  trackingData: fc.uint8Array({ maxLength: 100 }),
});

export const payloadSample: fc.Arbitrary<QkcPayload> = fc.tuple(block, inputs).map(([{ header, ...rest }, due]) => {
  const sealed = { ...rest, header: { ...header, metaHash: minorMetaHash(rest.meta) } };
  return { blockHash: minorHeaderHash(sealed.header), block: sealed, inputs: due };
});

const computed: fc.Arbitrary<ComputedBlock> = fc.record({
  blockHash: hash,
  metaHash: hash,
  stateRoot: hash,
  receiptRoot: hash,
  bloom: bytes(256),
  gasUsed: uint(256n),
  xshardReceiveGasUsed: uint(256n),
  xshardCursor: cursor,
  coinbaseAmounts: balances,
  xshardSends: fc.array(deposit, { maxLength: 3 }),
  depositsConsumed: count,
});

const mismatch = fc.record({ field: fc.string(), declared: fc.string(), computed: fc.string() });

export const statusSample: fc.Arbitrary<PayloadStatus> = fc.record({
  status: fc.constantFrom("VALID", "INVALID", "SYNCING", "ACCEPTED"),
  latestValidHash: fc.option(hash),
  validationError: fc.option(
    fc.oneof(
      fc.record({
        kind: fc.constant("mismatch" as const),
        fields: fc.array(mismatch, { minLength: 1, maxLength: 3 }),
      }),
      fc.record(
        {
          kind: fc.constant("rejected" as const),
          transactionIndex: fc.option(fc.nat()),
          refusal: fc.string(),
          reason: fc.string({ unit: "binary" }),
        },
        { requiredKeys: ["kind", "transactionIndex", "reason"] },
      ),
    ),
  ),
  computed: fc.option(computed),
});

const payloadId = bytes(8).map((id) => `0x${Buffer.from(id).toString("hex")}`);

export const forkchoiceUpdatedSample: fc.Arbitrary<ForkchoiceUpdated> = fc.record({
  payloadStatus: statusSample,
  payloadId: fc.option(payloadId),
});

export const forkchoiceParamsSample = fc.tuple(
  fc.record({ headBlockHash: hash, safeBlockHash: hash, finalizedBlockHash: hash }),
  fc.option(
    fc.record<PayloadAttributes>({
      timestamp: count,
      suggestedFeeRecipient: qkcAddress,
      prevRootBlockHash: hash,
      difficulty: biguint,
      xshardGasLimit: uint(256n),
      transactions,
      inputs,
    }),
    { nil: undefined },
  ),
);

export const builtPayloadSample: fc.Arbitrary<BuiltPayload> = fc.record({ payload: payloadSample, computed });

export const identitySample: fc.Arbitrary<ChainIdentity> = fc.record({
  networkId: count,
  fullShardId: uint32,
  genesisStateRoot: hash,
  genesisHash: fc.option(hash),
  ruleSet: fc.string(),
  head: fc.option(fc.record({ hash, height: count })),
});

export const bodiesSample = fc.array(fc.option(fc.record({ transactions })), { maxLength: 3 });
export const hashesSample = fc.array(hash, { maxLength: 5 });
export const balanceRequestSample = fc.record({ blockHash: hash, address, tokenId: uint(64n) });
export const balanceSample = biguint;
