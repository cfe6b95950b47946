import { closeSync, openSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { DatabaseDamagedError } from "./errors.ts";
import { SystemError, systemRefusal } from "./system-error.ts";

function refused(errno: string): SystemError {
  const error = Object.assign(new Error(`${errno}: as libuv says it`), { code: errno, syscall: "open" });
  const refusal = systemRefusal(error, "/a/file", "read");
  if (!(refusal instanceof SystemError)) throw new Error("no refusal");
  return refusal;
}

it.each(["EACCES", "EPERM", "EMFILE", "ENFILE", "EIO", "ESTALE", "ETIMEDOUT", "ENOSPC", "EROFS", "ENOTDIR", "EINTR"])(
  "%s says what, where and why, and is nobody's damage",
  (errno) => {
    const { message, code, path, cause } = refused(errno);
    expect(message).toMatch(new RegExp(`^cannot read /a/file: .+ \\(${errno}\\)$`));
    expect(message).not.toContain("libuv");
    expect([code, path]).toEqual(["STORAGE", "/a/file"]);
    expect(cause).toBeInstanceOf(Error);
  },
);

it("an errno without a sentence of its own is told as the system tells it", () => {
  expect(refused("EWHATEVER").message).toBe("cannot read /a/file: EWHATEVER: as libuv says it (EWHATEVER)");
});

it("leaves everything else as it is, and a refusal too", () => {
  const damage = new DatabaseDamagedError("x");
  expect(systemRefusal(damage, "/a", "read")).toBe(damage);
  const refusal = refused("EIO");
  expect(systemRefusal(refusal, "/b", "write")).toBe(refusal);
});

it("knows the errors that the system really makes", () => {
  expect(() => {
    try {
      readFileSync("/proc/self/mem/x");
    } catch (error) {
      throw systemRefusal(error, "/proc/self/mem/x", "read");
    }
  }).toThrow("part of the path is a file, not a folder (ENOTDIR)");
  closeSync(openSync("/dev/null", "r"));
});
