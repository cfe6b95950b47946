import secp256k1 from "secp256k1";
import { type EvmTransaction, intrinsicGas } from "../../node/chain/evm-transaction.ts";
import type { Receipt } from "../../node/chain/receipt.ts";
import {
  type Address,
  addressFromHex,
  asAddress,
  bytesEqual,
  type Hash32,
  toHex,
  utf8,
  ZERO_HASH,
} from "../../node/codec/bytes.ts";
import { UnsupportedError } from "../../node/codec/errors.ts";
import { keccak256 } from "../../node/codec/keccak.ts";
import type { BlockContext } from "../../node/el/evm/context.ts";
import { precompileSchedule } from "../../node/el/evm/precompiles/schedule.ts";
import { QUARKCHAIN_RULES, type Rules } from "../../node/el/evm/rules.ts";
import type { ExecutionConfig } from "../../node/el/execution-config.ts";
import type { NodeStore } from "../../node/el/state/node-store.ts";
import { WorldState } from "../../node/el/state/world-state.ts";
import { applyTransaction } from "../../node/el/transactions/apply-transaction.ts";
import type { BlockExecution } from "../../node/el/transactions/block-execution.ts";
import { runMessage } from "../../node/el/transactions/run-message.ts";
import { TransactionInvalidError } from "../../node/el/transactions/transaction-invalid-error.ts";
import { type SignedTransaction, validateTransaction } from "../../node/el/transactions/validate-transaction.ts";
import { ethereumRoot, QKC_TOKEN } from "./accounts.ts";
import type { Environment, ExpectedResult, StateTest, TestTransaction } from "./format.ts";

/** Whose state the roots of a test are made of. */
export type Ledger = "ethereum" | "quarkchain";

const MINT_TOKEN_PRECOMPILE = addressFromHex("000000000000000000000000000000514b430004");

/** What a test runs on. */
export interface TestSurroundings {
  readonly store: NodeStore;
  readonly preRoot: Hash32;
  readonly ledger: Ledger;
  /** QuarkChain's own by default. */
  readonly rules?: Rules;
}

export interface TestResult {
  readonly stateRoot: Hash32;
  /** Undefined where the transaction is not valid. */
  readonly receipt: Receipt | undefined;
}

/**
 * Executes one of a test's transactions on `preRoot` (pyquarkchain
 * new_statetest_utils.py compute_state_test_unit). A transaction that is not valid leaves the state, but for the
 * coinbase, which every test touches.
 */
export function runStateTest(
  test: StateTest,
  { indexes }: Pick<ExpectedResult, "indexes">,
  { store, preRoot, ledger, rules = QUARKCHAIN_RULES }: TestSurroundings,
): TestResult {
  const state = new WorldState(store, preRoot, undefined, rules);
  const execution = beginBlock(test.env, state, rules);
  try {
    const signed = chooseTransaction(test.transaction, indexes, rules);
    if (ledger === "quarkchain") applyTransaction(execution, signed);
    else applyAsEthereum(execution, signed);
  } catch (error) {
    if (!(error instanceof TransactionInvalidError)) throw error;
  }
  state.addBalance(test.env.currentCoinbase, QKC_TOKEN, 0n);
  const root = state.commit();
  return {
    stateRoot: ledger === "quarkchain" ? root : ethereumRoot(store, root),
    receipt: execution.receipts.at(0),
  };
}

/**
 * A transaction whose contracts get plain Ethereum addresses (transactions.py `is_testing`); otherwise what
 * applyTransaction does where gas is paid in the default token.
 */
function applyAsEthereum(execution: BlockExecution, signed: SignedTransaction): void {
  const { transaction, sender } = signed;
  validateTransaction(execution, signed);
  execution.state.incrementNonce(sender);
  execution.state.addBalance(sender, QKC_TOKEN, -transaction.startGas * transaction.gasPrice);
  const message = {
    sender,
    to: transaction.to,
    createsAtRecipient: false,
    value: transaction.value,
    transferTokenId: transaction.transferTokenId,
    data: transaction.data,
    toFullShardKey: undefined,
    gas: transaction.startGas - signed.intrinsicGas,
    gasUsedBefore: signed.intrinsicGas,
    terms: { gasPrice: transaction.gasPrice, refundRate: 100n },
  };
  runMessage(execution, message, execution.receipts);
}

function beginBlock(env: Environment, state: WorldState, rules: Rules): BlockExecution {
  return {
    config: configOf(env, rules),
    block: blockOf(env),
    state,
    xshardGasLimit: 0n,
    reachableShards: new Set(),
    headerGasLimit: env.currentGasLimit,
    gasLimit: env.currentGasLimit,
    gasUsed: 0n,
    fees: new Map(),
    receipts: [],
    depositReceipts: [],
    xshardSends: [],
    destroyed: [],
  };
}

/** pyquarkchain's defaults, without the root chain's tax (tests/test_state.py main). */
function configOf(env: Environment, rules: Rules): ExecutionConfig {
  return {
    fullShardId: 1,
    networkId: 1n,
    ethChainId: 1n,
    shardSizes: new Map([[0, 1]]),
    genesisToken: QKC_TOKEN,
    localFeeRate: { numerator: 1n, denominator: 1n },
    enableTxTimestamp: null,
    txWhitelistSenders: new Set(),
    enableEvmTimestamp: null,
    enableEip155SignerTimestamp: null,
    xshardGasDdosFixRootHeight: 0,
    chain: {
      rules,
      schedule: precompileSchedule({
        enableEvmTimestamp: undefined,
        enableNonReservedNativeTokenTimestamp: mintTime(env),
        enableGeneralNativeTokenTimestamp: undefined,
      }),
      defaultChainToken: QKC_TOKEN,
      ethChainId: 1n,
    },
  };
}

function mintTime({ overrides }: Environment): number | undefined {
  let time: number | undefined;
  for (const { address, timestamp } of overrides?.specialContractTimestamp ?? []) {
    if (!bytesEqual(address, MINT_TOKEN_PRECOMPILE)) {
      throw new UnsupportedError(`the time of precompile ${toHex(address)} cannot be overridden`);
    }
    time = timestamp;
  }
  return time;
}

/** Ancestors hash to the keccak-256 of their decimal number (new_statetest_utils.py mk_fake_header). */
function blockOf(env: Environment): BlockContext {
  const number = Number(env.currentNumber);
  return {
    coinbase: env.currentCoinbase,
    timestamp: Number(env.currentTimestamp),
    number,
    difficulty: env.currentDifficulty,
    ancestorHash: (distance) =>
      distance <= Math.min(256, number) ? keccak256(utf8(String(number - distance))) : undefined,
    senderDisallowMap: new Map(),
  };
}

function chooseTransaction(
  fields: TestTransaction,
  indexes: ExpectedResult["indexes"],
  rules: Rules,
): SignedTransaction {
  const transaction: EvmTransaction = {
    nonce: fields.nonce,
    gasPrice: fields.gasPrice,
    startGas: chosen(fields.gasLimit, indexes.gas),
    to: fields.to === "" ? undefined : addressFromHex(fields.to),
    value: chosen(fields.value, indexes.value),
    data: chosen(fields.data, indexes.data),
    networkId: 1n,
    fromFullShardKey: 0,
    toFullShardKey: 0,
    gasTokenId: QKC_TOKEN,
    transferTokenId:
      fields.transferTokenId === undefined ? QKC_TOKEN : chosen(fields.transferTokenId, indexes.transferTokenId ?? 0),
    version: 0n,
    v: 0n,
    r: 0n,
    s: 0n,
  };
  return {
    transaction,
    hash: ZERO_HASH,
    sender: addressOfKey(fields.secretKey),
    isCrossShard: false,
    intrinsicGas: intrinsicGas(transaction, false, rules.transaction),
  };
}

function chosen<T>(alternatives: readonly T[], index: number): T {
  if (index >= alternatives.length) throw new RangeError(`alternative ${index} of ${alternatives.length} was expected`);
  return alternatives[index];
}

function addressOfKey(secretKey: Uint8Array): Address {
  return asAddress(keccak256(secp256k1.publicKeyCreate(secretKey, false).subarray(1)).subarray(12));
}
