import { UsageError } from "../../node/codec/errors.ts";
import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import { print, printAsIs } from "../terminal/print.ts";
import { jsonText } from "../text/json.ts";
import { type InspectRequest, inspect, inspectRaw } from "./inspect.ts";

/** `qkc inspect`: prints one thing. Throws what keeps it from that. */
export function runInspect(request: InspectRequest): ExitCode {
  if (request.raw) {
    if (process.stdout.isTTY) throw new UsageError("--raw prints bytes as they are: send stdout to a file");
    printAsIs(inspectRaw(request));
    return EXIT.clean;
  }
  const view = inspect(request);
  print(request.json ? jsonText(view.json) : `${view.text.join("\n\n")}\n`);
  return EXIT.clean;
}
