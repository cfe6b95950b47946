/*
 * Records small cases that pass and together show much: `npx tsx scripts/fuzz/record.ts --seed N --cases N` writes
 * messages.json.gz and blocks.json.gz to fixtures/fuzz. Needs the reference, as main.ts does.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import { BlockLevel, simplerBlocks } from "./block-level.ts";
import { blockFeatures, messageFeatures } from "./features.ts";
import type { Level } from "./level.ts";
import { MessageLevel } from "./message-level.ts";
import { simplerMessages } from "./message-shrink.ts";
import { Reference, referencePlace } from "./reference.ts";
import { shrinkAnswered } from "./shrink.ts";

const SHRINK_TRIES = 250;

interface Recording<Case> {
  readonly level: Level<Case>;
  readonly featuresOf: (candidate: Case) => Set<string>;
  readonly simpler: (candidate: Case) => Iterable<Case>;
  readonly answered: (candidate: Case) => Promise<Case>;
  readonly seed: number;
  /** How many cases to look at. */
  readonly cases: number;
}

/** Cases that each show something no earlier one shows, cut down to that. */
async function record<Case>({ level, featuresOf, simpler, answered, seed, cases }: Recording<Case>): Promise<Case[]> {
  const shown = new Set<string>();
  const recorded: Case[] = [];
  let nextSeed = seed * 2 ** 30;
  for (let looked = 0; looked < cases; ) {
    const batch = await level.casesOf(Array.from({ length: level.seedsPerRequest }, () => nextSeed++));
    looked += batch.length;
    for (const candidate of batch) {
      const fresh = [...featuresOf(candidate)].filter((feature) => !shown.has(feature)).slice(0, 3);
      if (fresh.length === 0 || level.differs(candidate)) continue;
      const showsAll = (other: Case): boolean => {
        if (level.differs(other)) return false;
        const features = featuresOf(other);
        return fresh.every((feature) => features.has(feature));
      };
      const smallest = await shrinkAnswered(candidate, simpler, { answered, differs: showsAll, limit: SHRINK_TRIES });
      for (const feature of featuresOf(smallest)) shown.add(feature);
      recorded.push({ ...smallest, name: `${level.name}: ${fresh.join(", ")}` });
    }
  }
  console.info(`${level.name}: ${recorded.length} cases show ${shown.size} things`);
  return recorded;
}

function write(name: string, cases: readonly unknown[]): void {
  const file = fileURLToPath(new URL(`../../fixtures/fuzz/${name}.json.gz`, import.meta.url));
  const bytes = gzipSync(JSON.stringify(cases), { level: 9 });
  writeFileSync(file, bytes);
  console.info(`${file}: ${bytes.length} bytes`);
}

const { values } = parseArgs({
  options: { seed: { type: "string", default: "1" }, cases: { type: "string", default: "4000" } },
});
const place = referencePlace();
if (place === undefined) throw new Error("set PYQUARKCHAIN to a pyquarkchain checkout");
const reference = new Reference(place);
const [seed, cases] = [Number(values.seed), Number(values.cases)];
const messages = await record({
  level: new MessageLevel(reference, QUARKCHAIN_RULES),
  featuresOf: messageFeatures,
  simpler: simplerMessages,
  answered: (candidate) => reference.ask({ do: "message", case: candidate }),
  seed,
  cases,
});
write("messages", messages);
const blocks = await record({
  level: new BlockLevel(reference, QUARKCHAIN_RULES),
  featuresOf: blockFeatures,
  simpler: simplerBlocks,
  answered: (candidate) => reference.ask({ do: "block", case: candidate }),
  seed,
  cases,
});
write("blocks", blocks);
reference.close();
