import { Option } from "commander";
import { LOG_FORMATS } from "./log-format.ts";

/** The program sets it before a command begins. */
export function logFormatOption(): Option {
  return new Option("--log-format <format>", "lines on stderr")
    .choices(LOG_FORMATS)
    .env("QKC_LOG_FORMAT")
    .default("text");
}
