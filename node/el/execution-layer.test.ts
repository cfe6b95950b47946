import { describe, expect, test } from "vitest";
import { decodeMinorBlock, minorHeaderHash, type XshardCursor } from "../chain/minor-block.ts";
import { decodeRootBlock, rootHeaderHash } from "../chain/root-block.ts";
import { isInShard } from "../chain/shard-id.ts";
import { bytesEqual, fromHex, type Hash32, toHex } from "../codec/bytes.ts";
import { ExecutionLayer } from "./execution-layer.ts";
import type { DueDeposit, ExecutionPayload } from "./payload.ts";
import { TransactionInvalidError } from "./transactions/transaction-invalid-error.ts";
import {
  type Allocation,
  allocate,
  amountsRow,
  type DepositRow,
  depositOf,
  type Network,
  networkConfig,
  QKC_TOKEN,
  type ReceiptRow,
  readVectors,
  receiptRow,
} from "./transactions/vectors.testkit.ts";
import { MemoryNodeStore } from "./trie/trie.testkit.ts";

interface ChainCase {
  readonly name: string;
  readonly network: Network;
  readonly full_shard_id: number;
  readonly genesis_alloc: Allocation;
  readonly genesis: { readonly state_root: string; readonly block: string };
  readonly root_blocks: readonly { readonly height: number; readonly block: string }[];
  readonly xshard_lists: readonly { readonly minor_block_hash: string; readonly deposits: readonly DepositRow[] }[];
  readonly blocks: readonly BlockRow[];
}

interface BlockRow {
  readonly expect: "success" | "rejected";
  readonly block: string;
  readonly result: {
    readonly post_state_root: string;
    readonly receipt_root: string;
    readonly gas_used: string;
    readonly xshard_receive_gas_used: string;
    readonly cursor: {
      readonly root_block_height: number;
      readonly minor_block_index: number;
      readonly xshard_deposit_index: number;
    };
    readonly coinbase_amount_map: Record<string, string>;
    readonly bloom: string;
    readonly receipts: readonly ReceiptRow[];
    readonly xshard_deposit_receipts: readonly ReceiptRow[];
    readonly produced_deposits: readonly DepositRow[];
    readonly consumed_deposits: readonly DepositRow[];
  };
}

const BLOCK_REWARD = new Map([[QKC_TOKEN, 3250000000000000000n]]);
const cases = readVectors<ChainCase[]>("blocks");

/** Every deposit that the case's root blocks bring to the shard, in consensus order. */
function allDeposits(vector: ChainCase): DueDeposit[] {
  const lists = new Map(vector.xshard_lists.map((list) => [list.minor_block_hash, list.deposits]));
  return vector.root_blocks.flatMap(({ height, block }) => {
    const root = decodeRootBlock(fromHex(block));
    const coinbase = root.header.coinbaseAddress;
    const isOurs = isInShard(vector.full_shard_id, coinbase.fullShardKey);
    const rootReward: DueDeposit = {
      deposit: {
        txHash: rootHeaderHash(root.header),
        from: coinbase,
        to: coinbase,
        value: isOurs ? (root.header.coinbaseAmounts.get(QKC_TOKEN) ?? 0n) : 0n,
        gasPrice: 0n,
        gasTokenId: QKC_TOKEN,
        transferTokenId: QKC_TOKEN,
        gasRemained: 0n,
        messageData: new Uint8Array(0),
        createContract: false,
        isFromRootChain: true,
        refundRate: 100,
      },
      cursor: { rootBlockHeight: height, minorBlockIndex: 0, xshardDepositIndex: 1 },
    };
    const others = root.minorHeaders.flatMap((header, i) => {
      const deposits = lists.get(`0x${toHex(minorHeaderHash(header))}`) ?? [];
      return deposits.map((row, xshardDepositIndex) => ({
        deposit: depositOf(row),
        cursor: { rootBlockHeight: height, minorBlockIndex: i + 1, xshardDepositIndex },
      }));
    });
    return [rootReward, ...others];
  });
}

function isAfter(a: XshardCursor, b: XshardCursor): boolean {
  if (a.rootBlockHeight !== b.rootBlockHeight) return a.rootBlockHeight > b.rootBlockHeight;
  if (a.minorBlockIndex !== b.minorBlockIndex) return a.minorBlockIndex > b.minorBlockIndex;
  return a.xshardDepositIndex > b.xshardDepositIndex;
}

/** Payloads of the case's blocks, each on the state that the block before declares. */
function payloadsOf(vector: ChainCase, genesisRoot: Hash32): ExecutionPayload[] {
  const roots = vector.root_blocks.map(({ block }) => decodeRootBlock(fromHex(block)).header);
  const deposits = allDeposits(vector);
  const ancestors = [minorHeaderHash(decodeMinorBlock(fromHex(vector.genesis.block)).header)];
  let parent = decodeMinorBlock(fromHex(vector.genesis.block)).meta;
  return vector.blocks.map((row, i) => {
    const { header, meta, transactions } = decodeMinorBlock(fromHex(row.block));
    const lastRoot = roots.find((root) => bytesEqual(rootHeaderHash(root), header.prevRootBlockHash));
    if (lastRoot === undefined) throw new Error("the vector lacks the block's previous root block");
    const from = parent.xshardCursor;
    const hashes = [...ancestors].reverse();
    const payload: ExecutionPayload = {
      fullShardId: header.branch,
      parentStateRoot: i === 0 ? genesisRoot : parent.stateRoot,
      height: header.height,
      timestamp: header.createTime,
      coinbase: header.coinbaseAddress.recipient,
      difficulty: header.difficulty,
      gasLimit: header.gasLimit,
      xshardGasLimit: meta.xshardGasLimit,
      transactions,
      deposits: deposits.filter(({ cursor }) => isAfter(cursor, from) && cursor.rootBlockHeight <= lastRoot.height),
      exhaustedCursor: { rootBlockHeight: lastRoot.height + 1, minorBlockIndex: 0, xshardDepositIndex: 0 },
      senderDisallowMap: new Map(),
      ancestorHash: (distance) => hashes[distance - 1],
      reachableShards: new Set([...networkConfig(vector.network).shardSizes.keys()].map((id) => (id << 16) | 1)),
      blockReward: BLOCK_REWARD,
    };
    ancestors.push(minorHeaderHash(header));
    parent = meta;
    return payload;
  });
}

describe("blocks", () => {
  test.each(cases)("$name", (vector) => {
    const store = new MemoryNodeStore();
    const genesisRoot = allocate(store, vector.genesis_alloc);
    expect(`0x${toHex(genesisRoot)}`).toBe(vector.genesis.state_root);
    const layer = new ExecutionLayer(networkConfig(vector.network), store);
    for (const [i, payload] of payloadsOf(vector, genesisRoot).entries()) {
      const row = vector.blocks[i];
      if (row.expect === "rejected") {
        expect(() => layer.execute(payload)).toThrow(TransactionInvalidError);
        continue;
      }
      const computed = layer.execute(payload);
      const expected = row.result;
      expect(amountsRow(computed.coinbaseAmounts)).toEqual(expected.coinbase_amount_map);
      expect(computed.receipts.map(receiptRow)).toEqual([...expected.receipts, ...expected.xshard_deposit_receipts]);
      expect(computed.xshardSends).toEqual(expected.produced_deposits.map(depositOf));
      expect(computed.depositsConsumed).toBe(expected.consumed_deposits.length);
      expect(computed.xshardCursor).toEqual({
        rootBlockHeight: expected.cursor.root_block_height,
        minorBlockIndex: expected.cursor.minor_block_index,
        xshardDepositIndex: expected.cursor.xshard_deposit_index,
      });
      expect({
        gasUsed: String(computed.gasUsed),
        xshardGasUsed: String(computed.xshardReceiveGasUsed),
        bloom: `0x${toHex(computed.bloom)}`,
        receiptRoot: `0x${toHex(computed.receiptRoot)}`,
        stateRoot: `0x${toHex(computed.stateRoot)}`,
      }).toEqual({
        gasUsed: expected.gas_used,
        xshardGasUsed: expected.xshard_receive_gas_used,
        bloom: expected.bloom,
        receiptRoot: expected.receipt_root,
        stateRoot: expected.post_state_root,
      });
    }
  });
});
