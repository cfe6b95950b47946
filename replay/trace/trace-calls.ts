import type { Executor } from "../execution/trial.ts";
import type { CallsOfUnit } from "../report/calls-schema.ts";
import { callLines, gasLines } from "../report/calls-text.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import { print } from "../terminal/print.ts";
import { jsonText } from "../text/json.ts";
import { printable } from "../text/printable.ts";
import { unifiedDiff } from "../text/unified-diff.ts";
import { readAbiFiles } from "../triage/calls/abi/abi-files.ts";
import { ContractNames } from "../triage/calls/abi/contract-names.ts";
import { recordCalls } from "../triage/calls/call-record.ts";
import { unitCallsView } from "../triage/calls/call-view.ts";
import { noteRejection, notReached, type OpenedTrial, type TracedRequest, withTrial } from "./opened-trial.ts";

/** A command line of `qkc trace --calls`. */
export interface TraceCallsRequest extends TracedRequest {
  /** Files with names. */
  readonly abi: readonly string[];
  readonly json: boolean;
}

/** `qkc trace --calls`: prints what units call, by one rule set or by two. Throws what keeps it from that. */
export async function runTraceCalls(request: TraceCallsRequest): Promise<ExitCode> {
  const names = new ContractNames(readAbiFiles(request.abi));
  return withTrial(request, (opened) => {
    const tested = callsBy(opened.tested, opened, names);
    if (opened.reference === undefined) {
      print(request.json ? jsonText(tested) : printable(`${tested.map(unitText).join("\n\n")}\n`));
      return EXIT.clean;
    }
    const reference = callsBy(opened.reference, opened, names);
    const [before, after] = [reference, tested].map((units) => units.flatMap(callLines));
    const isSame = before.join("\n") === after.join("\n");
    const sides = [opened.reference.name, opened.tested.name];
    if (request.json) print(jsonText({ isSame, reference, tested }));
    else if (isSame) print(`by ${sides.join(" and by ")} the calls are the same\n`);
    else print(printable(unifiedDiff({ name: sides[0], lines: before }, { name: sides[1], lines: after })));
    return isSame ? EXIT.clean : EXIT.divergent;
  });
}

function callsBy(executor: Executor, { trial, found }: OpenedTrial, names: ContractNames): CallsOfUnit[] {
  const { units, result } = recordCalls({ trial, executor, isChosen: found.isChosen });
  noteRejection(executor, result);
  if (units.length === 0) throw notReached(trial, executor);
  return units.map((unit) => unitCallsView(unit, executor.name, names));
}

function unitText(unit: CallsOfUnit): string {
  const gas = gasLines(unit);
  return [...callLines(unit), ...(gas.length === 0 ? [] : ["", ...gas])].join("\n");
}
