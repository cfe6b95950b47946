import { writeFileSync } from "node:fs";
import { UsageError } from "../../node/codec/errors.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import { note, print } from "../terminal/print.ts";
import { blockName } from "../text/block-name.ts";
import { type Json, jsonText } from "../text/json.ts";
import { exportedStateTest } from "../triage/reproducer/export-state-test.ts";
import type { Reproducer } from "../triage/reproducer/format.ts";
import { type Reproduction, readReproducerFile, reproduce } from "../triage/reproducer/reproduce.ts";

export interface ReproduceRequest {
  readonly files: readonly string[];
  /** Undefined: the rule set that each case names. */
  readonly rules: string | undefined;
  /** File to write the only case to. */
  readonly exportStateTest: string | undefined;
  readonly json: boolean;
}

interface Answer {
  readonly file: string;
  readonly reproducer: Reproducer;
  readonly reproduction: Reproduction;
}

/** `qkc reproduce`: executes each file and prints where it is not as expected. */
export function runReproduce({ files, rules, exportStateTest, json }: ReproduceRequest): ExitCode {
  if (exportStateTest !== undefined && files.length !== 1) {
    throw new UsageError(`--export-state-test takes one case, got ${files.length}`);
  }
  const reproducers = files.map((file) => ({ file, reproducer: readReproducerFile(file) }));
  if (exportStateTest !== undefined) {
    writeFileSync(exportStateTest, jsonText(exportedStateTest(reproducers[0].reproducer)));
    note(`state test written to ${exportStateTest}`);
  }
  const answers = reproducers.map(({ file, reproducer }) => ({
    file,
    reproducer,
    reproduction: reproduce(reproducer, rules),
  }));
  print(json ? jsonText({ reproducers: answers.map(answerJson) }) : answers.map(answerText).join("\n"));
  return answers.every(({ reproduction }) => reproduction.differences.length === 0) ? EXIT.clean : EXIT.divergent;
}

function answerJson({ file, reproducer, reproduction }: Answer): Json {
  return {
    file,
    id: reproducer.about.id,
    rules: reproduction.rules,
    fails: reproduction.differences.length > 0,
    differences: reproduction.differences.map((difference) => ({ ...difference })),
  };
}

function answerText({ file, reproducer: { about }, reproduction: { rules, differences } }: Answer): string {
  const expectation =
    about.expected.source === "declared" ? "what the block declares" : `the rules of ${about.expected.name}`;
  const verdict = differences.length === 0 ? "passes" : "FAILS";
  const lines = [
    `${verdict}  ${file}`,
    `  ${blockName(about)}, expected by ${expectation}, executed under ${rules}`,
    ...differences.map(({ where, field, expected, got }) => `  ${where} ${field}: expected ${expected}, got ${got}`),
  ];
  return `${lines.join("\n")}\n`;
}
