import { plainDeposit, plainTransaction } from "../../../node/chain/plain-messages.testkit.ts";
import { sign, wrap } from "../../../node/chain/signing.testkit.ts";
import { type Address, addressFromHex, toHex } from "../../../node/codec/bytes.ts";
import type { Rules } from "../../../node/el/evm/rules.ts";
import { ExecutionLayer } from "../../../node/el/execution-layer.ts";
import { InProcessClient } from "../../../node/el/in-process-executor.ts";
import type { ExecutionPayload } from "../../../node/el/payload.ts";
import type { WorldState } from "../../../node/el/state/world-state.ts";
import { type Allocation, allocate, networkConfig, QKC_TOKEN } from "../../../node/el/transactions/vectors.testkit.ts";
import { MemoryNodeStore } from "../../../node/el/trie/trie.testkit.ts";
import type { BlockTrial, Executor } from "../../execution/trial.ts";

const SENDER = addressFromHex("bbbb0000000000000000000000000000000000bb");
const KEY = new Uint8Array(32).fill(5);

/** What a block made for a test does, in this order. */
export interface OneBlock {
  /** Code by address, in hex. */
  readonly contracts: Readonly<Record<string, string>>;
  /** Their storage, by address. */
  readonly storage?: Readonly<Record<string, Record<string, string>>>;
  /** Contracts that deposits call, each with 100,000 gas. */
  readonly deposits?: readonly string[];
  /** Contracts that transactions without price call, each with some data and 100,000 gas where nothing else is said. */
  readonly calls?: readonly OneCall[];
}

interface OneCall {
  readonly to: string;
  readonly data?: Uint8Array;
  readonly startGas?: bigint;
}

/** Only what executing it again takes: a trial's block itself is not there. */
export function oneBlock({ contracts, storage = {}, deposits = [], calls = [] }: OneBlock): BlockTrial {
  const nodes = new MemoryNodeStore();
  const allocation: Allocation = Object.fromEntries(
    Object.entries(contracts).map(([address, code]) => [
      `${address}00000001`,
      { balances: {}, code: `0x${code}`, storage: storage[address] },
    ]),
  );
  const payload: ExecutionPayload = {
    fullShardId: 1,
    parentStateRoot: allocate(nodes, allocation),
    height: 1,
    timestamp: 1,
    coinbase: addressFromHex("cccc0000000000000000000000000000000000cc"),
    difficulty: 1n,
    gasLimit: calls.reduce((sum, { startGas = 0n }) => sum + startGas, 12_000_000n),
    xshardGasLimit: 6_000_000n,
    transactions: calls.map(callOf),
    deposits: deposits.map((to, xshardDepositIndex) => ({
      deposit: depositTo(addressFromHex(to)),
      cursor: { rootBlockHeight: 100_000, minorBlockIndex: 1, xshardDepositIndex },
    })),
    exhaustedCursor: { rootBlockHeight: 100_001, minorBlockIndex: 0, xshardDepositIndex: 0 },
    senderDisallowMap: new Map(),
    ancestorHash: () => undefined,
    reachableShards: new Set(),
    blockReward: new Map([[QKC_TOKEN, 7n]]),
  };
  return { payload, nodes, fullShardId: 1, height: 1 } as unknown as BlockTrial;
}

/** Rules on a devnet; `alter` may break the state that a block runs on. */
export function devnetExecutor(rules: Rules, alter: (state: WorldState) => void = () => {}): Executor {
  const devnet = networkConfig("devnet");
  const config = { ...devnet, chain: { ...devnet.chain, rules } };
  return {
    name: rules.name,
    execute: (payload, nodes, observer) =>
      new InProcessClient([new ExecutionLayer(config, nodes)]).newPayload(payload, {
        tracer: observer?.tracer,
        enterUnit: (unit) => observer?.enterUnit(unit),
        leaveUnit: (unit, outcome) => observer?.leaveUnit(unit, outcome),
        wrapState: (state) => {
          alter(state);
          return observer?.wrapState?.(state) ?? state;
        },
      }),
  };
}

function callOf({ to, data = new Uint8Array(0), startGas = 100_000n }: OneCall, nonce: number) {
  return wrap(sign(plainTransaction({ nonce: BigInt(nonce), to: addressFromHex(to), data, startGas }), KEY));
}

function depositTo(recipient: Address) {
  return plainDeposit({
    from: { recipient: SENDER, fullShardKey: 0x10001 },
    to: { recipient, fullShardKey: 1 },
    gasRemained: 100_000n,
  });
}

/** As code pushes it. */
export function pushAddress(address: string): string {
  return `73${toHex(addressFromHex(address))}`;
}
