import { InvalidArgumentError, Option } from "commander";

/** Where a port is opened. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `PORT`, on this machine alone, or `HOST:PORT`; an IPv6 host is in brackets. */
export function parseListenAddress(text: string): ListenAddress {
  const [, host = "127.0.0.1", digits] = /^(?:(\[[0-9a-fA-F:.]+\]|[\w.-]+):)?([0-9]{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) {
    throw new InvalidArgumentError("Expected a port, or HOST:PORT; without a host only this machine can connect.");
  }
  return { host: host.replace(/^\[|\]$/g, ""), port };
}

export function metricsOption(): Option {
  return new Option(
    "--metrics <address>",
    "serve /metrics (OpenMetrics) and /healthz while it works: PORT for this machine alone, or HOST:PORT",
  ).argParser(parseListenAddress);
}
