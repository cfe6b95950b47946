import type { z } from "zod";
import { ENGINE_ERROR, EngineError } from "../engine-error.ts";
import { type Caller, PATIENT_CALLER } from "./caller.ts";

/** A method that a server answers. */
export interface RpcMethod {
  /** Given the parameters as they came, an array. Throws EngineError with the code to answer. */
  call(params: readonly unknown[], caller?: Caller): Promise<unknown>;
  /** Whether it waits for the ordered calls that came before it, and they for it. It is never given up half way. */
  readonly isOrdered: boolean;
}

export type RpcMethods = Readonly<Record<string, RpcMethod>>;

/** A method whose parameters have to fit a schema; anything else is answered with -32602 and the place. */
export function rpcMethod<P>(
  params: z.ZodType<P>,
  run: (params: P, caller: Caller) => unknown,
  { isOrdered = false }: { readonly isOrdered?: boolean } = {},
): RpcMethod {
  return {
    isOrdered,
    call: async (raw, caller = PATIENT_CALLER) => {
      const parsed = params.safeParse(raw);
      if (!parsed.success) throw new EngineError(ENGINE_ERROR.invalidParams, issueText(parsed.error));
      return run(parsed.data, caller);
    },
  };
}

const MOST_ISSUES = 3;

/** The first issues of a value with their places, as `params[0].stateRoot: …`. */
export function issueText(error: z.ZodError, root = "params"): string {
  const lines = error.issues.slice(0, MOST_ISSUES).map(({ path, message }) => `${root}${placeText(path)}: ${message}`);
  const more = error.issues.length - lines.length;
  return lines.join("; ") + (more > 0 ? `; and ${more} more` : "");
}

function placeText(path: readonly PropertyKey[]): string {
  return path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
}
