import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ExecutionUnit } from "../../../node/el/evm/tracer.ts";
import { Eip3155Writer } from "../../../node/el/tracing/eip3155-writer.ts";
import { UnitTracer } from "../../../node/el/tracing/unit-tracer.ts";
import type { BlockTrial, Executor } from "../trial.ts";

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
export function writeTraceFiles(request: TraceFilesRequest): { reference: string; tested: string } {
  const write = (side: "reference" | "tested") => {
    const path = `${FOLDER}/${request.id}-${side}.jsonl`;
    writeTraceFile(request, request[side], join(request.folder, path));
    return path;
  };
  return { reference: write("reference"), tested: write("tested") };
}

function writeTraceFile({ trial, unit, maxBytes }: TraceFilesRequest, executor: Executor, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const lines = new CappedLines(path, maxBytes ?? MAX_BYTES);
  try {
    const isChosen = ({ kind, index }: ExecutionUnit) => kind === unit.kind && index === unit.index;
    const tracer = new UnitTracer(new Eip3155Writer((line) => lines.write(line)), isChosen);
    executor.execute(trial.payload, trial.nodes, tracer);
    tracer.finish();
  } finally {
    lines.close();
  }
}

/** A file that stops growing. */
class CappedLines {
  private readonly file: number;
  private readonly maxBytes: number;
  private buffer = "";
  private bytes = 0;
  private omitted = 0;

  constructor(path: string, maxBytes: number) {
    this.file = openSync(path, "w");
    this.maxBytes = maxBytes;
  }

  /** ASCII. */
  write(line: string): void {
    if (this.omitted > 0 || this.bytes + line.length + 1 > this.maxBytes) {
      this.omitted++;
      return;
    }
    this.bytes += line.length + 1;
    this.buffer += `${line}\n`;
    if (this.buffer.length > BUFFER_CHARACTERS) this.flush();
  }

  close(): void {
    if (this.omitted > 0) {
      const error = `trace cut after ${this.bytes} bytes: ${this.omitted} more lines are left out`;
      this.buffer += `${JSON.stringify({ error })}\n`;
    }
    try {
      this.flush();
    } finally {
      closeSync(this.file);
    }
  }

  private flush(): void {
    writeSync(this.file, this.buffer);
    this.buffer = "";
  }
}
