import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import { print } from "../terminal/print.ts";
import { StatusLine } from "../terminal/status-line.ts";
import { colorsFor } from "../text/colors.ts";
import { jsonText } from "../text/json.ts";
import type { Verdict } from "./diagnosis.ts";
import { type DoctorRequest, examineDatabase } from "./doctor.ts";
import { doctorJson, doctorText } from "./doctor-answer.ts";

/** A checked command line of `qkc doctor`. */
export interface DoctorCommand extends Pick<DoctorRequest, "db" | "configPath" | "deep"> {
  readonly json: boolean;
}

const TRIAL_SECONDS = 1;

const EXIT_OF_VERDICT: Record<Verdict, ExitCode> = {
  fit: EXIT.clean,
  limited: EXIT.unsupported,
  damaged: EXIT.damaged,
};

/** `qkc doctor`: looks at a database and prints what it is and whether it is whole. */
export async function runDoctor({ db, configPath, deep, json }: DoctorCommand): Promise<ExitCode> {
  const status = new StatusLine(process.stderr, process.env);
  const progress = (text: () => string) => status.update(text);
  try {
    const examination = await examineDatabase({ db, configPath, deep, trialSeconds: TRIAL_SECONDS, progress });
    status.stop();
    const colors = colorsFor(process.stdout.isTTY, process.env);
    print(json ? jsonText(doctorJson(examination)) : doctorText(examination, colors));
    return EXIT_OF_VERDICT[examination.verdict];
  } finally {
    status.stop();
  }
}
