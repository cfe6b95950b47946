import { type CrossShardDeposit, readDepositList, writeDepositList } from "../chain/deposit.ts";
import {
  MINIMUM_MINOR_BLOCK_BYTES,
  MINIMUM_MINOR_HEADER_BYTES,
  type MinorBlock,
  type MinorBlockHeader,
  readMinorBlock,
  readMinorBlockHeader,
  writeMinorBlock,
  writeMinorBlockHeader,
} from "../chain/minor-block.ts";
import {
  MINIMUM_ROOT_HEADER_BYTES,
  type RootBlock,
  type RootBlockHeader,
  readRootBlock,
  readRootBlockHeader,
  writeRootBlock,
  writeRootBlockHeader,
} from "../chain/root-block.ts";
import { readTokenBalances, type TokenBalances, writeTokenBalances } from "../chain/token-balances.ts";
import { readTypedTransaction, type TypedTransaction, writeTypedTransaction } from "../chain/typed-transaction.ts";
import { from } from "./codec.ts";

export const tokenBalances = from<TokenBalances>(4, readTokenBalances, writeTokenBalances);
export const transaction = from<TypedTransaction>(5, readTypedTransaction, writeTypedTransaction);
export const deposits = from<readonly CrossShardDeposit[]>(8, readDepositList, writeDepositList);
export const minorBlockHeader = from<MinorBlockHeader>(
  MINIMUM_MINOR_HEADER_BYTES,
  readMinorBlockHeader,
  writeMinorBlockHeader,
);
export const minorBlock = from<MinorBlock>(MINIMUM_MINOR_BLOCK_BYTES, readMinorBlock, writeMinorBlock);
export const rootBlockHeader = from<RootBlockHeader>(
  MINIMUM_ROOT_HEADER_BYTES,
  readRootBlockHeader,
  writeRootBlockHeader,
);
export const rootBlock = from<RootBlock>(MINIMUM_ROOT_HEADER_BYTES + 4 + 2, readRootBlock, writeRootBlock);
