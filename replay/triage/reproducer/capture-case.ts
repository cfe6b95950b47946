import type { QuarkChainConfig } from "../../../node/chain/config.ts";
import { bytesFromKey, type Hash32 } from "../../../node/codec/bytes.ts";
import type { DueDeposit, ExecutionPayload } from "../../../node/el/payload.ts";
import type { BlockTrial, Executor } from "../../execution/trial.ts";
import { caseConfig } from "./case-config.ts";
import { addressKey, readPreAccount } from "./case-state.ts";
import type { PreAccount, ReproducerCase } from "./format.ts";
import { amountsOf } from "./outcome.ts";
import { TouchedState } from "./touched-state.ts";

/** A block as a case: with all that one of the executions asked for, and nothing else. */
export interface CapturedCase {
  readonly subject: ReproducerCase;
  readonly touched: TouchedState;
}

/** Executes the trial's block by each executor and gathers what they ask for. */
export function captureCase(trial: BlockTrial, config: QuarkChainConfig, executors: readonly Executor[]): CapturedCase {
  const { payload, nodes } = trial;
  const asked = new AskedPayload(payload);
  const touched = new TouchedState();
  for (const executor of executors) {
    executor.execute(asked.payload(), nodes, {
      wrapState: (state) => touched.watch(state),
      enterUnit: () => {},
      leaveUnit: () => {},
    });
  }
  const pre: Record<string, PreAccount> = {};
  for (const [address, entries] of touched.accounts) {
    const account = readPreAccount(nodes, payload.parentStateRoot, address, entries);
    if (account !== undefined) pre[address] = account;
  }
  const subject: ReproducerCase = {
    config: caseConfig(config, payload),
    block: {
      height: payload.height,
      timestamp: payload.timestamp,
      coinbase: payload.coinbase,
      difficulty: payload.difficulty,
      gasLimit: payload.gasLimit,
      xshardGasLimit: payload.xshardGasLimit,
      ancestorHashes: asked.ancestors,
      senderDisallowMap: lockedStakes(payload, touched),
      reachableShards: [...payload.reachableShards].sort((a, b) => a - b),
      blockReward: amountsOf(payload.blockReward),
      exhaustedCursor: payload.exhaustedCursor,
    },
    deposits: asked.deposits,
    transactions: payload.transactions.map(({ rlp }) => ({ rlp })),
    pre,
  };
  return { subject, touched };
}

/** Hands a payload out and keeps what is asked of its two parts that answer only when they are asked. */
class AskedPayload {
  readonly ancestors: Record<string, Hash32> = {};
  readonly deposits: DueDeposit[] = [];
  readonly #whole: ExecutionPayload;

  constructor(whole: ExecutionPayload) {
    this.#whole = whole;
  }

  payload(): ExecutionPayload {
    const { ancestors, deposits } = this;
    const whole = this.#whole;
    return {
      ...whole,
      ancestorHash: (distance) => {
        const hash = whole.ancestorHash(distance);
        if (hash !== undefined) ancestors[distance] = hash;
        return hash;
      },
      deposits: {
        *[Symbol.iterator]() {
          let index = 0;
          for (const due of whole.deposits) {
            if (index++ === deposits.length) deposits.push(due);
            yield due;
          }
        },
      },
    };
  }
}

function lockedStakes({ senderDisallowMap }: ExecutionPayload, touched: TouchedState): Record<string, bigint> {
  const rows = [...senderDisallowMap].map(([key, stake]) => [addressKey(bytesFromKey(key)), stake] as const);
  return Object.fromEntries(rows.filter(([address]) => touched.accounts.has(address)));
}
