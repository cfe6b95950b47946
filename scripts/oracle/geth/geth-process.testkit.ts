import { type ChildProcess, execFile, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { toHex } from "../../../node/codec/bytes.ts";

const run = promisify(execFile);

export interface Allocation {
  readonly address: string;
  readonly wei: bigint;
}

/** A chain that is past the merge and at Cancun from its first block on. */
function genesisText(chainId: number, { address, wei }: Allocation): string {
  const forks =
    "homestead eip150 eip155 eip158 byzantium constantinople petersburg istanbul berlin london mergeNetsplit";
  return JSON.stringify({
    config: {
      chainId,
      ...Object.fromEntries(forks.split(" ").map((fork) => [`${fork}Block`, 0])),
      terminalTotalDifficulty: 0,
      shanghaiTime: 0,
      cancunTime: 0,
      blobSchedule: { cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3338477 } },
    },
    difficulty: "0x0",
    gasLimit: "0x1c9c380",
    baseFeePerGas: "0x3b9aca00",
    excessBlobGas: "0x0",
    blobGasUsed: "0x0",
    timestamp: "0x65000000",
    alloc: { [address]: { balance: `0x${wei.toString(16)}` } },
  });
}

export interface GethOptions {
  readonly geth: string;
  readonly folder: string;
  readonly chainId: number;
  readonly jwtSecret: Uint8Array;
  readonly allocation: Allocation;
}

/** An unpatched geth with a chain of its own and no peers. */
export class GethProcess {
  readonly url: string;
  readonly #options: GethOptions;
  readonly #port: number;
  #child: ChildProcess | undefined;

  private constructor(options: GethOptions, port: number) {
    this.#options = options;
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Makes the chain and starts geth on it. */
  static async start(options: GethOptions): Promise<GethProcess> {
    const { geth, folder, chainId, jwtSecret, allocation } = options;
    writeFileSync(join(folder, "genesis.json"), genesisText(chainId, allocation));
    writeFileSync(join(folder, "jwt.hex"), toHex(jwtSecret));
    await run(geth, ["init", "--datadir", join(folder, "data"), join(folder, "genesis.json")]);
    const process = new GethProcess(options, await freePort());
    await process.resume();
    return process;
  }

  /** Starts it again on the same port, and waits until it listens. */
  async resume(): Promise<void> {
    const { geth, folder, chainId } = this.#options;
    const child = spawn(
      geth,
      [
        ...["--datadir", join(folder, "data"), "--networkid", `${chainId}`, "--syncmode", "full"],
        ...["--authrpc.addr", "127.0.0.1", "--authrpc.port", `${this.#port}`],
        ...["--authrpc.jwtsecret", join(folder, "jwt.hex")],
        ...["--nodiscover", "--maxpeers", "0", "--port", "0", "--ipcdisable", "--state.scheme", "path"],
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    this.#child = child;
    await new Promise<void>((listening, failed) => {
      let log = "";
      child.on("error", failed);
      child.on("exit", (code) => failed(new Error(`geth ended with ${code}:\n${log.slice(-2000)}`)));
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        log += text;
        if (/HTTP server started.*auth=true/.test(log)) listening();
      });
    });
  }

  /** Has it end as an operator would, and waits until it has. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (typeof address === "object" && address !== null ? resolve(address.port) : reject(address)));
    });
  });
}
