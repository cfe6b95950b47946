import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";

const checkout = process.env.PYQUARKCHAIN;
const python = process.env.ORACLE_PYTHON ?? "python3";
const script = fileURLToPath(new URL("make.py", import.meta.url));
const recorded = new URL("../../../fixtures/rejects/rejects.json.gz", import.meta.url);

test.skipIf(checkout === undefined)(
  "pyquarkchain refuses what is recorded, for the same reasons",
  { timeout: 600_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), "qkc-rejects-"));
    try {
      const file = join(folder, "rejects.json.gz");
      execFileSync(python, ["-W", "ignore", script, file], { cwd: checkout, stdio: ["ignore", "ignore", "pipe"] });
      const text = (path: string | URL) => JSON.parse(gunzipSync(readFileSync(path)).toString("utf8"));
      expect(text(file)).toEqual(text(recorded));
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
