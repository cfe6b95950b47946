import { jwtIssuer } from "../../../node/engine/json-rpc/jwt.ts";
import type { WireTarget } from "./check.ts";

export interface RawAnswer {
  readonly status: number;
  readonly text: string;
}

/** Posts a body just as it is, with the headers given besides the media type. */
export async function postRaw({ url }: WireTarget, body: string, headers: Record<string, string>): Promise<RawAnswer> {
  const response = await fetch(url, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
    signal: AbortSignal.timeout(30_000),
  });
  return { status: response.status, text: await response.text() };
}

/** The same with a good token where one is asked for. */
export async function postAuthorized(wire: WireTarget, body: string): Promise<RawAnswer> {
  const { jwtSecret } = wire;
  return postRaw(wire, body, jwtSecret ? { authorization: `Bearer ${await jwtIssuer(jwtSecret)()}` } : {});
}
