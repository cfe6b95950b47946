import type { QuarkChainConfig } from "../../../node/chain/config.ts";
import type { ExecutionPayload } from "../../../node/el/payload.ts";
import type { Candidates, Hypothesis } from "./hypothesis.ts";
import type { Variation } from "./variation.ts";

type Date =
  | "enableTxTimestamp"
  | "enableEvmTimestamp"
  | "enableEip155SignerTimestamp"
  | "enableNonReservedNativeTokenTimestamp"
  | "enableGeneralNativeTokenTimestamp";

const DATES: readonly (readonly [date: Date, what: string])[] = [
  ["enableTxTimestamp", "transactions (ENABLE_TX_TIMESTAMP)"],
  ["enableEvmTimestamp", "contracts (ENABLE_EVM_TIMESTAMP)"],
  ["enableEip155SignerTimestamp", "transactions of version 2 (ENABLE_EIP155_SIGNER_TIMESTAMP)"],
  [
    "enableNonReservedNativeTokenTimestamp",
    "the precompiles of native tokens (ENABLE_NON_RESERVED_NATIVE_TOKEN_TIMESTAMP)",
  ],
  ["enableGeneralNativeTokenTimestamp", "gas in native tokens (ENABLE_GENERAL_NATIVE_TOKEN_TIMESTAMP)"],
];

/** What begins at a time begins earlier or later, and what a block's header shows is off. */
export const timeVariants: Candidates = function* ({ config, trial }) {
  const { timestamp } = trial.payload;
  for (const [date, what] of DATES) {
    const at = config[date];
    if (at === null) continue;
    const isEarly = timestamp <= at;
    const by = isEarly ? at - timestamp + 1 : timestamp - at + 1;
    const moved = isEarly ? at - by : at + by;
    const text = isEarly ? `at least ${by - 1} seconds early` : `at least ${by - 1} seconds late`;
    yield timeHypothesis(`${date}${isEarly ? "-early" : "-late"}`, `${what} began ${text}`, () => ({
      cluster: (given: QuarkChainConfig) => ({ ...given, [date]: moved }),
    }));
  }
  for (const [id, says, payload] of SHOWN) yield timeHypothesis(id, says, () => ({ payload }));
};

const SHOWN: readonly (readonly [
  id: string,
  says: string,
  payload: (payload: ExecutionPayload) => ExecutionPayload,
])[] = [
  ["difficulty+1", "DIFFICULTY were one higher", (payload) => ({ ...payload, difficulty: payload.difficulty + 1n })],
  ["difficulty-1", "DIFFICULTY were one lower", (payload) => ({ ...payload, difficulty: payload.difficulty - 1n })],
  [
    "gaslimit-more",
    "the block's gas limit did not lose what deposits leave of theirs",
    (payload) => ({ ...payload, gasLimit: payload.gasLimit + payload.xshardGasLimit }),
  ],
];

function timeHypothesis(id: string, says: string, vary: () => Variation): Hypothesis {
  return {
    id: `block.${id}`,
    says,
    refutedBy: "a block that this changes, and which matches what it declares",
    cost: 1.8,
    vary,
  };
}
