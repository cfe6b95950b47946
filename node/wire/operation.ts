import type { Codec } from "./codec.ts";

/** A request and the answer to it. What stands in them: `Value<typeof CLUSTER_RPC.getLog.response>`. */
export interface Rpc<Request, Response> {
  readonly name: string;
  readonly op: number;
  readonly responseOp: number;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
}

/** A message that nobody answers; its request id is 0. */
export interface Command<Message> {
  readonly name: string;
  readonly op: number;
  readonly message: Codec<Message>;
}

/** What an op number stands for on one kind of link. */
export type Operation =
  | { readonly kind: "request"; readonly rpc: Rpc<unknown, unknown> }
  | { readonly kind: "response"; readonly rpc: Rpc<unknown, unknown> }
  | { readonly kind: "command"; readonly command: Command<unknown> };

/** Operations by their number. Throws where two share one. */
export function operationsOf(
  rpcs: readonly Rpc<unknown, unknown>[],
  commands: readonly Command<unknown>[],
): ReadonlyMap<number, Operation> {
  const operations = new Map<number, Operation>();
  const add = (op: number, operation: Operation) => {
    if (operations.has(op)) throw new TypeError(`two operations have the number ${op}`);
    operations.set(op, operation);
  };
  for (const rpc of rpcs) {
    add(rpc.op, { kind: "request", rpc });
    add(rpc.responseOp, { kind: "response", rpc });
  }
  for (const command of commands) add(command.op, { kind: "command", command });
  return operations;
}

/** The codec of what stands in a frame of this operation. */
export function codecOf(operation: Operation): Codec<unknown> {
  switch (operation.kind) {
    case "request":
      return operation.rpc.request;
    case "response":
      return operation.rpc.response;
    case "command":
      return operation.command.message;
  }
}
