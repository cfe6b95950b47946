import type { ClassedDivergence } from "../report/classes/group.ts";
import { divergenceId } from "../report/divergence-id.ts";
import type { Triage } from "../report/triage-schema.ts";

/** A closer look at a block that no execution has to be looked at for: it breaks rules, or is a genesis block. */
export function rulesTriage(divergence: ClassedDivergence): Triage {
  const { fullShardId, rootHeight, class: className } = divergence;
  const broken = divergence.violations.map(({ code, message }) => `${code}: ${message}`);
  const fields = divergence.fields.map(({ field }) => field);
  return {
    id: divergenceId(divergence),
    class: className,
    unit: null,
    receipt: null,
    state: { compared: false, differences: [], omitted: 0 },
    step: null,
    attribution: {
      switches: [],
      explanation: broken.length > 0 ? broken.join("; ") : `the configuration makes another ${fields.join(" and ")}`,
    },
    reproducer: null,
    command: checkCommand(fullShardId, rootHeight),
  };
}

/** DIR stands for the database's folder. */
function checkCommand(fullShardId: number | null, rootHeight: number | null): string {
  const range = rootHeight === null ? "--last 1 --unconfirmed" : `--from ${rootHeight} --to ${rootHeight}`;
  return `qkc checkdb --db DIR ${range}${fullShardId === null ? "" : ` --shard ${fullShardId}`}`;
}
