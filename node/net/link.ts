/** A stream of bytes to one other process: a TCP socket, or two ends in memory. */
export interface Link {
  /** Who is at the other end, for log lines. */
  readonly remote: string;
  /** Bytes given to `send` that have not left this process. */
  readonly queuedBytes: number;
  /** Called once; nothing is received before. */
  open(events: LinkEvents): void;
  /** Never throws; behind `close` it does nothing. */
  send(bytes: Uint8Array): void;
  /** What was sent before may still arrive. */
  close(): void;
}

export interface LinkEvents {
  /** The bytes belong to the receiver. Never called inside `open` or `send`. */
  received(bytes: Uint8Array): void;
  /** Once, whoever closed the link; nothing follows. */
  closed(reason: string): void;
}

/** How other processes are reached. */
export interface Transport {
  /** Rejects with LinkError "refused" when nobody answers in time. */
  dial(host: string, port: number, timeoutMs: number): Promise<Link>;
}

/** One line for the operator: what, and whose. */
export type Log = (level: "info" | "warn" | "error", line: string) => void;
