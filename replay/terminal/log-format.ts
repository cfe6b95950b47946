import { shown } from "../../node/codec/shown.ts";

export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** stderr belongs to the process, and so does what its lines look like. */
let format: LogFormat = "text";

export function setLogFormat(chosen: LogFormat): void {
  format = chosen;
}

export function isJsonLog(): boolean {
  return format === "json";
}

type Level = "info" | "error";

/** A line for stderr with its line break; as JSON it has time and level, and what belongs to it by name. */
export function logLine(level: Level, message: string, fields: Readonly<Record<string, unknown>> = {}): string {
  if (format === "text") return `${message}\n`;
  return `${JSON.stringify({ time: new Date().toISOString(), level, message: shown(message), ...fields })}\n`;
}
