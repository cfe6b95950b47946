import { type Address, fromHex } from "../../../codec/bytes.ts";
import type { ExecutionContext } from "../context.ts";
import { failure, OUT_OF_GAS } from "../frame.ts";
import type { Creation, Message, MessageResult } from "../message.ts";
import { readWord } from "../words.ts";
import type { PrecompileSchedule } from "./schedule.ts";
import { SYSTEM_CONTRACT_ADDRESSES } from "./system-contract-addresses.ts";
import {
  GENERAL_NATIVE_TOKEN_INIT_CODE,
  NON_RESERVED_NATIVE_TOKEN_INIT_CODE,
  ROOT_CHAIN_POSW_INIT_CODE,
} from "./system-contract-code.ts";

interface SystemContract {
  readonly address: Address;
  readonly initCode: Uint8Array;
  readonly onChain0Only: boolean;
  /** Deployable where block.timestamp >= this. */
  readonly start: (schedule: PrecompileSchedule) => number;
}

/** By the index that deploys them (pyquarkchain specials.py _system_contracts, SYSTEM_CONTRACT_SCOPE_MAP). */
const SYSTEM_CONTRACTS: readonly (SystemContract | undefined)[] = [
  undefined,
  {
    address: SYSTEM_CONTRACT_ADDRESSES.rootChainPosw,
    initCode: fromHex(ROOT_CHAIN_POSW_INIT_CODE),
    onChain0Only: false,
    start: () => 0,
  },
  {
    address: SYSTEM_CONTRACT_ADDRESSES.nonReservedNativeToken,
    initCode: fromHex(NON_RESERVED_NATIVE_TOKEN_INIT_CODE),
    onChain0Only: true,
    start: (schedule) => schedule.nonReservedNativeToken,
  },
  {
    address: SYSTEM_CONTRACT_ADDRESSES.generalNativeToken,
    initCode: fromHex(GENERAL_NATIVE_TOKEN_INIT_CODE),
    onChain0Only: false,
    start: (schedule) => schedule.generalNativeToken,
  },
];

/**
 * 514b430003: creates the system contract of the index given (0 = 1) at its fixed address. The creator is the
 * account in whose name this precompile runs. Not refused in a static call, nor by the depth limit
 * (specials.py proc_deploy_system_contract).
 */
export function deploySystemContract(context: ExecutionContext, message: Message): MessageResult | Creation {
  const fee = context.chain.rules.gas.deploySystemContract;
  if (message.gas < fee) return failure(OUT_OF_GAS);
  const index = readWord(message.data, 0) || 1n;
  const contract = index < SYSTEM_CONTRACTS.length ? SYSTEM_CONTRACTS[Number(index)] : undefined;
  if (contract === undefined) return failure("no such system contract");
  if (contract.onChain0Only && context.transaction.chainId !== 0) return failure("this contract is for chain 0 only");
  if (context.block.timestamp < contract.start(context.chain.schedule)) return failure("too early for this contract");
  return {
    sender: message.to,
    value: 0n,
    transferTokenId: message.transferTokenId,
    gas: message.gas - fee,
    initCode: contract.initCode,
    depth: message.depth + 1,
    toFullShardKey: message.toFullShardKey,
    recipient: contract.address,
  };
}
