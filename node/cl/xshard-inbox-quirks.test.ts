import { describe, expect, test } from "vitest";
import { type MinorBlockHeader, minorHeaderHash, type XshardCursor } from "../chain/minor-block.ts";
import { plainDeposit } from "../chain/plain-messages.testkit.ts";
import { type RootBlock, type RootBlockHeader, rootHeaderHash } from "../chain/root-block.ts";
import { asAddress, bytesEqual, EMPTY_BYTES, type Hash32, ZERO_ADDRESS } from "../codec/bytes.ts";
import { DatabaseDamagedError } from "../codec/errors.ts";
import { CONFIG, genesisOf, ROOT_GENESIS, rootBlockOn } from "./chain-rules.testkit.ts";
import { RootChain } from "./root-chain.ts";
import { dueDeposits, type InboxContext } from "./xshard-inbox.ts";

const HERE = 0x10002;
const NEIGHBOR = 1;
const STRANGER = 0x10003;
const MINER = asAddress(new Uint8Array(20).fill(9));

function minorOf(branch: number, nonce: number, root: RootBlockHeader = ROOT_GENESIS): MinorBlockHeader {
  return { ...genesisOf(NEIGHBOR), branch, nonce: BigInt(nonce), prevRootBlockHash: rootHeaderHash(root) };
}

/** Heights 0 to 3: block 1 pays a miner of this shard, 2 confirms blocks of all shards, 3 confirms one neighbour's. */
const ROOTS: RootBlock[] = [{ header: ROOT_GENESIS, minorHeaders: [], trackingData: EMPTY_BYTES }];
function addRoot(minorHeaders: readonly MinorBlockHeader[], fullShardKey: number): void {
  const block = rootBlockOn(ROOTS[ROOTS.length - 1].header, minorHeaders);
  ROOTS.push({ ...block, header: { ...block.header, coinbaseAddress: { recipient: MINER, fullShardKey } } });
}
addRoot([], 0x1fffe);
const MINORS = [
  minorOf(NEIGHBOR, 1, ROOTS[1].header),
  minorOf(NEIGHBOR, 2, ROOTS[1].header),
  minorOf(HERE, 3, ROOTS[1].header),
  minorOf(STRANGER, 4, ROOTS[1].header),
  minorOf(NEIGHBOR, 5, ROOTS[1].header),
];
addRoot(MINORS, 0);
addRoot([minorOf(NEIGHBOR, 6, ROOTS[2].header)], 0x1fffe);

const DEPOSIT = plainDeposit({
  from: { recipient: ZERO_ADDRESS, fullShardKey: 0 },
  to: { recipient: ZERO_ADDRESS, fullShardKey: HERE },
  value: 1n,
  gasTokenId: CONFIG.genesisTokenId,
  transferTokenId: CONFIG.genesisTokenId,
  messageData: EMPTY_BYTES,
});

/** The blocks with nonce 1, 5 and 6 send two, one and one deposit; the others nothing, or nowhere. */
const COUNTS = new Map([
  [1n, 2],
  [2n, 0],
  [5n, 1],
  [6n, 1],
]);

function rootOf(hash: Hash32): RootBlock {
  const block = ROOTS.find(({ header }) => bytesEqual(rootHeaderHash(header), hash));
  if (block === undefined) throw new Error("no such root block");
  return block;
}

const ROOT_CHAIN = new RootChain(
  { hasRootBlock: () => true, rootBlock: rootOf, rootHeader: (hash) => rootOf(hash).header },
  rootHeaderHash(ROOTS[3].header),
);

const CONTEXT: InboxContext = {
  fullShardId: HERE,
  rootChain: ROOT_CHAIN,
  genesisTokenId: CONFIG.genesisTokenId,
  genesisRootHeight: 0,
  isNeighbor: (fullShardId) => fullShardId !== STRANGER,
  rootHeight: (hash) => rootOf(hash).header.height,
  depositList: (hash) => {
    const minor = ROOTS.flatMap(({ minorHeaders }) => minorHeaders).find((header) =>
      bytesEqual(minorHeaderHash(header), hash),
    );
    const count = COUNTS.get(minor?.nonce ?? 0n);
    return count === undefined ? undefined : new Array(count).fill(DEPOSIT);
  },
};

type Place = readonly [rootHeight: number, minorIndex: number, depositIndex: number];
const cursorAt = ([rootBlockHeight, minorBlockIndex, xshardDepositIndex]: Place): XshardCursor => ({
  rootBlockHeight,
  minorBlockIndex,
  xshardDepositIndex,
});
const placeOf = (cursor: XshardCursor): Place => [
  cursor.rootBlockHeight,
  cursor.minorBlockIndex,
  cursor.xshardDepositIndex,
];

function placesAfter(last: Place, maxRootHeight: number, context: Partial<InboxContext> = {}): Place[] {
  const { deposits } = dueDeposits({ ...CONTEXT, ...context }, cursorAt(last), maxRootHeight);
  return [...deposits].map(({ cursor }) => placeOf(cursor));
}

describe("dueDeposits (shard_state.py XshardTxCursor)", () => {
  test("each root block's coinbase comes first, as minor index 0 and deposit index 1", () => {
    expect(placesAfter([0, 0, 0], 1)).toEqual([
      [0, 0, 1],
      [1, 0, 1],
    ]);
  });

  test("minor indexes count the whole list from 1, deposit indexes from 0", () => {
    expect(placesAfter([2, 0, 0], 2)).toEqual([
      [2, 0, 1],
      [2, 1, 0],
      [2, 1, 1],
      [2, 5, 0],
    ]);
  });

  test("the cursor names the deposit consumed last, in the middle of a list too", () => {
    expect(placesAfter([2, 1, 0], 3)).toEqual([
      [2, 1, 1],
      [2, 5, 0],
      [3, 0, 1],
      [3, 1, 0],
    ]);
    expect(placesAfter([2, 0, 1], 2)[0]).toEqual([2, 1, 0]);
    expect(placesAfter([2, 5, 0], 2)).toEqual([]);
  });

  test("without deposits left the cursor is the next root height and zeros", () => {
    const exhausted = (last: Place, max: number) => placeOf(dueDeposits(CONTEXT, cursorAt(last), max).exhaustedCursor);
    expect(exhausted([2, 1, 0], 3)).toEqual([4, 0, 0]);
    expect(exhausted([4, 0, 0], 3)).toEqual([4, 0, 0]);
    expect(placesAfter([4, 0, 0], 3)).toEqual([]);
  });

  test("the coinbase deposit is of the genesis token, worth nothing in a shard that is not the address's", () => {
    const [genesis, here, elsewhere] = [...dueDeposits(CONTEXT, cursorAt([0, 0, 0]), 2).deposits];
    const amount = ROOTS[1].header.coinbaseAmounts.get(CONFIG.genesisTokenId);
    expect(genesis.deposit).toMatchObject({ value: 0n, isFromRootChain: true });
    expect(here.deposit).toMatchObject({
      value: amount,
      gasPrice: 0n,
      gasRemained: 0n,
      txHash: rootHeaderHash(ROOTS[1].header),
      to: { recipient: MINER, fullShardKey: 0x1fffe },
    });
    expect(elsewhere.deposit).toMatchObject({ value: 0n, to: { recipient: MINER, fullShardKey: 0 } });
    const otherToken = { genesisTokenId: 1n };
    expect([...dueDeposits({ ...CONTEXT, ...otherToken }, cursorAt([0, 0, 1]), 1).deposits][0].deposit.value).toBe(0n);
  });

  test("blocks made before this shard's genesis send nothing, and must not have a list", () => {
    expect(placesAfter([3, 0, 1], 3, { genesisRootHeight: 2, depositList: () => undefined })).toEqual([]);
    expect(() => placesAfter([3, 0, 1], 3, { genesisRootHeight: 2 })).toThrow(DatabaseDamagedError);
    expect(placesAfter([3, 0, 1], 3, { genesisRootHeight: 1 })).toEqual([[3, 1, 0]]);
  });

  test("every other block of a neighbour must have a list, an empty one at least", () => {
    expect(() => placesAfter([2, 0, 1], 2, { depositList: () => undefined })).toThrow(/no deposit list/);
  });

  test("who is a neighbour is asked for the root height of the list", () => {
    const heights: number[] = [];
    placesAfter([3, 0, 1], 3, {
      isNeighbor: (_, rootHeight) => {
        heights.push(rootHeight);
        return true;
      },
    });
    expect(heights).toEqual([3]);
  });
});
