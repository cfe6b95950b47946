import { addressFromHex, bytesKey, fromHex, type Hash32, hashFromHex, toHex } from "../../codec/bytes.ts";
import { EMPTY_TRIE_ROOT } from "../../codec/keccak.ts";
import { WorldState } from "../state/world-state.ts";
import { MemoryNodeStore } from "../trie/trie.testkit.ts";
import { ExecutionAbortedError } from "./abort.ts";
import type { BlockContext, ChainContext, ExecutionContext, TransactionContext } from "./context.ts";
import { applyMessage, createContract, type MessageResult } from "./message.ts";
import { precompileSchedule } from "./precompiles/schedule.ts";
import { QUARKCHAIN_RULES, type Rules } from "./rules.ts";
import type { Tracer } from "./tracer.ts";

/** A message on a small state with pyquarkchain's answers: scripts/oracle/evm/machine.py, fixtures/evm/README.md. */
export interface EvmCase {
  readonly name: string;
  readonly accounts: Readonly<Record<string, CaseAccount>>;
  readonly context: CaseContext;
  readonly message: CaseMessage;
  readonly expected: CaseAnswer;
}

export interface CaseAccount {
  readonly nonce: number;
  readonly balances: Readonly<Record<string, string>>;
  readonly code: string;
  readonly storage: Readonly<Record<string, string>>;
  readonly key: number;
}

interface CaseContext {
  readonly fullShardKey: number;
  readonly timestamp: number;
  readonly number: number;
  readonly difficulty: string;
  readonly gasLimit: string;
  readonly gasPrice: string;
  readonly coinbase: string;
  readonly origin: string;
  readonly defaultToken: string;
  readonly disallow: Readonly<Record<string, string>>;
  /** Ancestors, parent first. */
  readonly hashes: readonly string[];
  readonly evm: number | null;
  readonly native: number | null;
  readonly general: number | null;
}

interface CaseMessage {
  readonly create: boolean;
  readonly sender: string;
  readonly to?: string;
  readonly codeAddress?: string;
  readonly value: string;
  readonly token: string;
  readonly gas: number;
  readonly data: string;
  readonly depth: number;
  readonly transfersValue?: boolean;
  readonly isStatic?: boolean;
  readonly toFullShardKey: number | null;
  readonly recipient?: string | null;
  readonly salt?: string | null;
}

/** Answers; `root` after every probed account was given one unit of a token under another shard key. */
export interface CaseAnswer {
  readonly aborts?: string;
  readonly success?: boolean;
  readonly gas?: number;
  readonly output?: string;
  readonly logs?: readonly (readonly [string, readonly string[], string])[];
  readonly refund?: number;
  readonly selfDestructs?: readonly string[];
  readonly probed?: readonly string[];
  readonly root?: string;
}

const PROBE_KEY = 0x77665544;
const PROBE_TOKEN = 77n;

/** What this interpreter answers, in the form of `evmCase.expected`. */
export function answerCase(evmCase: EvmCase, rules: Rules = QUARKCHAIN_RULES, tracer?: Tracer): CaseAnswer {
  const state = buildState(evmCase);
  let result: MessageResult;
  try {
    result = apply(contextOf(evmCase, state, rules, tracer), evmCase.message);
  } catch (error) {
    if (error instanceof ExecutionAbortedError) return { aborts: evmCase.expected.aborts ?? error.message };
    throw error;
  }
  const probed = evmCase.expected.probed ?? [];
  const answer = {
    success: result.success,
    gas: result.gasLeft,
    output: toHex(result.output),
    logs: state.logs.map((log) => [toHex(log.address), log.topics.map(toHex), toHex(log.data)] as const),
    refund: Number(state.refund),
    selfDestructs: state.selfDestructs.map(toHex),
    probed,
  };
  state.fullShardKey = PROBE_KEY;
  for (const address of probed) state.addBalance(addressFromHex(address), PROBE_TOKEN, 1n);
  return { ...answer, root: toHex(state.commit()) };
}

function buildState(evmCase: EvmCase): WorldState {
  const state = new WorldState(new MemoryNodeStore(), EMPTY_TRIE_ROOT);
  for (const [key, account] of Object.entries(evmCase.accounts)) {
    const address = addressFromHex(key);
    state.fullShardKey = account.key;
    state.setNonce(address, BigInt(account.nonce));
    if (account.code !== "") state.setCode(address, fromHex(account.code));
    for (const [token, amount] of Object.entries(account.balances)) {
      state.setBalance(address, BigInt(token), BigInt(amount));
    }
    for (const [slot, value] of Object.entries(account.storage)) state.setStorage(address, BigInt(slot), BigInt(value));
  }
  state.commit();
  state.fullShardKey = evmCase.context.fullShardKey;
  return state;
}

function contextOf(evmCase: EvmCase, state: WorldState, rules: Rules, tracer?: Tracer): ExecutionContext {
  const { context } = evmCase;
  const hashes: readonly Hash32[] = context.hashes.map((hash) => hashFromHex(hash));
  const chain: ChainContext = {
    rules,
    schedule: precompileSchedule({
      enableEvmTimestamp: context.evm ?? Number.POSITIVE_INFINITY,
      enableNonReservedNativeTokenTimestamp: context.native ?? undefined,
      enableGeneralNativeTokenTimestamp: context.general ?? undefined,
    }),
    defaultChainToken: BigInt(context.defaultToken),
  };
  const block: BlockContext = {
    coinbase: addressFromHex(context.coinbase),
    timestamp: context.timestamp,
    number: context.number,
    difficulty: BigInt(context.difficulty),
    ancestorHash: (distance) => hashes[distance - 1],
    senderDisallowMap: new Map(
      Object.entries(context.disallow).map(([key, stake]) => [bytesKey(addressFromHex(key)), BigInt(stake)]),
    ),
  };
  const transaction: TransactionContext = {
    origin: addressFromHex(context.origin),
    gasPrice: BigInt(context.gasPrice),
    blockGasLimit: BigInt(context.gasLimit),
    chainId: context.fullShardKey >>> 16,
  };
  return { state, chain, block, transaction, tracer };
}

function apply(context: ExecutionContext, message: CaseMessage): MessageResult {
  const common = {
    sender: addressFromHex(message.sender),
    value: BigInt(message.value),
    transferTokenId: BigInt(message.token),
    gas: message.gas,
    depth: message.depth,
    toFullShardKey: message.toFullShardKey ?? undefined,
  };
  const data = fromHex(message.data);
  if (message.create) {
    return createContract(context, {
      ...common,
      initCode: data,
      recipient: message.recipient ? addressFromHex(message.recipient) : undefined,
      salt: message.salt ? fromHex(message.salt) : undefined,
    });
  }
  return applyMessage(context, {
    ...common,
    to: addressFromHex(message.to ?? ""),
    codeAddress: addressFromHex(message.codeAddress ?? ""),
    data,
    transfersValue: message.transfersValue ?? true,
    isStatic: message.isStatic ?? false,
  });
}
