import { execFileSync, spawn } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readTextFile } from "./read-text-file.ts";
import { writeTarget } from "./write-file.ts";

let folder: string;
const at = (name: string) => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "write-file-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("a target that a user names", () => {
  test("a file is replaced, a new one made with its folder", async () => {
    writeFileSync(at("old"), "something longer");
    await writeTarget(at("old"), "text");
    await writeTarget(at("new/file"), "text");
    expect([readFileSync(at("old"), "utf8"), readFileSync(at("new/file"), "utf8")]).toEqual(["text", "text"]);
    expect(readdirSync(folder).sort()).toEqual(["new", "old"]);
  });

  test("a link stays one: what it leads to has the text, also where nothing was there yet", async () => {
    writeFileSync(at("real"), "old");
    symlinkSync("real", at("link"));
    symlinkSync("nothing", at("dangling"));
    await writeTarget(at("link"), "text");
    await writeTarget(at("dangling"), "text");
    for (const [link, real] of [
      ["link", "real"],
      ["dangling", "nothing"],
    ]) {
      expect(lstatSync(at(link)).isSymbolicLink()).toBe(true);
      expect(readFileSync(at(real), "utf8")).toBe("text");
    }
  });

  test("a pipe's reader gets all of it, and the pipe stays", async () => {
    execFileSync("mkfifo", [at("pipe")]);
    const reader = spawn("cat", [at("pipe")], { stdio: ["ignore", "pipe", "ignore"] });
    let got = "";
    const end = new Promise((resolve) => reader.on("close", resolve));
    reader.stdout.on("data", (chunk) => {
      got += chunk;
    });
    const text = "line\n".repeat(10_000);
    await writeTarget(at("pipe"), text);
    await end;
    expect(got).toBe(text);
    expect(lstatSync(at("pipe")).isFIFO()).toBe(true);
  });

  test("a full device is named by what the system says, and stays", async () => {
    await expect(writeTarget("/dev/full", "text")).rejects.toThrow("ENOSPC");
    expect(lstatSync("/dev/full").isCharacterDevice()).toBe(true);
  });

  test("what cannot be put in its place leaves nothing behind", async () => {
    mkdirSync(at("out/report.json"), { recursive: true });
    await expect(writeTarget(at("out/report.json"), "text")).rejects.toThrow("EISDIR");
    expect(readdirSync(at("out"))).toEqual(["report.json"]);
  });
});

describe("a file that is read whole", () => {
  test("a pipe or a device in its place is not waited for", () => {
    execFileSync("mkfifo", [at("pipe")]);
    symlinkSync("/dev/zero", at("zero"));
    expect(() => readTextFile(at("pipe"))).toThrow(`${at("pipe")} is a pipe or a device, not a file`);
    expect(() => readTextFile(at("zero"))).toThrow(/is a pipe or a device/);
    expect(() => readTextFile(folder)).toThrow(/is a folder/);
    expect(() => readTextFile(at("none"))).toThrow("there is no file");
  });

  test("one too large is refused before it is read", () => {
    writeFileSync(at("sparse"), "");
    truncateSync(at("sparse"), 1900 * 2 ** 20);
    expect(() => readTextFile(at("sparse"))).toThrow(/has 1992294400 bytes: no file of its kind has more than/);
  });
});
