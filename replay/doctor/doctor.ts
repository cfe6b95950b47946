import { availableParallelism } from "node:os";
import type { BlockSource } from "../../node/archive/block-source.ts";
import type { KeyValueReader } from "../../node/archive/key-value-reader.ts";
import { openArchive } from "../../node/archive/open-archive.ts";
import { toHex } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError } from "../../node/codec/errors.ts";
import { clientRows } from "../database/client-rows.ts";
import type { FoundConfig } from "../database/optional-config.ts";
import { shardTipHeight } from "../database/shard-heights.ts";
import { shardName } from "../text/block-name.ts";
import { type Advice, advise } from "./advice.ts";
import { type TrialFacts, tryCheck } from "./calibrate.ts";
import { type ConfigFacts, examineConfig, lookForConfig } from "./config-exam.ts";
import { Diagnosis, type Finding, type Verdict } from "./diagnosis.ts";
import type { Examined } from "./examined.ts";
import { examineRoot, type RootFacts } from "./root-exam.ts";
import { ShardExam, type ShardFacts } from "./shard-exam.ts";
import { type StoreFacts, storeFacts } from "./store-facts.ts";

export interface DoctorRequest {
  readonly db: string;
  readonly configPath: string | undefined;
  /** Look at every height instead of samples. */
  readonly deep: boolean;
  /** About how long to check blocks for; 0: not at all. */
  readonly trialSeconds: number;
  /** Heights of each chain that are looked at where not all are. */
  readonly samples?: number;
  readonly progress?: (text: () => string) => void;
}

/** All that is known of a database after a look at it. */
export interface Examination {
  readonly db: string;
  readonly kind: "pyquarkchain" | "goquarkchain";
  readonly deep: boolean;
  readonly fullShardIds: readonly number[];
  readonly stores: readonly StoreFacts[];
  /** Undefined where none was found. */
  readonly config: ConfigFacts | undefined;
  /** Undefined where the root chain has no tip. */
  readonly root: RootFacts | undefined;
  readonly shards: readonly ShardFacts[];
  readonly trial: TrialFacts | undefined;
  readonly advice: Advice;
  readonly findings: readonly Finding[];
  readonly verdict: Verdict;
}

const SAMPLES = 256;
const CACHE_BYTES = 64 << 20;

/**
 * Looks at a database without changing it. What is wrong with it is a finding; throws NotADatabaseError, UsageError or
 * ConfigError where there is nothing to look at.
 */
export async function examineDatabase(request: DoctorRequest): Promise<Examination> {
  const diagnosis = new Diagnosis();
  const source = openArchive(request.db, { cacheBytes: CACHE_BYTES });
  try {
    return await new DatabaseExam(request, source, diagnosis).run();
  } finally {
    source.close();
  }
}

class DatabaseExam {
  readonly #request: DoctorRequest;
  readonly #source: BlockSource;
  readonly #diagnosis: Diagnosis;

  constructor(request: DoctorRequest, source: BlockSource, diagnosis: Diagnosis) {
    this.#request = request;
    this.#source = source;
    this.#diagnosis = diagnosis;
  }

  async run(): Promise<Examination> {
    const source = this.#source;
    const diagnosis = this.#diagnosis;
    const { db, deep } = this.#request;
    const stores = this.#stores();
    const found = lookForConfig(db, this.#request.configPath, diagnosis);
    const open = this.#examined(found);
    const config = found && examineConfig(found, open);
    const examined = config?.matches ? open : { ...open, config: undefined };
    const root = examineRoot(examined);
    const shards = examined.fullShardIds.map((id) => new ShardExam(examined, source.shard(id), root?.chain).run());
    const absent = found && config?.matches ? this.#absentShards(found, root) : [];
    const advice = this.#advice(stores, root, absent.length > 0);
    const trial = config?.matches && root ? await this.#trial(found, root, advice.workers) : undefined;
    return {
      db,
      kind: source.kind,
      deep,
      fullShardIds: source.fullShardIds,
      stores,
      config,
      root,
      shards,
      trial,
      advice,
      findings: diagnosis.findings,
      verdict: diagnosis.verdict,
    };
  }

  #stores(): StoreFacts[] {
    const stores: StoreFacts[] = [];
    const add = (fullShardId: number | null, rows: () => KeyValueReader | undefined) => {
      const facts = this.#diagnosis.try("STORE_UNREADABLE", { fullShardId }, () => {
        const opened = rows();
        return opened && storeFacts(opened, fullShardId, this.#diagnosis);
      });
      if (facts !== undefined) stores.push(facts);
    };
    add(null, () => clientRows(this.#source).rootRows);
    for (const id of this.#source.fullShardIds) add(id, () => this.#source.shard(id).rows);
    return stores;
  }

  #examined(found: FoundConfig | undefined): Examined {
    const source = this.#source;
    const diagnosis = this.#diagnosis;
    const { deep, samples = SAMPLES, progress = () => {} } = this.#request;
    const tips = new Map<number, number>();
    return {
      source,
      fullShardIds: source.fullShardIds.filter((id) => canOpen(() => source.shard(id))),
      rows: clientRows(source),
      config: found?.config.quarkchain,
      diagnosis,
      samples: deep ? "all" : samples,
      tipOf: (id) => {
        const tip = tips.get(id) ?? shardTipHeight(source.shard(id));
        tips.set(id, tip);
        return tip;
      },
      progress,
    };
  }

  /** Shards that the root chain may have confirmed blocks of: they may lie on other machines of the cluster. */
  #absentShards({ path, config }: FoundConfig, root: RootFacts | undefined): number[] {
    const absent = [...config.quarkchain.shards.values()]
      .filter(({ fullShardId, genesis }) => {
        return !this.#source.fullShardIds.includes(fullShardId) && genesis.rootHeight < (root?.tipHeight ?? 0);
      })
      .map(({ fullShardId }) => fullShardId);
    for (const fullShardId of absent) {
      const message = `${path} defines shard ${shardName(fullShardId)}, whose database is not here: its blocks cannot be checked, nor what the others sent to it`;
      this.#diagnosis.add("limit", "SHARD_NOT_HERE", { fullShardId }, message);
    }
    return absent;
  }

  #advice(stores: readonly StoreFacts[], root: RootFacts | undefined, someShards: boolean): Advice {
    const { db, configPath } = this.#request;
    return advise({
      db,
      configPath,
      rootTip: root?.tipIsGuessed ? toHex(root.tipHash) : undefined,
      shards: someShards ? this.#source.fullShardIds : undefined,
      databaseBytes: stores.reduce((total, { bytes }) => total + bytes, 0),
      cores: availableParallelism(),
    });
  }

  async #trial(found: FoundConfig | undefined, root: RootFacts, workers: number): Promise<TrialFacts | undefined> {
    const { db, trialSeconds } = this.#request;
    const source = this.#source;
    const diagnosis = this.#diagnosis;
    if (found === undefined || trialSeconds === 0 || source.fullShardIds.length === 0) return undefined;
    const rows = clientRows(source);
    const { chain, tipHash, tipIsGuessed } = root;
    const shards = source.fullShardIds;
    const rootHashAt = (height: number) => rows.rootHashAt(height);
    const { config, path: configPath } = found;
    const request = { db, config, configPath, chain, tipHash, tipIsGuessed, shards, rootHashAt, workers };
    return tryCheck({ ...request, seconds: trialSeconds }, diagnosis);
  }
}

function canOpen(open: () => unknown): boolean {
  try {
    open();
    return true;
  } catch (error) {
    if (!(error instanceof DatabaseDamagedError)) throw error;
    return false;
  }
}
