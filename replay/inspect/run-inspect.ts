import { EXIT, type ExitCode } from "../terminal/exit-code.ts";
import { print } from "../terminal/print.ts";
import { jsonText } from "../text/json.ts";
import { type InspectRequest, inspect, inspectRaw } from "./inspect.ts";

/** `qkc inspect`: prints one thing. Throws what keeps it from that. */
export function runInspect(request: InspectRequest): ExitCode {
  if (request.raw) print(inspectRaw(request));
  else {
    const { json, text } = inspect(request);
    print(request.json ? jsonText(json) : `${text.join("\n\n")}\n`);
  }
  return EXIT.clean;
}
