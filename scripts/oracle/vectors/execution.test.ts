import { describe, expect, test } from "vitest";
import { intrinsicGas, isCrossShard } from "../../../node/chain/evm-transaction.ts";
import { type Address, addressFromHex, fromHex, hashFromHex, toHex, ZERO_ADDRESS } from "../../../node/codec/bytes.ts";
import { keccak256 } from "../../../node/codec/keccak.ts";
import { tokenIdEncode } from "../../../node/codec/token-id.ts";
import { ExecutionAbortedError } from "../../../node/el/evm/abort.ts";
import type { BlockContext } from "../../../node/el/evm/context.ts";
import { applyMessage } from "../../../node/el/evm/message.ts";
import { QUARKCHAIN_RULES, type Rules } from "../../../node/el/evm/rules.ts";
import { type ExecutionConfig, executionConfig } from "../../../node/el/execution-config.ts";
import { decodeAccount } from "../../../node/el/state/account.ts";
import type { Snapshot } from "../../../node/el/state/evm-state.ts";
import type { NodeStore } from "../../../node/el/state/node-store.ts";
import { WorldState } from "../../../node/el/state/world-state.ts";
import { applyDeposit } from "../../../node/el/transactions/apply-deposit.ts";
import { applyTransaction } from "../../../node/el/transactions/apply-transaction.ts";
import { beginExecution } from "../../../node/el/transactions/block-execution.testkit.ts";
import type { BlockExecution } from "../../../node/el/transactions/block-execution.ts";
import { TransactionInvalidError } from "../../../node/el/transactions/transaction-invalid-error.ts";
import {
  type Allocation,
  allocate,
  amountsRow,
  type DepositRow,
  depositOf,
  QKC_TOKEN,
  type ReceiptRow,
  readVectors,
  receiptRow,
  type TransactionRow,
  transactionOf,
} from "../../../node/el/transactions/vectors.testkit.ts";
import { MemoryNodeStore } from "../../../node/el/trie/trie.testkit.ts";
import { Trie } from "../../../node/el/trie/trie.ts";
import { networkConfiguration, readCases, VECTORS } from "./vectors.testkit.ts";

const SHARD = 0x1;

interface AccountRow {
  readonly nonce: number;
  readonly code_hash: string;
  /** Of an account that does not exist: the key in force. */
  readonly full_shard_key: number;
  readonly exists: boolean;
  readonly balances: Readonly<Record<string, string>>;
  readonly storage?: Readonly<Record<string, string>>;
}

interface LogRow {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

interface VmCase {
  readonly name: string;
  readonly network: string;
  readonly context: { readonly timestamp: number; readonly full_shard_key: number };
  readonly pre_alloc: Allocation;
  readonly message: { sender: string; to: string; gas: number; value: string; input: string };
  readonly result: { success: boolean; output: string; gas_remaining: number };
  readonly logs: readonly LogRow[];
  readonly post_state_root: string;
  readonly accounts: Readonly<Record<string, AccountRow>>;
}

interface StateCase {
  readonly name: string;
  readonly pre_alloc: Allocation;
  readonly pre_state_root: string;
  readonly ops: readonly Operation[];
  readonly post_state_root: string;
  readonly accounts: Readonly<Record<string, AccountRow>>;
}

type Operation =
  | { readonly op: "snapshot" | "revert" | "commit" }
  | { readonly op: "set_full_shard_key"; readonly value: number }
  | { readonly op: "increment_nonce" | "read_account" | "del_account" | "reset_balances"; readonly address: string }
  | { readonly op: "set_code"; readonly address: string; readonly code: string }
  | { readonly op: "set_storage"; readonly address: string; readonly key: string; readonly value: string }
  | {
      readonly op: "delta_token_balance" | "set_token_balance";
      readonly address: string;
      readonly token: string;
      readonly value: string;
    };

interface MessageCase {
  readonly name: string;
  readonly network: string;
  readonly expect: "success" | "rejected";
  readonly context: {
    readonly timestamp: number;
    readonly gas_limit: number;
    readonly block_number: number;
    readonly block_coinbase: string;
    readonly block_difficulty: number;
  };
  readonly pre_alloc: Allocation;
  readonly inputs: readonly { readonly transaction?: TransactionRow; readonly deposit?: DepositRow }[];
  readonly result: { readonly success?: boolean; readonly output?: string };
  readonly post_state_root: string;
  readonly gas_used: number;
  readonly block_fee_tokens: Readonly<Record<string, string>>;
  readonly receipts: readonly ReceiptRow[];
  readonly xshard_deposit_receipts: readonly ReceiptRow[];
  readonly xshard_list: readonly DepositRow[];
}

/** QuarkChain's rules as a later revision of pyquarkchain has them: CREATE2's hashing charge is checked. */
const LATER_RULES: Rules = { ...QUARKCHAIN_RULES, create2HashGasChecked: true };

describe.skipIf(VECTORS === undefined)("execution", () => {
  test("exec_golden/vm_level.json", () => {
    for (const vector of readCases<VmCase>("exec_golden/vm_level.json")) {
      expect.soft({ name: vector.name, ...runVmCase(vector) }).toEqual({
        name: vector.name,
        result: vector.result,
        logs: vector.logs,
        root: vector.post_state_root,
        accounts: vector.accounts,
      });
    }
  });

  test("exec_golden/state_level.json", () => {
    for (const vector of readCases<StateCase>("exec_golden/state_level.json")) {
      expect.soft({ name: vector.name, ...runStateCase(vector) }).toEqual({
        name: vector.name,
        before: vector.pre_state_root,
        after: vector.post_state_root,
        accounts: vector.accounts,
      });
    }
  });

  test("exec_golden/message_level.regenerated.json", () => {
    for (const vector of readCases<MessageCase>("exec_golden/message_level.regenerated.json")) {
      expect.soft(runMessageCase(vector, QUARKCHAIN_RULES), vector.name).toEqual(expectedOf(vector));
    }
  });

  test("exec_golden/message_level.bf860bf8-delta.json", () => {
    for (const vector of readCases<MessageCase>("exec_golden/message_level.bf860bf8-delta.json")) {
      expect.soft(runMessageCase(vector, QUARKCHAIN_RULES), vector.name).toBe("rejected");
      expect.soft(runMessageCase(vector, LATER_RULES), vector.name).toEqual(expectedOf(vector));
    }
  });

  test("exec_golden/block_level.json is what node/el/execution-layer.test.ts runs", () => {
    expect(readVectors("blocks")).toEqual(readCases("exec_golden/block_level.json"));
  });
});

function runVmCase({ network, context, pre_alloc, message, accounts }: VmCase) {
  const store = new MemoryNodeStore();
  const state = new WorldState(store, allocate(store, pre_alloc));
  state.fullShardKey = context.full_shard_key;
  const to = addressFromHex(message.to);
  const result = applyMessage(
    {
      state,
      chain: configOf(network, QUARKCHAIN_RULES).chain,
      block: blockAt(context.timestamp),
      transaction: {
        origin: addressFromHex(message.sender),
        gasPrice: 0n,
        blockGasLimit: 12_000_000n,
        chainId: context.full_shard_key >>> 16,
      },
    },
    {
      sender: addressFromHex(message.sender),
      to,
      codeAddress: to,
      value: BigInt(message.value),
      transferTokenId: QKC_TOKEN,
      gas: message.gas,
      data: fromHex(message.input),
      depth: 0,
      transfersValue: true,
      isStatic: false,
      toFullShardKey: context.full_shard_key,
    },
  );
  const logs = state.logs.map(({ address, topics, data }) => ({
    address: hex(address),
    topics: topics.map(hex),
    data: hex(data),
  }));
  const root = hex(state.commit());
  return {
    result: { success: result.success, output: hex(result.output), gas_remaining: result.gasLeft },
    logs,
    root,
    accounts: accountRows(store, state, root, accounts),
  };
}

function runStateCase({ pre_alloc, ops, accounts }: StateCase) {
  const store = new MemoryNodeStore();
  const before = allocate(
    store,
    mapped(pre_alloc, (_, account) => ({ ...account, balances: account.balances ?? {} })),
  );
  const state = new WorldState(store, before);
  // The vectors were made with one state for both: the key in force is that of the account allocated last.
  state.fullShardKey = Number.parseInt(Object.keys(pre_alloc).at(-1)?.slice(40) ?? "0", 16);
  let snapshot: Snapshot | undefined;
  for (const operation of ops) {
    if (operation.op === "snapshot") snapshot = state.snapshot();
    else if (operation.op === "revert" && snapshot !== undefined) state.revert(snapshot);
    else operate(state, operation);
  }
  const after = hex(state.commit());
  return { before: hex(before), after, accounts: accountRows(store, state, after, accounts) };
}

function operate(state: WorldState, operation: Operation): void {
  switch (operation.op) {
    case "commit":
      state.commit();
      return;
    case "set_full_shard_key":
      state.fullShardKey = operation.value;
      return;
    case "read_account":
      state.getNonce(addressFromHex(operation.address));
      return;
    case "increment_nonce":
      state.incrementNonce(addressFromHex(operation.address));
      return;
    // Balances alone cannot be reset here. The one case takes the reset back, and with it what else a deletion does.
    case "reset_balances":
    case "del_account":
      state.deleteAccount(addressFromHex(operation.address));
      return;
    case "set_code":
      state.setCode(addressFromHex(operation.address), fromHex(operation.code));
      return;
    case "set_storage":
      state.setStorage(addressFromHex(operation.address), BigInt(operation.key), BigInt(operation.value));
      return;
    case "delta_token_balance":
      state.addBalance(addressFromHex(operation.address), tokenIdEncode(operation.token), BigInt(operation.value));
      return;
    case "set_token_balance":
      state.setBalance(addressFromHex(operation.address), tokenIdEncode(operation.token), BigInt(operation.value));
      return;
    default:
      throw new Error(`unknown operation ${operation.op}`);
  }
}

/** What the state says about the accounts that a vector lists, token by token and slot by slot. */
function accountRows(
  store: NodeStore,
  state: WorldState,
  root: string,
  expected: Readonly<Record<string, AccountRow>>,
): Record<string, AccountRow> {
  const trie = new Trie(store, hashFromHex(root));
  const rows = Object.entries(expected).map(([key, { balances, storage }]): [string, AccountRow] => {
    const address = addressFromHex(key);
    const leaf = trie.get(keccak256(address));
    const row = {
      nonce: Number(state.getNonce(address)),
      code_hash: hex(state.getCodeHash(address)),
      full_shard_key: leaf === undefined ? state.fullShardKey : decodeAccount(leaf).fullShardKey,
      exists: leaf !== undefined && state.accountExists(address),
      balances: mapped(balances, (token) => String(state.getBalance(address, BigInt(token)))),
    };
    if (storage === undefined) return [key, row];
    return [key, { ...row, storage: mapped(storage, (slot) => slotText(state, address, slot)) }];
  });
  return Object.fromEntries(rows);
}

function slotText(state: WorldState, address: Address, slot: string): string {
  return `0x${state.getStorage(address, BigInt(slot)).toString(16)}`;
}

function mapped<From, To>(row: Readonly<Record<string, From>>, value: (key: string, from: From) => To) {
  return Object.fromEntries(Object.entries(row).map(([key, from]) => [key, value(key, from)]));
}

function expectedOf(vector: MessageCase) {
  if (vector.expect === "rejected") return "rejected";
  return {
    result: vector.result,
    gasUsed: vector.gas_used,
    fees: vector.block_fee_tokens,
    receipts: vector.receipts,
    depositReceipts: vector.xshard_deposit_receipts,
    xshardSends: vector.xshard_list.map(depositOf),
    root: vector.post_state_root,
  };
}

/** Outcome in the form of expectedOf. */
function runMessageCase(vector: MessageCase, rules: Rules) {
  const { network, context, pre_alloc, inputs } = vector;
  const { execution, state } = beginExecution({
    config: configOf(network, rules),
    block: {
      coinbase: addressFromHex(context.block_coinbase),
      timestamp: context.timestamp,
      number: context.block_number,
      difficulty: BigInt(context.block_difficulty),
    },
    allocation: pre_alloc,
    gasLimit: BigInt(context.gas_limit),
  });
  let result: MessageCase["result"] = {};
  try {
    for (const { transaction, deposit } of inputs) {
      if (transaction !== undefined) result = runTransaction(execution, transaction);
      if (deposit !== undefined) result = runDeposit(execution, deposit);
    }
  } catch (error) {
    if (error instanceof TransactionInvalidError || error instanceof ExecutionAbortedError) return "rejected";
    throw error;
  }
  return {
    result,
    gasUsed: Number(execution.gasUsed),
    fees: amountsRow(execution.fees),
    receipts: execution.receipts.map(receiptRow),
    depositReceipts: execution.depositReceipts.map(receiptRow),
    xshardSends: execution.xshardSends,
    root: hex(state.commit()),
  };
}

function runTransaction(execution: BlockExecution, row: TransactionRow): MessageCase["result"] {
  const transaction = transactionOf(row);
  const crossShard = isCrossShard(transaction, execution.config.shardSizes);
  const { success, output } = applyTransaction(execution, {
    transaction,
    hash: hashFromHex(row.hash),
    sender: addressFromHex(row.sender),
    isCrossShard: crossShard,
    intrinsicGas: intrinsicGas(transaction, crossShard),
  });
  return { success, output: hex(output) };
}

/** The receipt says how it ended; none of these leaves an output. */
function runDeposit(execution: BlockExecution, row: DepositRow): MessageCase["result"] {
  const cursor = { rootBlockHeight: 90000, minorBlockIndex: 1, xshardDepositIndex: 0 };
  applyDeposit(execution, { deposit: depositOf(row), cursor });
  return { success: execution.depositReceipts.at(-1)?.success, output: "0x" };
}

function configOf(network: string, rules: Rules): ExecutionConfig {
  return executionConfig(networkConfiguration(network), SHARD, rules);
}

function blockAt(timestamp: number): BlockContext {
  return {
    coinbase: ZERO_ADDRESS,
    timestamp,
    number: 1,
    difficulty: 1n,
    ancestorHash: () => undefined,
    senderDisallowMap: new Map(),
  };
}

function hex(bytes: Uint8Array): string {
  return `0x${toHex(bytes)}`;
}
