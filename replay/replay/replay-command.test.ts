import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, expect, test, vi } from "vitest";
import type { AfterReplay } from "../terminal/after-replay.ts";
import { EXIT } from "../terminal/exit-code.ts";
import { addReplayCommand } from "./replay-command.ts";

const runReplay = vi.hoisted(() => vi.fn((_request: { readonly resume: boolean }) => 0));
vi.mock("./run-replay.ts", () => ({ runReplay }));

const folder = mkdtempSync(join(tmpdir(), "replay-command-"));
afterAll(() => rmSync(folder, { recursive: true }));

const served = vi.fn(async (_start: AfterReplay) => EXIT.clean);

async function replay(...args: string[]): Promise<number> {
  const program = new Command().exitOverride();
  let exitCode = -1;
  addReplayCommand(
    program,
    async (command) => {
      exitCode = await command();
    },
    served,
  );
  await program.parseAsync(["replay", "--db", "d", ...args], { from: "user" });
  return exitCode;
}

async function resumes(datadir: string, ...args: string[]): Promise<boolean> {
  await replay("--datadir", datadir, ...args);
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

test("--live serves behind a clean replay, and behind no other", async () => {
  const live = ["--datadir", "new", "--config", "c.json", "--live", "--node_id", "S0"];
  expect(await replay(...live)).toBe(0);
  expect(served.mock.calls).toEqual([[{ configPath: "c.json", nodeId: "S0", datadir: "new", gcMode: "archive" }]]);
  runReplay.mockReturnValueOnce(EXIT.divergent);
  expect(await replay(...live)).toBe(EXIT.divergent);
  expect(served).toHaveBeenCalledTimes(1);
});

test.each([
  [["--live"], "--live needs --node_id"],
  [["--live", "--node_id", "S0", "--to", "5"], "--live needs the whole chain"],
  [["--live", "--node_id", "S0", "--engine-cmd", "qkc el"], "--live goes on with engines of its own"],
])("%j is refused before anything runs", async (args, message) => {
  const before = runReplay.mock.calls.length;
  await expect(replay("--datadir", "new", "--config", "c.json", ...args)).rejects.toThrow(message);
  expect(runReplay.mock.calls).toHaveLength(before);
});
