import type { Receipt } from "../../node/chain/receipt.ts";
import { addressFromHex, bytesEqual, type Hash32, toHex, utf8 } from "../../node/codec/bytes.ts";
import { UnsupportedError } from "../../node/codec/errors.ts";
import { keccak256 } from "../../node/codec/keccak.ts";
import type { BlockContext } from "../../node/el/evm/context.ts";
import { precompileSchedule } from "../../node/el/evm/precompiles/schedule.ts";
import { QUARKCHAIN_RULES, type Rules } from "../../node/el/evm/rules.ts";
import type { ExecutionConfig } from "../../node/el/execution-config.ts";
import type { NodeStore } from "../../node/el/state/node-store.ts";
import { WorldState } from "../../node/el/state/world-state.ts";
import { applyTransaction } from "../../node/el/transactions/apply-transaction.ts";
import { type BlockExecution, nothingExecuted } from "../../node/el/transactions/block-execution.ts";
import { TransactionInvalidError } from "../../node/el/transactions/transaction-invalid-error.ts";
import { ethereumRoot, QKC_TOKEN } from "./accounts.ts";
import { applyAsEthereum, chooseTransaction, formRefusal } from "./ethereum-transaction.ts";
import { LEGACY_FORMS, type TransactionForms } from "./forks.ts";
import type { Environment, ExpectedResult, StateTest } from "./format.ts";

/** Whose state the roots of a test are made of. */
export type Ledger = "ethereum" | "quarkchain";

const CHAIN_ID = 1n;
const MINT_TOKEN_PRECOMPILE = addressFromHex("000000000000000000000000000000514b430004");

/** What a test runs on. */
export interface TestSurroundings {
  readonly store: NodeStore;
  readonly preRoot: Hash32;
  readonly ledger: Ledger;
  /** QuarkChain's own by default. */
  readonly rules?: Rules;
  /** QuarkChain's by default: none but the first of Ethereum's. */
  readonly forms?: TransactionForms;
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
  { store, preRoot, ledger, rules = QUARKCHAIN_RULES, forms = LEGACY_FORMS }: TestSurroundings,
): TestResult {
  const state = new WorldState(store, preRoot, undefined, rules);
  const execution = beginBlock(test.env, state, rules, forms);
  try {
    const tested = chooseTransaction(test.transaction, indexes, rules);
    if (formRefusal(execution, tested, forms) === undefined) {
      if (ledger === "quarkchain") applyTransaction(execution, tested.signed);
      else applyAsEthereum(execution, tested, CHAIN_ID);
    }
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

function beginBlock(env: Environment, state: WorldState, rules: Rules, forms: TransactionForms): BlockExecution {
  return {
    config: configOf(env, rules),
    block: blockOf(env, forms),
    state,
    xshardGasLimit: 0n,
    reachableShards: new Set(),
    headerGasLimit: env.currentGasLimit,
    gasLimit: env.currentGasLimit,
    ...nothingExecuted(),
  };
}

/** pyquarkchain's defaults, without the root chain's tax (tests/test_state.py main). */
function configOf(env: Environment, rules: Rules): ExecutionConfig {
  return {
    fullShardId: 1,
    networkId: 1n,
    ethChainId: CHAIN_ID,
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
      ethChainId: CHAIN_ID,
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
function blockOf(env: Environment, forms: TransactionForms): BlockContext {
  const number = Number(env.currentNumber);
  return {
    coinbase: env.currentCoinbase,
    timestamp: Number(env.currentTimestamp),
    number,
    difficulty: (forms.merged ? env.currentRandom : env.currentDifficulty) ?? 0n,
    baseFee: forms.feeMarket ? (env.currentBaseFee ?? 0n) : 0n,
    blobBaseFee:
      forms.blobs === undefined ? undefined : blobPrice(env.currentExcessBlobGas ?? 0n, forms.blobs.updateFraction),
    ancestorHash: (distance) =>
      distance <= Math.min(256, number) ? keccak256(utf8(String(number - distance))) : undefined,
    senderDisallowMap: new Map(),
  };
}

/** About e to the power of excess / fraction, as integers (EIP-4844 fake_exponential). */
function blobPrice(excess: bigint, fraction: bigint): bigint {
  let sum = 0n;
  let term = fraction;
  for (let i = 1n; term > 0n; i++) {
    sum += term;
    term = (term * excess) / (fraction * i);
  }
  return sum / fraction;
}
