import { QUARKCHAIN_RULES } from "../../../node/el/evm/rules.ts";
import { openDatabase } from "../../database/open-database.ts";
import { SMALL } from "../../database/small-fixture.testkit.ts";
import { rulesExecutor } from "../../execution/rules-executor.ts";
import { whatifRules } from "../../terminal/rules-option.ts";
import { TrialSource } from "../open-trial.ts";
import type { Reproducer } from "./format.ts";
import { makeReproducer } from "./make-reproducer.ts";

/** Where a block of pyqkc-small comes to something else under other rules. */
export interface DifferingPlace {
  readonly fullShardId: number;
  readonly height: number;
  readonly rules: string;
}

/** A transfer with calldata, cheaper under EIP-2028. */
const CHEAPER_DATA: DifferingPlace = { fullShardId: 1, height: 17, rules: "quarkchain+berlin" };

export function smallReproducer(): Promise<Reproducer> {
  return reproducerAt(CHEAPER_DATA);
}

/** What is expected is what the chain's own rules come to. Throws where nothing differs. */
export async function reproducerAt({ fullShardId, height, rules }: DifferingPlace): Promise<Reproducer> {
  const database = openDatabase({ db: SMALL, configPath: undefined, rootTip: undefined, verifyChecksums: "default" });
  try {
    const source = new TrialSource(database);
    const trial = await source.trial({ fullShardId, height });
    const executor = (text: string) => rulesExecutor(source.config, fullShardId, whatifRules(text));
    const reproducer = makeReproducer({
      id: `${fullShardId}-${height}`,
      trial,
      config: source.config,
      rules,
      reference: executor(QUARKCHAIN_RULES.name),
      tested: executor(rules),
    });
    if (reproducer === undefined) throw new Error(`shard ${fullShardId} block ${height} is the same under ${rules}`);
    return reproducer;
  } finally {
    database.source.close();
  }
}
