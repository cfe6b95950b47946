import { shown } from "../../node/codec/shown.ts";
import type { LogFormat } from "../terminal/log-format.ts";

export interface ElLog {
  /** Something of a kind that programs may wait for; `text` is for people. */
  event(name: string, text: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Lines on stderr, for people or one JSON object each. */
export function elLog(format: LogFormat, stderr: Pick<NodeJS.WriteStream, "write"> = process.stderr): ElLog {
  return {
    event(name, text, fields = {}) {
      const time = new Date().toISOString();
      const line =
        format === "json" ? JSON.stringify({ time, event: name, text, ...fields }) : `${time} ${shown(text)}`;
      stderr.write(`${line}\n`);
    },
  };
}
