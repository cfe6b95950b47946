import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, expect, test, vi } from "vitest";
import { addReplayCommand } from "./replay-command.ts";

const runReplay = vi.hoisted(() => vi.fn((_request: { readonly resume: boolean }) => 0));
vi.mock("./run-replay.ts", () => ({ runReplay }));

const folder = mkdtempSync(join(tmpdir(), "replay-command-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function resumes(datadir: string, ...args: string[]): Promise<boolean> {
  const program = new Command().exitOverride();
  addReplayCommand(program, async (command) => void (await command()));
  await program.parseAsync(["replay", "--db", "d", "--datadir", datadir, ...args], { from: "user" });
  return runReplay.mock.lastCall![0].resume;
}

test("--resume=auto continues where a replay was begun, and starts one elsewhere", async () => {
  const begun = join(folder, "begun");
  mkdirSync(begun);
  writeFileSync(join(begun, "replay.json"), "{}");
  expect(await resumes(begun, "--resume=auto")).toBe(true);
  expect(await resumes(join(folder, "none"), "--resume=auto")).toBe(false);
  expect(await resumes(join(folder, "none"), "--resume")).toBe(true);
  expect(await resumes(begun)).toBe(false);
});
