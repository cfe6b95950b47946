import { execFile } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const VERSION = "v1.16.7";
const run = promisify(execFile);

/**
 * The program of go-ethereum to ask: the one that GETH_BIN or EVM_BIN names, or one that is built (once, into the system's
 * temporary folder) through the Go module proxy by ORACLE_GO or the `go` on the path. Undefined where there is neither.
 */
export async function findGoEthereum(program: "geth" | "evm"): Promise<string | undefined> {
  const named = process.env[`${program.toUpperCase()}_BIN`];
  if (named !== undefined) return named;
  const folder = join(tmpdir(), `qkc-oracle-geth-${VERSION}`);
  const built = join(folder, program);
  if (existsSync(built)) return built;
  const go = process.env.ORACLE_GO ?? "go";
  const goIsThere = await run(go, ["version"]).then(
    () => true,
    () => false,
  );
  if (!goIsThere) return undefined;
  mkdirSync(folder, { recursive: true });
  const install = ["install", `github.com/ethereum/go-ethereum/cmd/${program}@${VERSION}`];
  await run(go, install, { env: { ...process.env, GOBIN: folder }, maxBuffer: 64 * 1024 * 1024 });
  return built;
}
