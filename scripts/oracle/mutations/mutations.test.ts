import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SCRIPT = fileURLToPath(new URL("run-cases.ts", import.meta.url));
/** MUTATION_CASES and MUTATION_SEED choose more, and the same again. */
const CASES = Number(process.env.MUTATION_CASES ?? 60);
const SEED = Number(process.env.MUTATION_SEED ?? 1);
const CHUNK = 250;
const SILENCE_MILLISECONDS = 120_000;

test(`altered databases are answered in a sentence: seed ${SEED}, ${CASES} cases`, async () => {
  for (let first = 0; first < CASES; first += CHUNK) {
    const answer = await runCases(first, Math.min(CHUNK, CASES - first));
    expect(answer.exitCode, `seed ${SEED}: ${answer.text}`).toBe(0);
  }
});

/** Ends a run that does not say anything for so long: the case it named last does not end. */
function runCases(first: number, count: number): Promise<{ exitCode: number | null; text: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--import", "tsx", SCRIPT, `${SEED}`, `${first}`, `${count}`]);
    let text = "";
    let timer: NodeJS.Timeout | undefined;
    const heard = (chunk: Buffer) => {
      text = `${text}${chunk}`.slice(-4000);
      clearTimeout(timer);
      timer = setTimeout(() => child.kill("SIGKILL"), SILENCE_MILLISECONDS);
    };
    heard(Buffer.from(""));
    child.stdout.on("data", heard);
    child.stderr.on("data", heard);
    child.on("close", (exitCode) => {
      clearTimeout(timer);
      resolve({ exitCode, text });
    });
  });
}
