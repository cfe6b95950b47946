import { decodeDepositList, encodeDepositList } from "../../node/chain/deposit.ts";
import { fromHex, toHex } from "../../node/codec/bytes.ts";
import type { Rules } from "../../node/el/evm/rules.ts";
import { type Answer, answerOrError, differencesOf } from "./answers.ts";
import { answerBlock, type BlockAnswer, type BlockCase } from "./block-case.testkit.ts";
import type { Difference, Level } from "./level.ts";
import type { Reference } from "./reference.ts";
import { shorterCode, shrinkAnswered, withoutEach, withoutRuns } from "./shrink.ts";

const BLOCKS_PER_REQUEST = 20;
const SHRINK_TRIES = 1500;

/** Random blocks on random states: everything that execution computes, or the refusal and the place of it. */
export class BlockLevel implements Level<BlockCase> {
  readonly name = "block";
  readonly seedsPerRequest = BLOCKS_PER_REQUEST;
  readonly #reference: Reference;
  readonly #rules: Rules;

  constructor(reference: Reference, rules: Rules) {
    this.#reference = reference;
    this.#rules = rules;
  }

  casesOf(seeds: readonly number[]): Promise<BlockCase[]> {
    return this.#reference.ask<BlockCase[]>({ do: "blocks", seeds });
  }

  differs(blockCase: BlockCase): boolean {
    return this.#differences(blockCase).length > 0;
  }

  async explain(blockCase: BlockCase): Promise<Difference<BlockCase>> {
    const smallest = await shrinkAnswered(blockCase, simplerBlocks, {
      answered: (candidate) => this.#reference.ask<BlockCase>({ do: "block", case: candidate }),
      differs: (candidate) => this.differs(candidate),
      limit: SHRINK_TRIES,
    });
    return { name: blockCase.name, smallest, description: this.#differences(smallest).join("\n  ") };
  }

  #differences(blockCase: BlockCase): string[] {
    const ours = answerOrError(() => comparable(answerBlock(blockCase, this.#rules)));
    return differencesOf(comparable(blockCase.expected), ours);
  }
}

/** The words of a refusal are each side's own. */
function comparable(answer: BlockAnswer): Answer {
  return "refused" in answer ? { refused: answer.refused.slice(0, 2) } : { ...answer };
}

/** Simpler cases than this one, the boldest cuts first. `expected` is not theirs any more. */
export function* simplerBlocks(blockCase: BlockCase): Generator<BlockCase> {
  const { accounts, block } = blockCase;
  for (const transactions of withoutRuns(block.transactions)) {
    yield { ...blockCase, block: { ...block, transactions } };
  }
  yield* fewerDeposits(blockCase);
  for (const fewer of withoutEach(accounts)) yield { ...blockCase, accounts: fewer };
  for (const disallow of withoutEach(block.disallow)) yield { ...blockCase, block: { ...block, disallow } };
  for (const hashes of withoutRuns(block.hashes)) yield { ...blockCase, block: { ...block, hashes } };
  for (const [key, account] of Object.entries(accounts)) {
    const change = (part: Partial<typeof account>): BlockCase => ({
      ...blockCase,
      accounts: { ...accounts, [key]: { ...account, ...part } },
    });
    for (const balances of withoutEach(account.balances)) yield change({ balances });
    for (const storage of withoutEach(account.storage)) yield change({ storage });
    for (const code of shorterCode(account.code)) yield change({ code });
  }
}

function* fewerDeposits(blockCase: BlockCase): Generator<BlockCase> {
  const { deposits } = decodeDepositList(fromHex(blockCase.deposits));
  const paired = deposits.map((deposit, i) => ({ deposit, cursor: blockCase.cursors[i] }));
  for (const fewer of withoutRuns(paired)) {
    const list = encodeDepositList(fewer.map(({ deposit }) => deposit));
    yield { ...blockCase, deposits: toHex(list), cursors: fewer.map(({ cursor }) => cursor) };
  }
}
