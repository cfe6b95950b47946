import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { compactVerify, errors, type JWTPayload, SignJWT } from "jose";
import { toHex } from "../../codec/bytes.ts";
import { ConfigError } from "../../codec/errors.ts";
import { readRegularFile } from "../../codec/regular-file.ts";
import { systemRefusal } from "../../codec/system-error.ts";

/** How far a token's time of issue may be from ours, both ways (execution-apis src/engine/authentication.md). */
const MOST_DRIFT_SECONDS = 60;
const SECRET_BYTES = 32;
/** A secret with a lot of white space around it. */
const MOST_FILE_BYTES = 64 * 1024;

/** A request that carries no token we accept. The message may be told to whoever made it. */
export class UnauthorizedError extends Error {}

/** Reads a secret of 32 bytes in hex, 0x or not, white space around it or not. Throws ConfigError. */
export function readJwtSecret(path: string): Uint8Array {
  const text = readSecretFile(path).trim();
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

function readSecretFile(path: string): string {
  try {
    const bytes = readRegularFile(path, MOST_FILE_BYTES);
    if (bytes === undefined) throw new Error("there is no such file");
    return bytes.toString("utf8");
  } catch (error) {
    throw new ConfigError(`the JWT secret ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Writes a new secret that only its owner may read, and returns it. Throws ConfigError, also where the file exists. */
export function createJwtSecret(path: string): Uint8Array {
  const secret = new Uint8Array(randomBytes(SECRET_BYTES));
  try {
    writeFileSync(path, `0x${toHex(secret)}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    const { message } = systemRefusal(error, path, "write") as Error;
    throw new ConfigError(`the JWT secret ${path} cannot be written: ${message}`, { cause: error });
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
 * Takes tokens that the secret signed by HS256 less than a minute ago, and no others; throws UnauthorizedError. What a
 * token says of times is looked at with each request, its signature once for a run of requests with the same token.
 */
export function jwtAuthenticator(secret: Uint8Array, now: () => number = Date.now): Authenticate {
  let proved: { readonly token: string; readonly times: TokenTimes } | undefined;
  return async (authorization) => {
    const token = bearerOf(authorization);
    if (proved?.token !== token) proved = { token, times: await provedTimes(token, secret) };
    checkTimes(proved.times, now() / 1000);
  };
}

function bearerOf(authorization: string | undefined): string {
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
  if (token === undefined) throw new UnauthorizedError("missing token");
  return token;
}

/** Seconds since 1970. */
interface TokenTimes {
  readonly issuedAt: number;
  readonly notBefore: number;
  readonly expiresAt: number;
}

/** `nbf` is a clock's reading like `iat` and gets its tolerance: issuers write the same second into both. */
function checkTimes({ issuedAt, notBefore, expiresAt }: TokenTimes, now: number): void {
  if (now >= expiresAt) throw new UnauthorizedError("token is expired");
  if (now - issuedAt > MOST_DRIFT_SECONDS) throw new UnauthorizedError("stale token");
  if (issuedAt - now > MOST_DRIFT_SECONDS) throw new UnauthorizedError("future token");
  if (notBefore - now > MOST_DRIFT_SECONDS) throw new UnauthorizedError("token is not valid yet");
}

async function provedTimes(token: string, secret: Uint8Array): Promise<TokenTimes> {
  const { iat, nbf, exp } = await provedClaims(token, secret);
  if (iat === undefined) throw new UnauthorizedError("missing issued-at");
  return {
    issuedAt: secondsOf(iat, "iat"),
    notBefore: secondsOf(nbf ?? 0, "nbf"),
    expiresAt: exp === undefined ? Number.POSITIVE_INFINITY : secondsOf(exp, "exp"),
  };
}

async function provedClaims(token: string, secret: Uint8Array): Promise<JWTPayload> {
  try {
    const { payload } = await compactVerify(token, secret, { algorithms: ["HS256"] });
    const claims: unknown = JSON.parse(Buffer.from(payload).toString("utf8"));
    if (typeof claims === "object" && claims !== null) return claims as JWTPayload;
  } catch (error) {
    if (error instanceof errors.JOSEError) throw new UnauthorizedError("token is not signed with the secret by HS256");
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new UnauthorizedError("token has no claims");
}

function secondsOf(claim: unknown, name: string): number {
  if (typeof claim === "number" && Number.isFinite(claim)) return claim;
  throw new UnauthorizedError(`the token's ${name} is no number`);
}
