import { decodeDepositList } from "../../node/chain/deposit.ts";
import { decodeEvmTransaction } from "../../node/chain/evm-transaction.ts";
import { fromHex, toHex } from "../../node/codec/bytes.ts";
import { CodecError } from "../../node/codec/errors.ts";
import { answerCase, type EvmCase } from "../../node/el/evm/evm-case.testkit.ts";
import type { Creation, Message, MessageResult } from "../../node/el/evm/message.ts";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import type { Tracer } from "../../node/el/evm/tracer.ts";
import type { BlockCase } from "./block-case.testkit.ts";

const NAMES = new Map(QUARKCHAIN_RULES.instructions.map(({ opcode, name }) => [opcode, name]));
const PRECOMPILE = /^0{38}0[1-8]$|^0{30}514b43000[1-5]$/;

/** What a message makes happen: instructions, precompiles and how they ended, failures and where. */
export function messageFeatures(evmCase: EvmCase): Set<string> {
  const collector = new FeatureCollector();
  const answer = answerCase(evmCase, QUARKCHAIN_RULES, collector);
  const { features } = collector;
  if (answer.aborts !== undefined) features.add("aborts");
  if ((answer.gas ?? 0) < 0) features.add("gas below zero");
  if ((answer.refund ?? 0) > 0) features.add("refund");
  if ((answer.selfDestructs ?? []).length > 1) features.add("several self-destructs");
  features.add(`${evmCase.message.create ? "creation" : "call"} succeeds: ${answer.success}`);
  return features;
}

class FeatureCollector implements Tracer {
  readonly features = new Set<string>();
  readonly #messages: (Message | Creation)[] = [];
  #lastOpcode = "";

  enterMessage(message: Message | Creation): void {
    this.#messages.push(message);
  }

  step({ opcode, depth }: { readonly opcode: number; readonly depth: number }): void {
    this.#lastOpcode = NAMES.get(opcode) ?? "undefined";
    this.features.add(`${this.#lastOpcode}${depth === 0 ? "" : " below"}`);
  }

  leaveMessage(result: MessageResult): void {
    const message = this.#messages.pop();
    if (message === undefined) return;
    if (result.failure !== undefined)
      this.features.add(`${result.failure.replaceAll(/\d+/g, "n")} at ${this.#lastOpcode}`);
    if ("initCode" in message) {
      this.features.add(`${message.salt === undefined ? "CREATE" : "CREATE2"} succeeds: ${result.success}`);
      return;
    }
    const address = toHex(message.codeAddress);
    if (PRECOMPILE.test(address)) this.features.add(`${address} ${result.success} ${this.#lastOpcode}`);
  }
}

/** What kinds of transactions, deposits and refusals a block holds. */
export function blockFeatures(blockCase: BlockCase): Set<string> {
  const { expected, block } = blockCase;
  if ("refused" in expected) return new Set([`refused: ${expected.refused[0]} ${expected.refused[1] === null}`]);
  const features = new Set<string>();
  for (const [i, rlp] of block.transactions.entries()) {
    const status = expected.receipts[i].slice(0, 8);
    for (const kind of transactionKinds(rlp)) features.add(`${kind} ${statusOf(status)}`);
  }
  for (const deposit of decodeDepositList(fromHex(blockCase.deposits)).deposits.slice(0, expected.depositsConsumed)) {
    features.add(`deposit creates ${deposit.createContract} root ${deposit.isFromRootChain}`);
    features.add(
      `deposit data ${deposit.messageData.length > 0} price ${deposit.gasPrice > 0n} rate ${deposit.refundRate}`,
    );
  }
  features.add(`cursor at ${expected.xshardCursor[1] === 0 ? "root" : "minor"}`);
  features.add(`receipts of deposits: ${expected.receipts.length > block.transactions.length}`);
  return features;
}

function transactionKinds(rlp: string): string[] {
  try {
    const { version, to, fromFullShardKey, toFullShardKey, gasTokenId, transferTokenId } = decodeEvmTransaction(
      fromHex(rlp),
    );
    const crosses = fromFullShardKey >>> 16 !== toFullShardKey >>> 16;
    const kind = `version ${version} creates ${to === undefined} crosses ${crosses}`;
    return [kind, `gas token ${gasTokenId} transfer token ${transferTokenId}`];
  } catch (error) {
    if (error instanceof CodecError) return ["malformed"];
    throw error;
  }
}

/** The first field of a receipt: 01 or empty. */
function statusOf(receiptStart: string): string {
  return receiptStart.slice(6, 8) === "01" ? "succeeds" : "fails";
}
