import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { errors, jwtVerify, SignJWT } from "jose";
import { toHex } from "../../codec/bytes.ts";
import { ConfigError } from "../../codec/errors.ts";

/** How far a token's time of issue may be from ours, both ways (execution-apis src/engine/authentication.md). */
const MOST_DRIFT_SECONDS = 60;
const SECRET_BYTES = 32;

/** A request that carries no token we accept. The message may be told to whoever made it. */
export class UnauthorizedError extends Error {}

/** Reads a secret of 32 bytes in hex, 0x or not, white space around it or not. Throws ConfigError. */
export function readJwtSecret(path: string): Uint8Array {
  let text: string;
  try {
    text = readFileSync(path, "utf8").trim();
  } catch (error) {
    throw new ConfigError(`the JWT secret ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const digits = text.replace(/^0x/i, "");
  if (!/^[0-9a-fA-F]*$/.test(digits)) throw new ConfigError(`the JWT secret ${path} is not hexadecimal`);
  if (digits.length !== 2 * SECRET_BYTES) {
    throw new ConfigError(
      `the JWT secret ${path} has ${digits.length} hex digits, it must have ${2 * SECRET_BYTES}: ` +
        "make one with openssl rand -hex 32",
    );
  }
  return new Uint8Array(Buffer.from(digits, "hex"));
}

/** Writes a new secret that only its owner may read, and returns it. Throws ConfigError, also where the file exists. */
export function createJwtSecret(path: string): Uint8Array {
  const secret = new Uint8Array(randomBytes(SECRET_BYTES));
  try {
    writeFileSync(path, `0x${toHex(secret)}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    throw new ConfigError(`the JWT secret ${path} cannot be written: ${(error as Error).message}`, { cause: error });
  }
  return secret;
}

/** Tokens for requests: HS256 over the time of issue. One second's requests carry the same bytes, so they are made once. */
export function jwtIssuer(secret: Uint8Array, now: () => number = Date.now): () => Promise<string> {
  let issuedAt = -1;
  let token: Promise<string> = Promise.resolve("");
  return () => {
    const second = Math.floor(now() / 1000);
    if (second !== issuedAt) {
      issuedAt = second;
      token = new SignJWT().setIssuedAt(second).setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(secret);
    }
    return token;
  };
}

/** Checks the Authorization header of a request. */
export type Authenticate = (authorization: string | undefined) => Promise<void>;

/**
 * Takes tokens that the secret signed by HS256 less than a minute ago, and no others; throws UnauthorizedError. The time
 * is checked with each request, the signature once for a run of requests with the same token.
 */
export function jwtAuthenticator(secret: Uint8Array, now: () => number = Date.now): Authenticate {
  let proved: { readonly token: string; readonly issuedAt: number } | undefined;
  return async (authorization) => {
    const token = bearerOf(authorization);
    if (proved?.token !== token) proved = { token, issuedAt: await issueTimeOf(token, secret, now) };
    const age = now() / 1000 - proved.issuedAt;
    if (age > MOST_DRIFT_SECONDS) throw new UnauthorizedError("stale token");
    if (age < -MOST_DRIFT_SECONDS) throw new UnauthorizedError("future token");
  };
}

function bearerOf(authorization: string | undefined): string {
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
  if (token === undefined) throw new UnauthorizedError("missing token");
  return token;
}

async function issueTimeOf(token: string, secret: Uint8Array, now: () => number): Promise<number> {
  try {
    const { payload } = await jwtVerify(token, secret, { algorithms: ["HS256"], currentDate: new Date(now()) });
    if (typeof payload.iat === "number") return payload.iat;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new UnauthorizedError("token is expired");
    if (error instanceof errors.JOSEError) throw new UnauthorizedError("token is not signed with the secret by HS256");
    throw error;
  }
  throw new UnauthorizedError("missing issued-at");
}
