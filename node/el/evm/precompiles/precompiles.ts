import type { Address } from "../../../codec/bytes.ts";
import type { ExecutionContext } from "../context.ts";
import type { Creation, Message, MessageResult } from "../message.ts";
import {
  CURRENT_TOKEN_ID,
  DEPLOY_SYSTEM_CONTRACT,
  MINT_TOKEN,
  smallAddress,
  TOKEN_BALANCE,
  TRANSFER_TOKEN,
} from "./addresses.ts";
import { bn256Add, bn256Mul, bn256Pairing } from "./bn256.ts";
import { deploySystemContract } from "./deploy-system-contract.ts";
import { ecrecover } from "./ecrecover.ts";
import { identity, ripemd160, sha256 } from "./hashes.ts";
import { modexp } from "./modexp.ts";
import type { PrecompileSchedule } from "./schedule.ts";
import { currentTokenId, mintToken, tokenBalance, transferToken } from "./tokens.ts";

/** Native code of an address: the result, or the message or creation whose result becomes its own. */
export type Precompile = (context: ExecutionContext, message: Message) => MessageResult | Message | Creation;

/** A precompile in a rule set, by the number that its address is. */
export type PrecompileTable = ReadonlyMap<number, PrecompileEntry>;

interface PrecompileEntry {
  readonly run: Precompile;
  /** It answers where block.timestamp > this. */
  readonly start: (schedule: PrecompileSchedule) => number;
}

const fromGenesis = () => 0;
const fromEvm = (schedule: PrecompileSchedule) => schedule.evm;
const fromNativeTokens = (schedule: PrecompileSchedule) => schedule.nonReservedNativeToken;

/** Byzantium's. */
export const ETHEREUM_PRECOMPILES: PrecompileTable = new Map<number, PrecompileEntry>([
  [1, { run: ecrecover, start: fromGenesis }],
  [2, { run: sha256, start: fromGenesis }],
  [3, { run: ripemd160, start: fromGenesis }],
  [4, { run: identity, start: fromGenesis }],
  [5, { run: modexp, start: fromGenesis }],
  [6, { run: bn256Add, start: fromGenesis }],
  [7, { run: bn256Mul, start: fromGenesis }],
  [8, { run: bn256Pairing, start: fromGenesis }],
]);

/** pyquarkchain quarkchain/evm/specials.py `specials`. */
export const QUARKCHAIN_PRECOMPILES: PrecompileTable = new Map<number, PrecompileEntry>([
  ...ETHEREUM_PRECOMPILES,
  [CURRENT_TOKEN_ID, { run: currentTokenId, start: fromEvm }],
  [TRANSFER_TOKEN, { run: transferToken, start: fromEvm }],
  [DEPLOY_SYSTEM_CONTRACT, { run: deploySystemContract, start: fromEvm }],
  [MINT_TOKEN, { run: mintToken, start: fromNativeTokens }],
  [TOKEN_BALANCE, { run: tokenBalance, start: fromNativeTokens }],
]);

/** `table` with more precompiles, which answer from genesis on. */
export function withPrecompiles(
  table: PrecompileTable,
  more: readonly (readonly [number, Precompile])[],
): PrecompileTable {
  return new Map([...table, ...more.map(([number, run]) => [number, { run, start: fromGenesis }] as const)]);
}

/** The precompile at `address`, if there is one and it has started: before, the address is an empty account. */
export function precompileAt(context: ExecutionContext, address: Address): Precompile | undefined {
  const key = smallAddress(address);
  const entry = key === undefined ? undefined : context.chain.rules.precompiles.get(key);
  if (entry === undefined || context.block.timestamp <= entry.start(context.chain.schedule)) return undefined;
  return entry.run;
}
