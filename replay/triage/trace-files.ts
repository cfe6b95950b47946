import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { EMPTY_BYTES } from "../../node/codec/bytes.ts";
import { makeFolder } from "../../node/codec/make-folder.ts";
import type { ExecutionUnit } from "../../node/el/evm/tracer.ts";
import { Eip3155Writer, eip3155End, eip3155Line } from "../../node/el/tracing/eip3155-writer.ts";
import { UnitTracer } from "../../node/el/tracing/unit-tracer.ts";
import type { BlockTrial, Executor } from "../execution/trial.ts";
import type { ExternalUnit } from "./steps/external-trace.ts";

const FOLDER = "traces";
const MAX_BYTES = 64 * 1024 * 1024;
const BUFFER_CHARACTERS = 1 << 16;

export interface TraceFilesRequest {
  readonly trial: BlockTrial;
  readonly reference: Executor;
  readonly tested: Executor;
  /** The one to trace. */
  readonly unit: Pick<ExecutionUnit, "kind" | "index">;
  /** The report's; the files go into traces/ in it. */
  readonly folder: string;
  /** What their names begin with. */
  readonly id: string;
  /** Of one file; one that would be longer ends with a line that says so. */
  readonly maxBytes?: number;
}

/** Writes what both sides do in a unit, as EIP-3155 lines; answers with the paths, relative to the folder. */
export function writeTraceFiles(request: TraceFilesRequest): TracePaths {
  const { reference, tested } = request;
  return writeBothSides(request, { reference: ofExecutor(request, reference), tested: ofExecutor(request, tested) });
}

/** The same where the tested side is a trace; undefined for a unit that it has not. */
export function writeExternalTraceFiles(
  request: Omit<TraceFilesRequest, "tested"> & { readonly tested: ExternalUnit | undefined },
): TracePaths {
  const { reference, tested } = request;
  return writeBothSides(request, { reference: ofExecutor(request, reference), tested: ofTrace(tested) });
}

interface TracePaths {
  readonly reference: string;
  readonly tested: string;
}

type WriteLine = (line: string) => void;

function writeBothSides(
  { folder, id, maxBytes }: Pick<TraceFilesRequest, "folder" | "id" | "maxBytes">,
  sides: Readonly<Record<keyof TracePaths, (writeLine: WriteLine) => void>>,
): TracePaths {
  const write = (side: keyof TracePaths) => {
    const path = `${FOLDER}/${id}-${side}.jsonl`;
    makeFolder(join(folder, FOLDER));
    const lines = new CappedLines(join(folder, path), maxBytes ?? MAX_BYTES);
    try {
      sides[side]((line) => lines.write(line));
    } finally {
      lines.close();
    }
    return path;
  };
  return { reference: write("reference"), tested: write("tested") };
}

function ofExecutor({ trial, unit }: Pick<TraceFilesRequest, "trial" | "unit">, executor: Executor) {
  return (writeLine: WriteLine) => {
    const isChosen = ({ kind, index }: ExecutionUnit) => kind === unit.kind && index === unit.index;
    const tracer = new UnitTracer(new Eip3155Writer(writeLine), isChosen);
    executor.execute(trial.payload, trial.nodes, tracer);
    tracer.finish();
  };
}

function ofTrace(unit: ExternalUnit | undefined) {
  return (writeLine: WriteLine) => {
    if (unit === undefined) return;
    for (const step of unit.steps) writeLine(JSON.stringify(eip3155Line(step)));
    const { outcome, output } = unit;
    writeLine(JSON.stringify(eip3155End(output ?? EMPTY_BYTES, outcome?.gasUsed ?? 0n, outcome?.success ?? false)));
  };
}

/** A file that stops growing. */
class CappedLines {
  readonly #file: number;
  readonly #maxBytes: number;
  #buffer = "";
  #bytes = 0;
  #omitted = 0;

  constructor(path: string, maxBytes: number) {
    this.#file = openSync(path, "w");
    this.#maxBytes = maxBytes;
  }

  /** ASCII. */
  write(line: string): void {
    if (this.#omitted > 0 || this.#bytes + line.length + 1 > this.#maxBytes) {
      this.#omitted++;
      return;
    }
    this.#bytes += line.length + 1;
    this.#buffer += `${line}\n`;
    if (this.#buffer.length > BUFFER_CHARACTERS) this.#flush();
  }

  close(): void {
    if (this.#omitted > 0) {
      const error = `trace cut after ${this.#bytes} bytes: ${this.#omitted} more lines are left out`;
      this.#buffer += `${JSON.stringify({ error })}\n`;
    }
    try {
      this.#flush();
    } finally {
      closeSync(this.#file);
    }
  }

  #flush(): void {
    writeSync(this.#file, this.#buffer);
    this.#buffer = "";
  }
}
