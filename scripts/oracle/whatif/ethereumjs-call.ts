import { createEVM, type EVM, type EVMOpts, paramsEVM } from "@ethereumjs/evm";
import { Account, createAddressFromString, type Address as EthereumAddress } from "@ethereumjs/util";
import { bigIntToBytes, fromHex } from "../../../node/codec/bytes.ts";

/** A transaction's message with all that it can see, addresses and slots in hex. */
export interface CallCase {
  readonly sender: string;
  /** Null creates a contract. */
  readonly to: string | null;
  readonly value: bigint;
  readonly data: Uint8Array;
  readonly startGas: bigint;
  readonly gasPrice: bigint;
  /** After the start gas is paid. */
  readonly accounts: ReadonlyMap<string, CallAccount>;
  readonly block: {
    readonly number: number;
    readonly timestamp: number;
    readonly coinbase: string;
    readonly difficulty: bigint;
    readonly gasLimit: bigint;
  };
}

export interface CallAccount {
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly code: Uint8Array;
  /** Slots that are not zero. */
  readonly storage: ReadonlyMap<bigint, bigint>;
}

/** Rules of @ethereumjs/evm, and how a transaction is charged around its message by the text of the proposals. */
export interface EthereumRules {
  readonly hardfork: string;
  readonly eips?: readonly number[];
  /** Prices that differ from the hardfork's, by the name they have there. */
  readonly prices?: Readonly<Record<string, number>>;
  readonly nonZeroByteGas: bigint;
  readonly initCodeWordGas: bigint;
  readonly refundQuotient: bigint;
  readonly floorTokenGas: bigint;
}

export interface EthereumEnding {
  readonly success: boolean;
  readonly gas: bigint;
  readonly logs: number;
}

/** How the transaction ends in @ethereumjs/evm; undefined where its start gas does not cover what it needs beforehand. */
export async function ethereumEnding(call: CallCase, rules: EthereumRules): Promise<EthereumEnding | undefined> {
  const zeros = BigInt(call.data.filter((byte) => byte === 0).length);
  const others = BigInt(call.data.length) - zeros;
  const words = BigInt(Math.ceil(call.data.length / 32));
  const creation = call.to === null ? 32_000n + words * rules.initCodeWordGas : 0n;
  const intrinsic = 21_000n + creation + 4n * zeros + rules.nonZeroByteGas * others;
  const floor = rules.floorTokenGas === 0n ? 0n : 21_000n + rules.floorTokenGas * (zeros + 4n * others);
  if (call.startGas < intrinsic || call.startGas < floor) return undefined;

  const evm = await evmOf(rules);
  await fillState(evm, call);
  const caller = createAddressFromString(`0x${call.sender}`);
  const to = call.to === null ? undefined : createAddressFromString(`0x${call.to}`);
  warm(evm, caller, to, call.block.coinbase);
  const { execResult } = await evm.runCall({
    caller,
    origin: caller,
    to,
    value: call.value,
    data: call.data,
    gasLimit: call.startGas - intrinsic,
    gasPrice: call.gasPrice,
    block: blockOf(call),
  });
  const success = execResult.exceptionError === undefined;
  const used = intrinsic + execResult.executionGasUsed;
  const refund = execResult.gasRefund ?? 0n;
  const most = used / rules.refundQuotient;
  const settled = success ? used - (refund < most ? refund : most) : used;
  return { success, gas: settled < floor ? floor : settled, logs: success ? (execResult.logs?.length ?? 0) : 0 };
}

/** Number of the proposal under which the last hardfork before a price's change keeps its prices. */
const PRICES_OF: Readonly<Record<string, number>> = { petersburg: 1716, istanbul: 1679 };

async function evmOf({ hardfork, eips = [], prices = {} }: EthereumRules): Promise<EVM> {
  const common = (await createEVM()).common.copy();
  common.setHardfork(hardfork);
  common.setEIPs([...eips]);
  const proposal = PRICES_OF[hardfork];
  const params: EVMOpts["params"] =
    Object.keys(prices).length === 0
      ? undefined
      : { ...paramsEVM, [proposal]: { ...(paramsEVM as Record<number, object>)[proposal], ...prices } };
  return createEVM(params === undefined ? { common } : { common, params });
}

async function fillState(evm: EVM, { accounts }: CallCase): Promise<void> {
  for (const [key, { nonce, balance, code, storage }] of accounts) {
    const address = createAddressFromString(`0x${key}`);
    await evm.stateManager.putAccount(address, new Account(nonce, balance));
    if (code.length > 0) await evm.stateManager.putCode(address, code);
    for (const [slot, value] of storage) {
      const digits = value.toString(16);
      const bytes = fromHex(digits.length % 2 === 0 ? digits : `0${digits}`);
      await evm.stateManager.putStorage(address, bigIntToBytes(slot, 32), bytes);
    }
  }
}

/** What a transaction makes warm before its message (EIP-2929, EIP-3651). */
function warm(evm: EVM, caller: EthereumAddress, to: EthereumAddress | undefined, coinbase: string): void {
  if (!evm.common.isActivatedEIP(2929)) return;
  for (const precompile of evm.precompiles.keys()) evm.journal.addAlwaysWarmAddress(precompile);
  evm.journal.addAlwaysWarmAddress(caller.toString());
  if (to !== undefined) evm.journal.addAlwaysWarmAddress(to.toString());
  if (evm.common.isActivatedEIP(3651)) evm.journal.addAlwaysWarmAddress(coinbase);
}

function blockOf({ block }: CallCase) {
  return {
    header: {
      number: BigInt(block.number),
      coinbase: createAddressFromString(`0x${block.coinbase}`),
      timestamp: BigInt(block.timestamp),
      difficulty: block.difficulty,
      // From the merge on 0x44 shows this in Ethereum.
      prevRandao: bigIntToBytes(block.difficulty, 32),
      gasLimit: block.gasLimit,
      baseFeePerGas: 0n,
      slotNumber: 0n,
      getBlobGasPrice: () => 1n,
    },
  };
}
