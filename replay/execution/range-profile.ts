import { writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import { join } from "node:path";
import { takeStageHistograms, timeStages } from "../../node/measure/stages.ts";
import type { Range, RangeResult } from "../report/schema.ts";
import type { ProfileRequest } from "../work/range-job.ts";

interface RangeProfile {
  /** What was timed; writes the CPU profile where one was asked for. */
  finish(): Pick<RangeResult["timing"], "histograms">;
}

/** Times a range: the stages of its blocks, and where a folder is named the functions of this thread. */
export function startProfile({ cpuFolder }: ProfileRequest, range: Range): RangeProfile {
  timeStages();
  const session = cpuFolder === undefined ? undefined : startCpuProfile();
  return {
    finish() {
      const histograms = takeStageHistograms()?.map((histogram) => ({ ...histogram }));
      if (session !== undefined && cpuFolder !== undefined) {
        finishCpuProfile(session, join(cpuFolder, `range-${range.index}.cpuprofile`));
      }
      return { histograms };
    },
  };
}

function startCpuProfile(): Session {
  const session = new Session();
  session.connect();
  session.post("Profiler.enable");
  session.post("Profiler.start");
  return session;
}

/** A session of the thread itself answers before `post` returns. */
function finishCpuProfile(session: Session, file: string): void {
  session.post("Profiler.stop", (error, answer) => {
    if (error !== null) throw error;
    writeFileSync(file, JSON.stringify(answer.profile));
  });
  session.disconnect();
}
