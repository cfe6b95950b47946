import type { KnownMinorBlock } from "../cl/minor-chain.ts";
import type { TipState } from "./chain-types.ts";

/** What calls and the pool see at a head. `now`: seconds since 1970. */
export function tipStateOf({ header, meta }: KnownMinorBlock, isExecuted: boolean, now: number): TipState {
  const { stateRoot, xshardGasLimit, xshardReceiveGasUsed } = meta;
  if (!isExecuted) return { kind: "bare", stateRoot, timestamp: header.height === 0 ? 0 : now };
  // What deposits left of their share is gone (shard_state.py run_block).
  const unused = xshardReceiveGasUsed < xshardGasLimit ? xshardGasLimit - xshardReceiveGasUsed : 0n;
  return { kind: "executed", stateRoot, gasLimit: header.gasLimit - unused };
}
