import type { TriageRun, TriageRunRequest } from "../triage/triage-run.ts";
import type { DatabaseSurvey, SurveyRequest } from "../work/range-job.ts";

/** Opens a database. Throws NotADatabaseError, ConfigError, DatabaseDamagedError or UnsupportedError. */
type SurveyDatabase = (request: SurveyRequest) => Promise<DatabaseSurvey>;

/** Looks closer at the first divergences of each class. */
type TriageDivergences = (request: TriageRunRequest) => Promise<TriageRun>;

/** The engine room behind the command: how to look at a database, and the thread that checks ranges of it. */
export interface CheckdbEngine {
  readonly surveyDatabase: SurveyDatabase;
  readonly triageDivergences: TriageDivergences;
  /** Module that exports `runRange` as made by createRangeTask. */
  readonly workerFile: URL;
}
