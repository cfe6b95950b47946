import type { EngineChoice, GcMode } from "../engines/engine-spec.ts";
import type { ListenAddress } from "../terminal/metrics/listen-address.ts";

/** A checked command line of `qkc replay`. */
export interface ReplayRequest {
  readonly db: string;
  readonly configPath: string | undefined;
  /** Folder of the new stores. */
  readonly datadir: string;
  readonly resume: boolean;
  /** Last root height; undefined = the tip. */
  readonly to: number | undefined;
  /** Full shard ids, ascending, each once; undefined = all. */
  readonly shards: readonly number[] | undefined;
  readonly workers: number;
  readonly engines: EngineChoice;
  readonly gcMode: GcMode;
  readonly withForks: boolean;
  readonly reportFolder: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly metrics?: ListenAddress | undefined;
}

/** The command line that continues a run. */
export function resumeArguments(request: ReplayRequest): readonly string[] {
  const { engines, shards = [] } = request;
  const jwt = engines.kind === "embedded" ? undefined : engines.jwtSecretPath;
  return [
    "replay",
    ...["--db", request.db, "--datadir", request.datadir],
    ...option("--config", request.configPath),
    ...option("--to", request.to),
    ...shards.flatMap((shard) => ["--shard", `${shard}`]),
    ...(engines.kind === "urls" ? engines.urls.flatMap((url) => ["--engine", url]) : []),
    ...(engines.kind === "command" ? ["--engine-cmd", engines.command] : []),
    ...option("--jwt-secret", jwt),
    ...(request.gcMode === "archive" ? [] : ["--gcmode", request.gcMode]),
    ...(request.withForks ? ["--with-forks"] : []),
    ...option("--report", request.reportFolder),
    "--resume",
  ];
}

function option(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [name, `${value}`];
}
