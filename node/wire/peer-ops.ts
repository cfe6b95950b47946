import { minorBlock, minorBlockHeader, rootBlockHeader, transaction } from "./chain-codecs.ts";
import { hash32, list, struct, u8, u32 } from "./codec.ts";
import { type Command, operationsOf, type Rpc } from "./operation.ts";

/**
 * What shards of different clusters say to each other (pyquarkchain quarkchain/cluster/p2p_commands.py CommandOp), as far
 * as it reaches a slave. Counts are limited by what either side may ask for: a longer list is refused as a whole.
 */

/** shard.py PeerShardConnection.handle_new_transaction_list. */
const MOST_TRANSACTIONS = 1000;
/** shard.py handle_get_minor_block_list_request. */
const MOST_BLOCKS = 100;
/** shard.py handle_get_minor_block_header_list_request: 2 * the 100 that it asks for itself. */
const MOST_HEADERS = 200;

const newMinorBlockHeaderList = struct({ rootHeader: rootBlockHeader, headers: list(minorBlockHeader, 1) });
const newTransactionList = struct({ transactions: list(transaction, MOST_TRANSACTIONS) });
export const newBlockMinor = struct({ block: minorBlock });

const getMinorBlockListRequest = struct({ hashes: list(hash32, MOST_BLOCKS) });
const getMinorBlockListResponse = struct({ blocks: list(minorBlock, MOST_BLOCKS) });

/** Towards genesis (0) from a block, or towards the tip (1). */
const getMinorBlockHeaderListRequest = struct({ hash: hash32, branch: u32, limit: u32, direction: u8 });
const getMinorBlockHeaderListWithSkipRequest = struct({
  /** 0: `data` is a hash; 1: a height in 32 bytes. */
  type: u8,
  data: hash32,
  branch: u32,
  limit: u32,
  skip: u32,
  direction: u8,
});
const getMinorBlockHeaderListResponse = struct({
  rootTip: rootBlockHeader,
  shardTip: minorBlockHeader,
  headers: list(minorBlockHeader, MOST_HEADERS),
});

export const PEER_COMMAND = {
  newMinorBlockHeaderList: { name: "NEW_MINOR_BLOCK_HEADER_LIST", op: 1, message: newMinorBlockHeaderList },
  newTransactionList: { name: "NEW_TRANSACTION_LIST", op: 2, message: newTransactionList },
  newBlockMinor: { name: "NEW_BLOCK_MINOR", op: 13, message: newBlockMinor },
} satisfies Record<string, Command<unknown>>;

export const PEER_RPC = {
  getMinorBlockList: {
    name: "GET_MINOR_BLOCK_LIST",
    op: 9,
    responseOp: 10,
    request: getMinorBlockListRequest,
    response: getMinorBlockListResponse,
  },
  getMinorBlockHeaderList: {
    name: "GET_MINOR_BLOCK_HEADER_LIST",
    op: 11,
    responseOp: 12,
    request: getMinorBlockHeaderListRequest,
    response: getMinorBlockHeaderListResponse,
  },
  getMinorBlockHeaderListWithSkip: {
    name: "GET_MINOR_BLOCK_HEADER_LIST_WITH_SKIP",
    op: 19,
    responseOp: 20,
    request: getMinorBlockHeaderListWithSkipRequest,
    response: getMinorBlockHeaderListResponse,
  },
} satisfies Record<string, Rpc<unknown, unknown>>;

export const PEER_OPERATIONS = operationsOf(Object.values(PEER_RPC), Object.values(PEER_COMMAND));
