import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ClassicLevel } from "classic-level";
import { expect } from "vitest";
import { bytesEqual, type Hash32, hashFromHex } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError } from "../../node/codec/errors.ts";
import { type RowReference, referencesOf } from "../../node/el/store/row-references.ts";
import { namedRowKey, ROW } from "../../node/el/store/store-keys.ts";
import { ExecutionNode } from "../../node/execution-node/execution-node.ts";
import type { BuiltProject } from "../work/built-project.testkit.ts";
import type { SmallChain } from "./small-payloads.testkit.ts";

export interface KillRun {
  readonly folder: string;
  readonly fullShardId: number;
  readonly durability: "disk" | "process";
  /** 0 keeps all. */
  readonly states: number;
  /** Largest file that the child may write: growing it further fails as on a full disk. */
  readonly mostFileKiB?: number;
}

export interface RunEnd {
  /** What the child said, in order; all of it was acknowledged. */
  readonly lines: readonly string[];
  readonly finished: boolean;
  readonly stderr: string;
}

/**
 * Lets a child of its own feed the data directory and kills it after it said `killAfter` lines and `delayUs` microseconds
 * more; undefined lets it finish.
 */
export async function runChild(
  project: BuiltProject,
  { folder, fullShardId, durability, states, mostFileKiB }: KillRun,
  kill: { readonly after: number; readonly delayUs: number } | undefined,
): Promise<RunEnd> {
  const script = fileURLToPath(project.file("replay/el/crash-child.testkit.ts"));
  // The shell counts in blocks of 512 bytes. Node ignores SIGXFSZ, so a write past the limit is an error, half done.
  const limit = mostFileKiB === undefined ? "" : `ulimit -f ${2 * mostFileKiB} && `;
  const command = [process.execPath, script, folder, `${fullShardId}`, durability, `${states}`];
  const child = spawn("/bin/sh", ["-c", `${limit}exec "$@"`, "sh", ...command], { stdio: ["ignore", "pipe", "pipe"] });
  const closed = once(child, "close");
  const lines: string[] = [];
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (kill === undefined || lines.length !== kill.after) continue;
    spin(kill.delayUs);
    child.kill("SIGKILL");
  }
  await closed;
  return { lines, finished: lines.at(-1) === "DONE", stderr };
}

/** A timer could not wait for so short a time. */
function spin(microseconds: number): void {
  const until = performance.now() + microseconds / 1000;
  while (performance.now() < until);
}

/**
 * Feeds a data directory with a process that is killed at random moments, `most` times at most, until it comes to its
 * end; looks each time whether everything that was acknowledged is there. Returns the number of kills.
 */
export async function feedWithKills(
  project: BuiltProject,
  chain: SmallChain,
  run: KillRun,
  { random, most, name }: { readonly random: () => number; readonly most: number; readonly name: string },
): Promise<number> {
  const acknowledged = new Set<string>();
  let head: string | undefined;
  for (let kill = 0; ; kill++) {
    // Blocks that are known already are acknowledged at once: each run has to come further than the last one.
    const after = acknowledged.size + 1 + Math.floor(random() * 15);
    const wanted = kill < most ? { after, delayUs: Math.floor(random() * 4000) } : undefined;
    const { lines, finished, stderr } = await runChild(project, run, wanted);
    for (const line of lines) {
      const [what, hash] = line.split(" ");
      if (what === "VALID") acknowledged.add(hash);
      else if (what === "HEAD-VALID") head = hash;
      else if (what !== "DONE") throw new Error(`${name}, kill ${kill}: ${line}`);
    }
    expect(stderr, `${name}, kill ${kill}`).toBe("");
    await expectKept(chain, run, acknowledged, head, `${name}, kill ${kill}`);
    if (finished) return kill;
  }
}

async function expectKept(
  chain: SmallChain,
  { folder, fullShardId }: KillRun,
  blocks: ReadonlySet<string>,
  head: string | undefined,
  name: string,
): Promise<void> {
  const node = await ExecutionNode.open(chain.options(folder, fullShardId));
  const { store } = node;
  try {
    for (const hash of blocks) {
      const block = store.findBlock(hashFromHex(hash));
      if (block === undefined) throw new Error(`${name}: block ${hash} is lost`);
      expect(store.record(hashFromHex(hash)).senders, name).toHaveLength(block.transactions.length);
      if (block.header.height >= store.prunedBelow) expectWholeState(node, block.meta.stateRoot, `${name}, ${hash}`);
    }
    if (head === undefined) return;
    const { header } = store.block(hashFromHex(head));
    expect(store.isCanonical(hashFromHex(head), header.height), `${name}: head ${head}`).toBe(true);
  } finally {
    await node.close();
  }
}

function expectWholeState(node: ExecutionNode, stateRoot: Hash32, name: string): void {
  const missing = missingRow(node, stateRoot);
  if (missing !== undefined) throw new Error(`${name}: ${missing}`);
}

/** What is said of the first row of a state that is not there: accounts, storage, tokens, code. */
export function missingRow(node: ExecutionNode, stateRoot: Hash32): string | undefined {
  const layer = node.store.nodes.layer();
  const pending: RowReference[] = [{ kind: "accounts", hash: stateRoot }];
  try {
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      pending.push(...referencesOf(layer.get(at.hash), at));
    }
    return undefined;
  } catch (error) {
    if (error instanceof DatabaseDamagedError) return error.message;
    throw error;
  }
}

/** Digest of a store's rows: equal where every row is. States may be left out: what pruning has left depends on its history. */
export async function contentDigest(folder: string, withStates = true): Promise<string> {
  const db = new ClassicLevel<Uint8Array, Uint8Array>(join(folder, "execution"), {
    keyEncoding: "view",
    valueEncoding: "view",
    createIfMissing: false,
  });
  await db.open();
  const digest = createHash("sha256");
  for await (const [key, value] of db.iterator()) {
    const isState = key[0] === ROW.node || bytesEqual(key, namedRowKey("pruned"));
    if (isState && !withStates) continue;
    for (const part of [key, value]) digest.update(`${part.length}:`).update(part);
  }
  await db.close();
  return digest.digest("hex");
}

/** Numbers from 0 to 1 that a seed fixes (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
