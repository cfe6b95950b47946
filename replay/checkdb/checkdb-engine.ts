import type { RangeResult } from "../report/schema.ts";
import type { TriageRun, TriageRunRequest } from "../triage/triage-run.ts";
import type { PlannedRun } from "../work/planned-run.ts";
import type { Pool, PoolRequest } from "../work/pool.ts";
import type { DatabaseSurvey, SurveyRequest } from "../work/range-job.ts";

/** Opens a database. Throws NotADatabaseError, ConfigError, DatabaseDamagedError or UnsupportedError. */
type SurveyDatabase = (request: SurveyRequest) => Promise<DatabaseSurvey>;

/** Looks closer at the first divergences of each class. */
type TriageDivergences = (request: TriageRunRequest) => Promise<TriageRun>;

/** Who checks the ranges of a run in the place of threads of this process. */
type CreatePool = (request: PoolRequest<RangeResult>, run: PlannedRun, message: (text: string) => void) => Pool;

/** The engine room behind the command: how to look at a database, and the thread that checks ranges of it. */
export interface CheckdbEngine {
  readonly surveyDatabase: SurveyDatabase;
  readonly triageDivergences: TriageDivergences;
  /** Module that exports `runRange` as made by createRangeTask. */
  readonly workerFile: URL;
  readonly createPool?: CreatePool;
}
