import type { QuarkChainConfig } from "../chain/config.ts";
import { type Address, addressFromHex, bytesEqual, bytesToBigInt, concatBytes, type Hash32 } from "../codec/bytes.ts";
import { KECCAK_EMPTY } from "../codec/keccak.ts";
import type { Awaitable, ContractCall, ContractCallResult } from "../el/block-executor.ts";

/** The staking contract lives here, and only coinbases of this shard can have stakes (master.py _posw_info). */
export const STAKING_SHARD = 1;

const STAKING_CONTRACT = addressFromHex("514b430000000000000000000000000000000001");
/** Selector of getLockedStakes(address) and the padding of its argument. */
const LOCKED_STAKES_CALL = Uint8Array.of(0xfd, 0x8c, 0x46, 0x46, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
const CALL_GAS = 1_000_000n;

/** Stakes locked for a miner of root blocks, and who must sign its blocks. */
export interface RootStakes {
  readonly stakes: bigint;
  /** An address; empty where the contract answers less than two words, which frees the block from being signed. */
  readonly signer: Uint8Array;
}

const NO_STAKES: RootStakes = { stakes: 0n, signer: new Uint8Array(20) };

/**
 * Asks the staking contract, as it stands in `stateRoot`, for the stakes of a coinbase (shard_state.py
 * get_root_chain_stakes). No contract, other code than the configuration names or a failed call mean no stakes.
 */
export async function queryRootStakes(
  config: QuarkChainConfig,
  call: (request: ContractCall) => Awaitable<ContractCallResult>,
  stateRoot: Hash32,
  coinbase: Address,
): Promise<RootStakes> {
  const { codeHash, success, output } = await call({
    fullShardId: STAKING_SHARD,
    stateRoot,
    to: STAKING_CONTRACT,
    data: concatBytes(LOCKED_STAKES_CALL, coinbase),
    gas: CALL_GAS,
  });
  if (bytesEqual(codeHash, KECCAK_EMPTY)) return NO_STAKES;
  if (!bytesEqual(codeHash, config.rootChainPoswContractBytecodeHash)) return NO_STAKES;
  if (!success || output.length === 0) return NO_STAKES;
  return { stakes: bytesToBigInt(output.subarray(0, 32)), signer: output.slice(44) };
}
