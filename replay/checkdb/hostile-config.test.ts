import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { CONFIG, FIXTURE } from "./twin-chain.testkit.ts";
import { type CheckAnswer, type CheckOptions, checkInProcess } from "./twin-check.testkit.ts";

const folder = mkdtempSync(join(tmpdir(), "qkc-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

function checkWith(text: string, options: CheckOptions): Promise<CheckAnswer> {
  const path = join(folder, "cluster_config.json");
  writeFileSync(path, text);
  return checkInProcess(FIXTURE, { ...options, config: path });
}

/** The n-th `"name": value` of the file with another value; the text stays, so that no number loses digits. */
function withValue(name: string, value: string, occurrence = 0): string {
  let found = -1;
  const text = readFileSync(CONFIG, "utf8").replace(new RegExp(`("${name}": )[^,\\n]+`, "g"), (whole, start) => {
    found++;
    return found === occurrence ? `${start}${value}` : whole;
  });
  if (found < occurrence) throw new Error(`${name} does not occur so often`);
  return text;
}

const otherNetwork = (block: string) =>
  new RegExp(`is not this database's configuration: its ${block} is [0-9a-f]{64}`);

describe("a configuration that makes another genesis is refused", () => {
  test.each([
    ["root difficulty", withValue("DIFFICULTY", "10000000000001"), otherNetwork("root genesis block")],
    ["root time", withValue("TIMESTAMP", "1556640000"), otherNetwork("root genesis block")],
    ["shard difficulty", withValue("DIFFICULTY", "5000000001", 1), otherNetwork("genesis block of shard 1")],
    ["gas limit", withValue("GAS_LIMIT", "12000001", 1), otherNetwork("genesis block of shard 65538")],
    ["allocation", withValue("QKC", "1000000000000000000000001"), otherNetwork("genesis block of shard 1")],
    ["reward", withValue("COINBASE_AMOUNT", "6500000000000000002", 1), otherNetwork("genesis block of shard 1")],
    ["tax", withValue("REWARD_TAX_RATE", "0.25"), otherNetwork("genesis block of shard 1")],
    ["network of other tokens", withValue("GENESIS_TOKEN", '"QKI"'), otherNetwork("genesis block of shard 1")],
  ])("%s", async (_, text, sentence) => {
    const { exitCode, text: answer } = await checkWith(text, {});
    expect(answer).toMatch(sentence);
    expect(exitCode).toBe(1);
  });
});

describe("a configuration that judges blocks otherwise diverges", () => {
  /** Codes and fields of all that is found. */
  const foundBy = ({ report }: CheckAnswer) =>
    new Set(
      report?.divergences.flatMap(({ fields, violations }) => [
        ...fields.map(({ field }) => field),
        ...violations.map(({ code }) => code),
      ]),
    );

  test.each([
    ["epochs of a shard", withValue("EPOCH_INTERVAL", "12", 1), { from: 16, to: 16 }, ["coinbaseAmounts", "stateRoot"]],
    ["epochs of the root chain", withValue("EPOCH_INTERVAL", "100"), { last: 1 }, ["COINBASE_AMOUNT_MISMATCH"]],
    ["start of contracts", withValue("ENABLE_EVM_TIMESTAMP", "1656640186"), { from: 8, to: 8 }, ["EXECUTION_INVALID"]],
    [
      "start of transactions",
      withValue("ENABLE_TX_TIMESTAMP", "1656640186"),
      { from: 8, to: 8 },
      ["EXECUTION_INVALID"],
    ],
    [
      "start of Ethereum's signatures",
      withValue("ENABLE_EIP155_SIGNER_TIMESTAMP", "1656640186"),
      { from: 8, to: 18 },
      ["EXECUTION_INVALID"],
    ],
    ["price of deposits", withValue("XSHARD_GAS_DDOS_FIX_ROOT_HEIGHT", "1"), { to: 8 }, ["xshardReceiveGasUsed"]],
    ["network id", withValue("NETWORK_ID", "2"), { last: 1 }, ["EXECUTION_INVALID"]],
    ["difficulty", withValue("DIFFICULTY_ADJUSTMENT_CUTOFF_TIME", "5", 1), { last: 3 }, ["DIFFICULTY_MISMATCH"]],
  ])("%s", async (_, text, span, expected) => {
    const answer = await checkWith(text, span);
    expect(answer.exitCode).toBe(2);
    expect([...foundBy(answer)]).toEqual(expect.arrayContaining(expected));
    expect(answer.report?.damage).toEqual([]);
  });
});

describe("a configuration that cannot be used", () => {
  const whole = readFileSync(CONFIG, "utf8");
  const lastChain = whole.slice(whole.indexOf('"CHAINS"')).match(/\{\s+"CHAIN_ID": 2,[\s\S]*?\n {3}\}/)?.[0] ?? "";

  test.each([
    ["not JSON", "{", /is not JSON/],
    ["nothing in it", "{}", /QUARKCHAIN is missing/],
    ["empty", "", /is not JSON/],
    ["another number of chains", withValue("CHAIN_SIZE", "2"), /CHAIN_SIZE must be the number of CHAINS, which is 3/],
  ])("%s", async (_, text, sentence) => {
    const { exitCode, text: answer } = await checkWith(text, {});
    expect(answer).toMatch(sentence);
    expect(exitCode).toBe(1);
  });

  test("fewer chains than the database", async () => {
    const text = withValue("CHAIN_SIZE", "2").replace(/,\s+\{\s+"CHAIN_ID": 2/, ', {"CHAIN_ID": 2');
    const shorter = text.replace(/, \{"CHAIN_ID": 2[\s\S]*?\n {3}\}(?=\n {2}\])/, "").replace(/,\s*"0x00020001"/, "");
    const { exitCode, text: answer } = await checkWith(shorter, {});
    expect(answer).toMatch(/the database holds shard 131073, which the configuration does not define/);
    expect(exitCode).toBe(1);
  });

  test("more chains than the database", async () => {
    const added = lastChain
      .replace('"CHAIN_ID": 2', '"CHAIN_ID": 3')
      .replace(/"ALLOC": \{[\s\S]*?\n {5}\}/, '"ALLOC": {}');
    const text = withValue("CHAIN_SIZE", "4").replace(lastChain, `${lastChain},\n${added}`);
    const { exitCode, text: answer } = await checkWith(text, {});
    expect(answer).toMatch(/missing shard database: the configuration has shard 196609, shard-196609.db is not there/);
    expect(exitCode).toBe(4);
  });

  test("none", async () => {
    const missing = join(folder, "absent.json");
    const { exitCode, text } = await checkInProcess(FIXTURE, { config: missing });
    expect(text).toContain(`cannot read the configuration ${missing}`);
    expect(exitCode).toBe(1);
  });
});
