import { SignJWT, UnsecuredJWT } from "jose";
import { type Check, expectEqual, type WireTarget } from "./check.ts";
import { CheckSkipped } from "./check-outcome.ts";
import { postRaw } from "./raw-request.ts";

const REQUEST = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "engine_exchangeCapabilities", params: [[]] });

interface Claims {
  readonly [claim: string]: unknown;
}

function secondsFromNow(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

function signed(claims: Claims, secret: Uint8Array, alg = "HS256"): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg, typ: "JWT" }).sign(secret);
}

/** A port that asks for tokens answers the request or, with 401, refuses it. */
function tokenCheck(
  what: string,
  status: 200 | 401,
  authorizationOf: (secret: Uint8Array) => Promise<string | undefined>,
): Check {
  return {
    name: `authentication: ${what} is ${status === 200 ? "taken" : "refused"}`,
    run: async ({ wire }) => {
      const { target, secret } = withSecret(wire);
      const authorization = await authorizationOf(secret);
      const answer = await postRaw(target, REQUEST, authorization === undefined ? {} : { authorization });
      expectEqual("HTTP status", answer.status, status);
      if (status === 401) expectEqual("a result", answer.text.includes('"result"'), false);
    },
  };
}

function withSecret(wire: WireTarget | undefined): { readonly target: WireTarget; readonly secret: Uint8Array } {
  if (wire?.jwtSecret === undefined) throw new CheckSkipped("the engine is reached without a token");
  return { target: wire, secret: wire.jwtSecret };
}

async function bearer(token: Promise<string> | string): Promise<string> {
  return `Bearer ${await token}`;
}

export const TOKEN_CHECKS: readonly Check[] = [
  tokenCheck("a new token", 200, (secret) => bearer(signed({ iat: secondsFromNow(0) }, secret))),
  tokenCheck("a token of 50 seconds ago", 200, (secret) => bearer(signed({ iat: secondsFromNow(-50) }, secret))),
  tokenCheck("a token from 50 seconds ahead", 200, (secret) => bearer(signed({ iat: secondsFromNow(50) }, secret))),
  tokenCheck("a token with id and clv", 200, (secret) =>
    bearer(signed({ iat: secondsFromNow(0), id: "conformance", clv: "1" }, secret)),
  ),
  tokenCheck("no token", 401, async () => undefined),
  tokenCheck("a token that is none", 401, () => bearer("abc.def.ghi")),
  tokenCheck("a token of 70 seconds ago", 401, (secret) => bearer(signed({ iat: secondsFromNow(-70) }, secret))),
  tokenCheck("a token from 70 seconds ahead", 401, (secret) => bearer(signed({ iat: secondsFromNow(70) }, secret))),
  tokenCheck("a token without its time of issue", 401, (secret) => bearer(signed({}, secret))),
  tokenCheck("a token without a signature (alg none)", 401, () =>
    bearer(new UnsecuredJWT({ iat: secondsFromNow(0) }).encode()),
  ),
  tokenCheck("a token by another secret", 401, (secret) =>
    bearer(
      signed(
        { iat: secondsFromNow(0) },
        secret.map((byte) => byte ^ 0xff),
      ),
    ),
  ),
  tokenCheck("a token by another algorithm (HS512)", 401, (secret) => {
    const longer = new Uint8Array(64);
    longer.set(secret);
    return bearer(signed({ iat: secondsFromNow(0) }, longer, "HS512"));
  }),
];
