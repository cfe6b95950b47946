import { readdirSync, readlinkSync } from "node:fs";
import { platform } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FilePool } from "./file-pool.ts";
import { handleBudget, OpenHandles } from "./open-handles.ts";
import { withFolder } from "./recorded-database.testkit.ts";

const NAMES = ["0", "1", "2", "3", "4"];
const FILES = new Map(NAMES.map((name) => [name, Uint8Array.of(Number(name))]));

/** Files of a folder that this process has open, as the system counts them. */
function openIn(dir: string): number {
  return readdirSync("/proc/self/fd").filter((fd) => linkOf(fd).startsWith(dir)).length;
}

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return "";
  }
}

test.runIf(platform() === "linux")("stores share one budget of handles; each keeps one, however many there are", () => {
  withFolder(FILES, (dir) => {
    const handles = new OpenHandles(handleBudget(3));
    const pools = [new FilePool(128, handles), new FilePool(128, handles), new FilePool(128, handles)];
    const byte = new Uint8Array(1);
    const read = (pool: FilePool, name: string) => {
      pool.read(join(dir, name), byte, 1, 0);
      return byte[0];
    };
    expect(NAMES.map((name) => read(pools[0], name))).toEqual([0, 1, 2, 3, 4]);
    expect(openIn(dir)).toBe(3);
    for (const pool of pools.slice(1)) expect(NAMES.map((name) => read(pool, name))).toEqual([0, 1, 2, 3, 4]);
    expect(openIn(dir)).toBe(5);
    expect(() => read(pools[0], "none")).toThrow("the file is missing");
    for (const pool of pools) pool.close();
    expect(openIn(dir)).toBe(0);
    // All of them were given back.
    const later = new FilePool(128, handles);
    for (const name of NAMES) read(later, name);
    expect(openIn(dir)).toBe(3);
    later.close();
  });
});
