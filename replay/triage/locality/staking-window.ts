import { type QuarkChainConfig, shardConfigOf } from "../../../node/chain/config.ts";
import type { TypedTransaction } from "../../../node/chain/typed-transaction.ts";
import { type Address, bytesFromKey, bytesKey, toHex } from "../../../node/codec/bytes.ts";
import { CodecError } from "../../../node/codec/errors.ts";
import type { ExecutionUnit } from "../../../node/el/evm/tracer.ts";
import { KeptTransaction } from "../../../node/el/transactions/kept-transaction.ts";
import type { BlockTrial } from "../../execution/trial.ts";
import type { StakingWindow } from "../../report/triage-schema.ts";

/**
 * Whose stakes are locked while a block runs, and for how many blocks of the window (pyquarkchain shard_state.py
 * _get_sender_disallow_map), where the unit's own sender is among them; undefined where that cannot matter to it.
 */
export function stakingWindow(
  config: QuarkChainConfig,
  { payload }: BlockTrial,
  unit: ExecutionUnit,
): StakingWindow | undefined {
  const sender = senderOf(payload, unit);
  const { senderDisallowMap } = payload;
  if (sender === undefined || !senderDisallowMap.has(bytesKey(sender))) return undefined;
  const { windowSize, totalStakePerBlock } = shardConfigOf(config, payload.fullShardId).posw;
  if (totalStakePerBlock === 0n) return undefined;
  const locked = [...senderDisallowMap].map(([key, amount]) => ({
    address: `0x${toHex(bytesFromKey(key))}`,
    blocks: Number(amount / totalStakePerBlock),
    amount: `${amount}`,
  }));
  return { blocks: windowSize, perBlock: `${totalStakePerBlock}`, sender: `0x${toHex(sender)}`, locked };
}

function senderOf(
  { transactions, deposits }: BlockTrial["payload"],
  { kind, index }: ExecutionUnit,
): Address | undefined {
  if (kind === "transaction") return signerOf(transactions[index]);
  if (kind === "deposit")
    for (const [i, { deposit }] of [...deposits].entries()) if (i === index) return deposit.from.recipient;
  return undefined;
}

/** Nobody, where the transaction cannot be decoded. */
function signerOf(transaction: TypedTransaction | undefined): Address | undefined {
  try {
    return transaction && new KeptTransaction(transaction).sender;
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}
