/*
 * Differential fuzzing against the running reference; README.md says how to run it. Exit codes: 0 no difference, 2 a
 * difference, 3 skipped for want of a reference, 1 anything else.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { BlockLevel } from "./block-level.ts";
import { runCampaign } from "./campaign.ts";
import { ChainLevel } from "./chain-level.ts";
import type { Level } from "./level.ts";
import { MessageLevel } from "./message-level.ts";
import { Reference, referencePlace } from "./reference.ts";
import { MUTATION_NAMES, rulesOf } from "./rules-mutations.ts";

const USAGE = `usage: npm run fuzz -- --seed N --cases N --level message|block|chain [--rules-mutation NAME]
                   [--max-differences N] [--vectors DIR]
mutations: ${MUTATION_NAMES.join(", ")}`;

const VECTORS = fileURLToPath(new URL("../../fixtures/fuzz", import.meta.url));
const PROGRESS_MILLISECONDS = 10_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: "string", default: "1" },
      cases: { type: "string", default: "1000" },
      level: { type: "string", default: "message" },
      "rules-mutation": { type: "string" },
      "max-differences": { type: "string", default: "1" },
      vectors: { type: "string", default: VECTORS },
    },
  });
  const place = referencePlace();
  if (place === undefined) {
    console.info("fuzz: skipped. Set PYQUARKCHAIN to a pyquarkchain checkout (and ORACLE_PYTHON to its Python).");
    return 3;
  }
  const [seed, cases, maxDifferences] = [values.seed, values.cases, values["max-differences"]].map(naturalNumber);
  const reference = new Reference(place);
  try {
    const level = levelOf(values.level, reference, values["rules-mutation"]);
    const started = performance.now();
    const { cases: done, differences } = await runCampaign(level, {
      seed,
      cases,
      maxDifferences,
      onProgress: everySoOften((count) => console.info(`${count} cases, ${seconds(started)} s`)),
    });
    for (const { name, smallest, description } of differences) {
      const file = join(values.vectors, `${level.name}-difference-${name.replaceAll(/[^0-9a-z]+/gi, "-")}.json`);
      mkdirSync(values.vectors, { recursive: true });
      writeFileSync(file, `${JSON.stringify(smallest)}\n`);
      console.info(`DIFFERENCE in ${name}\n  ${description}\n  vector: ${file}`);
    }
    const verdict = differences.length === 0 ? "no difference" : `${differences.length} differences`;
    if (level.extent !== undefined) console.info(level.extent());
    console.info(`${level.name} level, seed ${seed}: ${done} cases in ${seconds(started)} s, ${verdict}`);
    return differences.length === 0 ? 0 : 2;
  } finally {
    reference.close();
  }
}

function levelOf(name: string, reference: Reference, mutation: string | undefined): Level<unknown> {
  const rules = rulesOf(mutation);
  if (name === "message") return new MessageLevel(reference, rules) as Level<unknown>;
  if (name === "block") return new BlockLevel(reference, rules) as Level<unknown>;
  if (name === "chain" && mutation === undefined) return new ChainLevel(reference) as Level<unknown>;
  if (name === "chain") throw new RangeError("the chain level knows no mutations");
  throw new RangeError(`no level ${name}`);
}

function naturalNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`${text} is not a natural number`);
  return number;
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(0);
}

function everySoOften(report: (count: number) => void): (count: number) => void {
  let last = performance.now();
  return (count) => {
    if (performance.now() - last < PROGRESS_MILLISECONDS) return;
    last = performance.now();
    report(count);
  };
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  process.exitCode = 1;
}
