import { readClusterConfig } from "../../node/chain/config-file.ts";
import type { EvmTransaction } from "../../node/chain/evm-transaction.ts";
import type { MinorBlock } from "../../node/chain/minor-block.ts";
import { plainTransaction } from "../../node/chain/plain-messages.testkit.ts";
import { addressOfKey, sign, wrap } from "../../node/chain/signing.testkit.ts";
import { addressFromHex, fromHex, ZERO_HASH } from "../../node/codec/bytes.ts";
import { EMPTY_TRIE_ROOT } from "../../node/codec/keccak.ts";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import type { ExecutionPayload } from "../../node/el/payload.ts";
import { StateCache } from "../../node/el/state/state-cache.ts";
import { WorldState } from "../../node/el/state/world-state.ts";
import { MemoryNodeStore } from "../../node/el/trie/trie.testkit.ts";
import { CONFIG, FixtureChain } from "../checkdb/twin-chain.testkit.ts";
import { rulesExecutor } from "../execution/rules-executor.ts";
import type { BlockTrial } from "../execution/trial.ts";
import { whatifRules } from "../terminal/rules-option.ts";
import { type BlockOutcome, executeTested, explainBlock } from "./block-whatif.ts";
import { SwitchedRules } from "./switched-rules.ts";

const { quarkchain: SYNTHETIC_CONFIG } = readClusterConfig(CONFIG);
const SHARD = 1;
const KEY = new Uint8Array(32).fill(7);
/** Contracts whose code a test gives, by index. */
export const CONTRACTS = ["c1", "c2", "c3"].map((byte) => addressFromHex(byte.repeat(20)));

export interface SyntheticBlock {
  /** Code of the contracts, in hex. */
  readonly code: readonly string[];
  /** Slots of the first contract that hold 1. */
  readonly slots?: readonly bigint[];
  /** Differences from a call of the first contract with 100,000 gas. */
  readonly transactions: readonly Partial<EvmTransaction>[];
}

/** A block with what QuarkChain's rules come to, on a state made for it. */
export function syntheticTrial({ code, slots = [], transactions }: SyntheticBlock): BlockTrial {
  const nodes = new MemoryNodeStore();
  const token = SYNTHETIC_CONFIG.genesisTokenId;
  const state = new WorldState(nodes, EMPTY_TRIE_ROOT);
  state.setBalance(addressOfKey(KEY), token, 10n ** 18n);
  for (const [i, text] of code.entries()) state.setCode(CONTRACTS[i], fromHex(text));
  for (const slot of slots) state.setStorage(CONTRACTS[0], slot, 1n);
  const payload: ExecutionPayload = {
    fullShardId: SHARD,
    parentStateRoot: state.commit(),
    height: 1000,
    timestamp: 1_700_000_000,
    coinbase: addressFromHex("cb".repeat(20)),
    difficulty: 1000n,
    gasLimit: 12_000_000n,
    xshardGasLimit: 6_000_000n,
    transactions: transactions.map((change, nonce) => wrap(sign({ ...plainCall(nonce), ...change }, KEY))),
    ancestorHash: () => ZERO_HASH,
    deposits: [],
    exhaustedCursor: { rootBlockHeight: 1, minorBlockIndex: 0, xshardDepositIndex: 0 },
    senderDisallowMap: new Map(),
    reachableShards: new Set(),
    blockReward: new Map([[token, 1n]]),
  };
  const outcome = rulesExecutor(SYNTHETIC_CONFIG, SHARD, QUARKCHAIN_RULES).execute(payload, nodes);
  if (outcome.status === "INVALID") throw new Error(outcome.rejection.reason);
  const { stateRoot, receiptRoot, bloom, gasUsed, xshardReceiveGasUsed, xshardCursor, coinbaseAmounts } =
    outcome.computed;
  const block = anyBlock();
  return {
    fullShardId: SHARD,
    height: payload.height,
    hash: ZERO_HASH,
    block: {
      ...block,
      header: { ...block.header, bloom, coinbaseAmounts },
      meta: { ...block.meta, stateRoot, receiptRoot, gasUsed, xshardReceiveGasUsed, xshardCursor },
    },
    payload,
    nodes,
    hasDeclaredState: true,
  };
}

/** What a block would be under rules that --rules names. */
export function whatIf(trial: BlockTrial, rules: string, config = SYNTHETIC_CONFIG): BlockOutcome {
  const switched = new SwitchedRules(config, QUARKCHAIN_RULES, whatifRules(rules));
  const tested = executeTested(trial, switched, new StateCache());
  return explainBlock(trial, switched, tested, () => true);
}

function plainCall(nonce: number): EvmTransaction {
  const token = SYNTHETIC_CONFIG.genesisTokenId;
  return plainTransaction({
    nonce: BigInt(nonce),
    gasPrice: 1n,
    to: CONTRACTS[0],
    networkId: BigInt(SYNTHETIC_CONFIG.networkId),
    fromFullShardKey: SHARD,
    toFullShardKey: SHARD,
    gasTokenId: token,
    transferTokenId: token,
  });
}

function anyBlock(): MinorBlock {
  const chain = new FixtureChain();
  try {
    return chain.minorBlock(SHARD, 1);
  } finally {
    chain.close();
  }
}
