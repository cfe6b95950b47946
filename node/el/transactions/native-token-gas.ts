import type { EvmTransaction } from "../../chain/evm-transaction.ts";
import { bigIntToBytes, bytesToBigInt, concatBytes, fromHex } from "../../codec/bytes.ts";
import { applyMessage } from "../evm/message.ts";
import { SYSTEM_CONTRACT_ADDRESSES } from "../evm/precompiles/system-contract-addresses.ts";
import { type BlockExecution, messageContext } from "./block-execution.ts";

/** System contract that takes native tokens for gas and pays with its own genesis tokens. */
export const GENERAL_NATIVE_TOKEN_CONTRACT = SYSTEM_CONTRACT_ADDRESSES.generalNativeToken;

const PAY_AS_GAS = fromHex("5ae8f7f1");
const CALCULATE_GAS_PRICE = fromHex("ce9e8c47");
/** Given freely, so that the call never lacks gas. */
const MOCK_GAS = 1_000_000;

/** On what terms gas is bought. */
export interface GasTerms {
  /** In the genesis token; 0 when the contract refuses the token. */
  readonly gasPrice: bigint;
  /** Percent of unused gas that the sender gets back. The contract may answer any number. */
  readonly refundRate: bigint;
  /** The part of the price that nobody earns (EIP-1559); absent: none. */
  readonly burnt?: bigint;
}

const REFUSED: GasTerms = { gasPrice: 0n, refundRate: 0n };

/**
 * Asks the general native token contract to take `gas · gasPrice` of a token (pyquarkchain messages.py
 * pay_native_token_as_gas). What the contract changes stays; its logs and refunds count for whatever runs now.
 */
export function payNativeTokenAsGas(
  execution: BlockExecution,
  tokenId: bigint,
  gas: bigint,
  gasPrice: bigint,
): GasTerms {
  return askContract(execution, PAY_AS_GAS, [tokenId, gas, gasPrice]);
}

/**
 * A transaction's gas price in the default token of the chain, 0 where the contract does not take its token
 * (pyquarkchain messages.py convert_to_default_chain_token_gasprice).
 */
export function gasPriceInDefaultToken(
  execution: BlockExecution,
  { gasTokenId, gasPrice }: Pick<EvmTransaction, "gasTokenId" | "gasPrice">,
): bigint {
  if (gasTokenId === execution.config.chain.defaultChainToken) return gasPrice;
  const snapshot = execution.state.snapshot();
  const terms = askContract(execution, CALCULATE_GAS_PRICE, [gasTokenId, gasPrice]);
  execution.state.revert(snapshot);
  return terms.gasPrice;
}

function askContract(execution: BlockExecution, selector: Uint8Array, words: readonly bigint[]): GasTerms {
  const contract = GENERAL_NATIVE_TOKEN_CONTRACT;
  if (execution.state.getCode(contract).length === 0) return REFUSED;
  const result = applyMessage(messageContext(execution, contract, 0n), {
    sender: contract,
    to: contract,
    codeAddress: contract,
    value: 0n,
    transferTokenId: 0n,
    gas: MOCK_GAS,
    data: concatBytes(selector, ...words.map((word) => bigIntToBytes(word, 32))),
    depth: 0,
    transfersValue: true,
    isStatic: false,
    toFullShardKey: undefined,
  });
  if (!result.success) return REFUSED;
  return {
    refundRate: bytesToBigInt(result.output.subarray(0, 32)),
    gasPrice: bytesToBigInt(result.output.subarray(32, 64)),
  };
}
