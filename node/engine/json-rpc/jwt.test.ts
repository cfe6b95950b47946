import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT, UnsecuredJWT } from "jose";
import { afterAll, describe, expect, test } from "vitest";
import { ConfigError } from "../../codec/errors.ts";
import { SECRET, WRONG_SECRET } from "../server/stub-engine.testkit.ts";
import { createJwtSecret, jwtAuthenticator, jwtIssuer, readJwtSecret } from "./jwt.ts";

const NOW_SECONDS = 1_700_000_000;
const now = () => NOW_SECONDS * 1000;
const folder = mkdtempSync(join(tmpdir(), "qkc-jwt-"));
afterAll(() => rmSync(folder, { recursive: true }));

function signed(claims: Record<string, unknown>, { alg = "HS256", secret = SECRET } = {}): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg }).sign(secret);
}

function check(header: string | undefined): Promise<void> {
  return jwtAuthenticator(SECRET, now)(header);
}

describe("the secret file", () => {
  const hex = "07".repeat(32);

  test.each([hex, `0x${hex}`, `\n  0x${hex.toUpperCase()} \r\n`])("%j", (text) => {
    const path = join(folder, "good");
    writeFileSync(path, text);
    expect(readJwtSecret(path)).toEqual(SECRET);
  });

  test.each([
    ["", /0 hex digits.*must have 64/],
    [hex.slice(2), /62 hex digits/],
    [`${hex}00`, /66 hex digits/],
    ["g".repeat(64), /not hexadecimal/],
  ])("%j is refused", (text, message) => {
    const path = join(folder, "bad");
    writeFileSync(path, text);
    expect(() => readJwtSecret(path)).toThrow(ConfigError);
    expect(() => readJwtSecret(path)).toThrow(message);
  });

  test("a file that is not there", () => {
    expect(() => readJwtSecret(join(folder, "absent"))).toThrow(/absent cannot be read/);
  });

  test("a pipe, a device and a folder are named at once", () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const device = join(folder, "device");
    symlinkSync("/dev/zero", device);
    const long = join(folder, "long");
    writeFileSync(long, `${"07".repeat(32)}${" ".repeat(70_000)}`);
    for (const path of [pipe, device, long, folder]) {
      expect(() => readJwtSecret(path)).toThrow(ConfigError);
      expect(() => readJwtSecret(path)).toThrow(
        /cannot be read: .* (is a pipe or a device|has 70064 bytes|is a folder)/,
      );
    }
  });

  test("a new one is its owner's alone and takes no other's place", () => {
    const path = join(folder, "new");
    const secret = createJwtSecret(path);
    expect(readJwtSecret(path)).toEqual(secret);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(() => createJwtSecret(path)).toThrow(ConfigError);
  });
});

describe("tokens", () => {
  test("ours are taken", async () => {
    const issue = jwtIssuer(SECRET, now);
    await expect(check(`Bearer ${await issue()}`)).resolves.toBeUndefined();
  });

  test("each second has its own", async () => {
    let time = now();
    const issue = jwtIssuer(SECRET, () => time);
    const first = await issue();
    expect(await issue()).toBe(first);
    time += 1000;
    expect(await issue()).not.toBe(first);
  });

  test.each([-60, 0, 60])("issued %i seconds from now", async (drift) => {
    await expect(check(`Bearer ${await signed({ iat: NOW_SECONDS + drift })}`)).resolves.toBeUndefined();
  });

  test("other claims are let pass", async () => {
    const token = await signed({ iat: NOW_SECONDS, id: "cl-1", clv: "qkc/0.1", exp: NOW_SECONDS + 1 });
    await expect(check(`bearer ${token}`)).resolves.toBeUndefined();
  });

  test.each<[string, () => Promise<string | undefined> | string | undefined, string]>([
    ["none", () => undefined, "missing token"],
    ["an empty header", () => "", "missing token"],
    ["another scheme", async () => `Basic ${await signed({ iat: NOW_SECONDS })}`, "missing token"],
    ["garbage", () => "Bearer abc", "not signed"],
    ["61 seconds old", async () => `Bearer ${await signed({ iat: NOW_SECONDS - 61 })}`, "stale token"],
    ["61 seconds early", async () => `Bearer ${await signed({ iat: NOW_SECONDS + 61 })}`, "future token"],
    ["no time", async () => `Bearer ${await signed({})}`, "missing issued-at"],
    [
      "past its own end",
      async () => `Bearer ${await signed({ iat: NOW_SECONDS, exp: NOW_SECONDS - 1 })}`,
      "token is expired",
    ],
    [
      "valid in 61 seconds",
      async () => `Bearer ${await signed({ iat: NOW_SECONDS, nbf: NOW_SECONDS + 61 })}`,
      "not valid",
    ],
    ["a time that is a text", async () => `Bearer ${await signed({ iat: NOW_SECONDS, nbf: "0" })}`, "nbf is no number"],
    ["algorithm none", () => `Bearer ${new UnsecuredJWT({ iat: NOW_SECONDS }).encode()}`, "not signed"],
    [
      "HS512",
      async () => {
        const secret = new Uint8Array(64).fill(7);
        return `Bearer ${await signed({ iat: NOW_SECONDS }, { alg: "HS512", secret })}`;
      },
      "not signed",
    ],
    [
      "another secret",
      async () => `Bearer ${await signed({ iat: NOW_SECONDS }, { secret: WRONG_SECRET })}`,
      "not signed",
    ],
  ])("%s: refused", async (_name, header, message) => {
    await expect(check(await header())).rejects.toThrow(message);
  });

  test.each([0, 60])("valid from %i seconds from now on, by a clock like that of its issue", async (drift) => {
    const token = await signed({ iat: NOW_SECONDS + drift, nbf: NOW_SECONDS + drift });
    await expect(check(`Bearer ${token}`)).resolves.toBeUndefined();
  });

  test("one that was good ends when it says so, as one that is seen then for the first time", async () => {
    let time = now();
    const authenticate = jwtAuthenticator(SECRET, () => time);
    const header = `Bearer ${await signed({ iat: NOW_SECONDS, exp: NOW_SECONDS + 3 })}`;
    await authenticate(header);
    time += 5000;
    await expect(authenticate(header)).rejects.toThrow("token is expired");
    await expect(jwtAuthenticator(SECRET, () => time)(header)).rejects.toThrow("token is expired");
  });

  test("one that was good grows old", async () => {
    let time = now();
    const authenticate = jwtAuthenticator(SECRET, () => time);
    const header = `Bearer ${await signed({ iat: NOW_SECONDS })}`;
    await authenticate(header);
    time += 61_000;
    await expect(authenticate(header)).rejects.toThrow("stale token");
  });
});
