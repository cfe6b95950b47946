import type { EvmCase } from "../../node/el/evm/evm-case.testkit.ts";
import { shorterCode, withoutEach, withoutRuns } from "./shrink.ts";

/** Simpler cases than this one, the boldest cuts first. `expected` is not theirs any more. */
export function* simplerMessages(evmCase: EvmCase): Generator<EvmCase> {
  for (const accounts of withoutEach(evmCase.accounts)) yield { ...evmCase, accounts };
  for (const [key, account] of Object.entries(evmCase.accounts)) {
    const change = (part: Partial<typeof account>): EvmCase => ({
      ...evmCase,
      accounts: { ...evmCase.accounts, [key]: { ...account, ...part } },
    });
    if (account.code !== "") yield change({ code: "" });
    if (Object.keys(account.storage).length > 0) yield change({ storage: {} });
    for (const storage of withoutEach(account.storage)) yield change({ storage });
    for (const balances of withoutEach(account.balances)) yield change({ balances });
    if (account.key !== 0) yield change({ key: 0 });
  }
  yield* simplerMessage(evmCase);
  yield* simplerContext(evmCase);
  for (const [key, account] of Object.entries(evmCase.accounts)) {
    for (const code of shorterCode(account.code)) {
      yield { ...evmCase, accounts: { ...evmCase.accounts, [key]: { ...account, code } } };
    }
  }
}

function* simplerMessage(evmCase: EvmCase): Generator<EvmCase> {
  const { message } = evmCase;
  const change = (part: Partial<typeof message>): EvmCase => ({ ...evmCase, message: { ...message, ...part } });
  if (message.value !== "0") yield change({ value: "0" });
  if (message.depth !== 0) yield change({ depth: 0 });
  if (message.isStatic === true) yield change({ isStatic: false });
  if (message.token !== evmCase.context.defaultToken) yield change({ token: evmCase.context.defaultToken });
  if (message.gas > 1_000_000) yield change({ gas: 1_000_000 });
  for (const data of shorterCode(message.data)) yield change({ data });
}

function* simplerContext(evmCase: EvmCase): Generator<EvmCase> {
  const { context } = evmCase;
  const change = (part: Partial<typeof context>): EvmCase => ({ ...evmCase, context: { ...context, ...part } });
  if (Object.keys(context.disallow).length > 0) yield change({ disallow: {} });
  if (context.fullShardKey !== 0) yield change({ fullShardKey: 0 });
  if (context.gasPrice !== "0") yield change({ gasPrice: "0" });
  if (context.difficulty !== "1") yield change({ difficulty: "1" });
  if (context.number !== 0) yield change({ number: 0 });
  for (const hashes of withoutRuns(context.hashes)) yield change({ hashes });
}
