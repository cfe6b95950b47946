import { addressFromHex, bigIntToBytes, fromHex, toHex, ZERO_HASH } from "../../../codec/bytes.ts";
import { EMPTY_TRIE_ROOT } from "../../../codec/keccak.ts";
import { WorldState } from "../../state/world-state.ts";
import { MemoryNodeStore } from "../../trie/trie.testkit.ts";
import type { ExecutionContext } from "../context.ts";
import { applyMessage, createContract, type MessageResult } from "../message.ts";
import type { Rules } from "../rules.ts";
import type { Tracer } from "../tracer.ts";
import { ruleSet } from "./rule-set.ts";

/** An outer message under a hardfork, with @ethereumjs/evm's answer: fixtures/hardforks/README.md. */
export interface HardforkCase {
  readonly name: string;
  readonly hardfork: string;
  /** By address in hex. */
  readonly accounts: Readonly<Record<string, CaseAccount>>;
  /** In hex; null creates a contract with `data` as init code. */
  readonly to: string | null;
  readonly value: string;
  readonly data: string;
  readonly gas: number;
  /** Gas that `gas` does not hold: see countGas. */
  readonly gasReserve?: bigint;
}

export interface RecordedCase extends HardforkCase {
  readonly expected: HardforkAnswer;
}

/** Numbers are decimal texts, slots and all else hex. */
export interface CaseAccount {
  readonly nonce: string;
  readonly balance: string;
  readonly code: string;
  /** Slots that are not zero. */
  readonly storage: Readonly<Record<string, string>>;
}

export interface HardforkAnswer {
  readonly success: boolean;
  readonly gasLeft: number;
  readonly output: string;
  readonly logs: readonly (readonly [string, readonly string[], string])[];
  /** Refund counter, with what self-destructs add. */
  readonly refund: number;
  /** What is left when self-destructed accounts are gone; empty accounts are left out. */
  readonly accounts: Readonly<Record<string, CaseAccount>>;
}

/** Surroundings of every case. */
export const SURROUNDINGS = {
  sender: "5e".repeat(20),
  coinbase: "c0".repeat(20),
  timestamp: 1_700_000_000,
  number: 1234,
  /** What 0x44 shows, in every hardfork. */
  difficulty: 0x123456789abcn,
  blockGasLimit: 30_000_000n,
  gasPrice: 7n,
  chainId: 1n,
} as const;

const TOKEN = 35760n;
/** Slots looked at in every account besides those that are named. */
const PROBED_SLOTS = 16;

/** What this interpreter answers; accounts and slots that `expected` or the case name are looked at. */
export function answerHardforkCase(
  hardforkCase: HardforkCase,
  expected: HardforkAnswer,
  rules: Rules = ruleSet(hardforkCase.hardfork),
  tracer?: Tracer,
): HardforkAnswer {
  const state = buildState(hardforkCase);
  const result = apply({ ...contextOf(state, rules), tracer }, hardforkCase);
  const destroyed = new Set(state.selfDestructs.map(toHex));
  const refund = state.refund + rules.transaction.selfDestructRefund * BigInt(destroyed.size);
  const logs = state.logs.map((log) => [toHex(log.address), log.topics.map(toHex), toHex(log.data)] as const);
  for (const address of destroyed) state.deleteAccount(addressFromHex(address));
  const accounts: Record<string, CaseAccount> = {};
  for (const address of new Set([...Object.keys(hardforkCase.accounts), ...Object.keys(expected.accounts)])) {
    if (!state.accountExists(addressFromHex(address))) continue;
    const named = [hardforkCase.accounts[address], expected.accounts[address]];
    accounts[address] = readAccount(
      state,
      address,
      named.flatMap((account) => Object.keys(account?.storage ?? {})),
    );
  }
  return {
    success: result.success,
    gasLeft: result.gasLeft,
    output: toHex(result.output),
    logs,
    refund: Number(refund),
    accounts,
  };
}

function buildState(hardforkCase: HardforkCase): WorldState {
  const state = new WorldState(new MemoryNodeStore(), EMPTY_TRIE_ROOT);
  for (const [key, account] of Object.entries(hardforkCase.accounts)) {
    const address = addressFromHex(key);
    state.setNonce(address, BigInt(account.nonce));
    state.setBalance(address, TOKEN, BigInt(account.balance));
    if (account.code !== "") state.setCode(address, fromHex(account.code));
    for (const [slot, value] of Object.entries(account.storage)) {
      state.setStorage(address, BigInt(`0x${slot}`), BigInt(`0x${value}`));
    }
  }
  state.commit();
  return state;
}

function contextOf(state: WorldState, rules: Rules): ExecutionContext {
  const { sender, coinbase, timestamp, number, difficulty, blockGasLimit, gasPrice, chainId } = SURROUNDINGS;
  return {
    state,
    chain: {
      rules,
      schedule: { evm: 0, nonReservedNativeToken: 0, generalNativeToken: 0 },
      defaultChainToken: TOKEN,
      ethChainId: chainId,
    },
    block: {
      coinbase: addressFromHex(coinbase),
      timestamp,
      number,
      difficulty,
      ancestorHash: () => ZERO_HASH,
      senderDisallowMap: new Map(),
    },
    transaction: { origin: addressFromHex(sender), gasPrice, blockGasLimit, chainId: 0 },
  };
}

function apply(context: ExecutionContext, hardforkCase: HardforkCase): MessageResult {
  const { to, value, data, gas, gasReserve } = hardforkCase;
  const sender = addressFromHex(SURROUNDINGS.sender);
  context.state.incrementNonce(sender);
  const amounts = { value: BigInt(value), transferTokenId: TOKEN, gas, gasReserve };
  const common = { ...amounts, sender, depth: 0, toFullShardKey: undefined };
  if (to === null) return createContract(context, { ...common, initCode: fromHex(data) });
  const address = addressFromHex(to);
  return applyMessage(context, {
    ...common,
    to: address,
    codeAddress: address,
    data: fromHex(data),
    transfersValue: true,
    isStatic: false,
  });
}

function readAccount(state: WorldState, key: string, named: readonly string[]): CaseAccount {
  const address = addressFromHex(key);
  const storage: Record<string, string> = {};
  const probed = Array.from({ length: PROBED_SLOTS }, (_, slot) => slotText(BigInt(slot)));
  for (const slot of [...new Set([...probed, ...named])].sort()) {
    const value = state.getStorage(address, BigInt(`0x${slot}`));
    if (value !== 0n) storage[slot] = value.toString(16);
  }
  return {
    nonce: `${state.getNonce(address)}`,
    balance: `${state.getBalance(address, TOKEN)}`,
    code: toHex(state.getCode(address)),
    storage,
  };
}

/** A slot as cases name it: 32 bytes in hex. */
export function slotText(slot: bigint): string {
  return toHex(bigIntToBytes(slot, 32));
}
