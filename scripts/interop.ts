/**
 * Runs the interop kit, which starts pyquarkchain's own master, slaves and peer clusters around ours, on the built command:
 * `npm run interop -- --which S0 --scenario bringup`. What it needs is named by the environment, and said where it is missing.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const command = join(root, "dist/replay/cli/main.js");
const { PYQUARKCHAIN, ORACLE_PYTHON } = process.env;
const kit = process.env.INTEROP_KIT ?? kitBeside(root);

const missing = [
  ...(PYQUARKCHAIN === undefined
    ? ["PYQUARKCHAIN: a checkout of pyquarkchain that runs on Python 3.11, qkchash built"]
    : []),
  ...(ORACLE_PYTHON === undefined ? ["ORACLE_PYTHON: its Python, with its requirements"] : []),
  ...(kit === undefined ? ["INTEROP_KIT: the folder of interop.py"] : []),
  ...(existsSync(command) ? [] : ["the built command: npm run build"]),
];
if (missing.length > 0 || kit === undefined || ORACLE_PYTHON === undefined) {
  console.error(`The interop kit cannot run. Missing:\n${missing.map((line) => `  ${line}`).join("\n")}`);
  process.exitCode = 1;
} else {
  const args = [
    join(kit, "interop.py"),
    "--slave-cmd",
    `${process.execPath} ${command} slave`,
    ...process.argv.slice(2),
  ];
  const { status } = spawnSync(ORACLE_PYTHON, args, { stdio: "inherit" });
  process.exitCode = status ?? 1;
}

/** A folder `interop` with the kit in it, next to the project or in a folder next to it. */
function kitBeside(project: string): string | undefined {
  const parent = dirname(project);
  const folders = readdirSync(parent, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const candidates = [parent, ...folders.map(({ name }) => join(parent, name))].map((folder) =>
    join(folder, "interop"),
  );
  return candidates.find((folder) => existsSync(join(folder, "interop.py")));
}
