import { z } from "zod";
import { isCrossShard } from "../../../node/chain/evm-transaction.ts";
import { bigIntToBytes, bytesEqual, toHex } from "../../../node/codec/bytes.ts";
import { UnsupportedError } from "../../../node/codec/errors.ts";
import { keccak256 } from "../../../node/codec/keccak.ts";
import { rlpEncode } from "../../../node/codec/rlp.ts";
import { ruleSet } from "../../../node/el/evm/hardforks/rule-set.ts";
import { QUARKCHAIN_RULES, type Rules } from "../../../node/el/evm/rules.ts";
import { MemoryNodes } from "../../../node/el/store/memory-nodes.ts";
import { QKC_TOKEN, writeAccounts } from "../../statetest/accounts.ts";
import { QUARKCHAIN_FORK } from "../../statetest/forks.ts";
import { readTestFile } from "../../statetest/format.ts";
import { runStateTest, type TestResult } from "../../statetest/run-test.ts";
import { whatifRules } from "../../terminal/rules-option.ts";
import type { Json } from "../../text/json.ts";
import { executionConfigOf } from "./case-config.ts";
import { type PreAccount, type Reproducer, reproducerSchema } from "./format.ts";
import { configExecutor, runCase } from "./run-case.ts";
import { decodedTransaction } from "./sender-keys.ts";

/** What the fork of the exported result is elsewhere. */
const ETHEREUM_RULES = ruleSet("petersburg");
const INDEXES = { data: 0, gas: 0, value: 0 };
/** "QKC", with which the addresses of precompiles and system contracts begin, behind zeros or not. */
const OWN_ADDRESS = /^0x(0{30})?514b43/;

/**
 * The case as a file of Ethereum's GeneralStateTests, expecting what QuarkChain's rules come to where addresses and
 * fees are Ethereum's: what a right engine must come to. What the case itself expects, of a block or of other rules, is
 * told beside it. Throws UnsupportedError, saying why, for a case that cannot be expressed so.
 */
export function exportedStateTest(reproducer: Reproducer): Json {
  const refusal = refusalOf(reproducer);
  if (refusal !== undefined) refuse(reproducer, refusal);
  const test = { env: envOf(reproducer), pre: preOf(reproducer), transaction: transactionOf(reproducer) };
  const expected = ranUnder(test, QUARKCHAIN_RULES);
  if (expected.receipt === undefined) refuse(reproducer, "its transaction is not valid");
  if (!bytesEqual(ranUnder(test, ETHEREUM_RULES).stateRoot, expected.stateRoot)) {
    refuse(reproducer, "QuarkChain's own rules come to something else there than Ethereum's");
  }
  const _info = { ...infoOf(reproducer), ...otherResults(reproducer, test, expected) };
  const post = { ...resultOf(expected), indexes: INDEXES };
  return { [reproducer.about.id]: { _info, ...test, post: { [QUARKCHAIN_FORK.name]: [post] } } };
}

/**
 * What the rules that the case failed under come to, by their own name: no fork has it, and a runner such as go-ethereum's
 * fails a file that has results of one that it does not know.
 */
function otherResults(reproducer: Reproducer, test: object, expected: TestResult): { readonly results?: Json } {
  if (reproducer.rules === QUARKCHAIN_RULES.name) return {};
  const other = ranUnder(test, whatifRules(reproducer.rules));
  if (bytesEqual(other.stateRoot, expected.stateRoot)) refuse(reproducer, "the difference does not show there");
  return { results: { [reproducer.rules]: resultOf(other) } };
}

function resultOf({ stateRoot, receipt }: TestResult) {
  const logs = (receipt?.logs ?? []).map(({ address, topics, data }) => [address, topics, data]);
  return { hash: hex(stateRoot), logs: hex(keccak256(rlpEncode(logs))) };
}

function refuse({ about }: Reproducer, reason: string): never {
  throw new UnsupportedError(`${about.id} cannot be expressed as an Ethereum state test: ${reason}`);
}

/** Undefined where nothing stands against it. */
function refusalOf(reproducer: Reproducer): string | undefined {
  const { config, block, deposits, transactions, pre } = reproducer;
  if (deposits.length > 0) return "it has deposits";
  if (transactions.length !== 1) return `it has ${transactions.length} transactions, not one`;
  const [transaction] = transactions;
  if (transaction.secretKey === undefined) return "the key of its sender is not known";
  const decoded = decodedTransaction(transaction);
  if (decoded === undefined) return "its transaction cannot be decoded";
  if (isCrossShard(decoded, new Map(Object.entries(config.shardSizes).map(([id, size]) => [Number(id), size])))) {
    return "its transaction goes to another shard";
  }
  const tokens = [decoded.gasTokenId, decoded.transferTokenId, config.genesisToken, config.defaultChainToken];
  if (tokens.some((token) => token !== QKC_TOKEN)) return "it moves another token than QKC, or pays gas in one";
  if (Object.keys(block.senderDisallowMap).length > 0) return "a sender's stake is locked";
  const isBefore = (time: number | null) => time !== null && block.timestamp < time;
  if (isBefore(config.enableEvmTimestamp) || isBefore(config.enableTxTimestamp)) return "contracts are not enabled yet";
  const own = usedAddresses(reproducer).find((address) => OWN_ADDRESS.test(address));
  if (own !== undefined) return `${own} is QuarkChain's own`;
  const foreign = Object.values(pre).find(({ balances }) =>
    Object.keys(balances).some((id) => BigInt(id) !== QKC_TOKEN),
  );
  return foreign === undefined ? undefined : "an account holds another token than QKC";
}

function usedAddresses(reproducer: Reproducer): string[] {
  const config = executionConfigOf(reproducer.config, QUARKCHAIN_RULES);
  return [...runCase(reproducer, configExecutor(config)).touched.accounts.keys()];
}

function envOf({ block }: Reproducer) {
  return {
    currentCoinbase: hex(block.coinbase),
    currentDifficulty: quantity(block.difficulty),
    // What GASLIMIT shows: without deposits, transactions lack all of their share.
    currentGasLimit: quantity(block.gasLimit - block.xshardGasLimit),
    currentNumber: quantity(BigInt(block.height)),
    currentTimestamp: quantity(BigInt(block.timestamp)),
    previousHash: hex(block.ancestorHashes[1] ?? new Uint8Array(32)),
  };
}

/** Without accounts that are blank: Ethereum has none. */
function preOf({ pre }: Reproducer) {
  const accounts = Object.entries(pre).filter(([, account]) => !isBlank(account));
  return Object.fromEntries(
    accounts.map(([address, { nonce, balances, code, storage }]) => [
      address,
      {
        nonce: quantity(nonce),
        balance: quantity(balances[String(QKC_TOKEN)] ?? 0n),
        code: hex(code),
        storage: Object.fromEntries(Object.entries(storage).map(([slot, value]) => [word(BigInt(slot)), word(value)])),
      },
    ]),
  );
}

function transactionOf({ transactions: [transaction] }: Reproducer) {
  const decoded = decodedTransaction(transaction);
  if (decoded === undefined || transaction.secretKey === undefined) throw new UnsupportedError("no signed transaction");
  return {
    nonce: quantity(decoded.nonce),
    gasPrice: quantity(decoded.gasPrice),
    gasLimit: [quantity(decoded.startGas)],
    to: decoded.to === undefined ? "" : hex(decoded.to),
    value: [quantity(decoded.value)],
    data: [hex(decoded.data)],
    secretKey: hex(transaction.secretKey),
  };
}

/** With what the case expects, as reproducers write it: of a declared block, that is a part of the result. */
function infoOf(reproducer: Reproducer): Record<string, Json> {
  const { about, rules } = reproducer;
  const comment = `shard ${about.fullShardId} block ${about.height}: ${about.got.name} came to something else`;
  const { source, name } = about.expected;
  const expected = { source, name, result: z.encode(reproducerSchema, reproducer).expected as Json };
  return { comment, source: hex(about.hash), "generated-by": about.program, rules, expected };
}

/** The test as the runner reads it, executed. */
function ranUnder(test: object, rules: Rules): TestResult {
  const [unread] = readTestFile(JSON.stringify({ test })).values();
  const parsed = unread.read();
  const store = new MemoryNodes();
  const preRoot = writeAccounts(store, parsed.pre);
  return runStateTest(parsed, { indexes: INDEXES }, { store, preRoot, ledger: "ethereum", rules });
}

function isBlank({ nonce, balances, code }: PreAccount): boolean {
  return nonce === 0n && code.length === 0 && Object.values(balances).every((amount) => amount === 0n);
}

function hex(bytes: Uint8Array): string {
  return `0x${toHex(bytes)}`;
}

/** go-ethereum reads slots and values in full only. */
function word(value: bigint): string {
  return hex(bigIntToBytes(value, 32));
}

function quantity(value: bigint): string {
  return `0x${value.toString(16)}`;
}
