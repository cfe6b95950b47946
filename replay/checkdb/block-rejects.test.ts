import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import type { ShardSource } from "../../node/archive/block-source.ts";
import { parseClusterConfig } from "../../node/chain/config-file.ts";
import { decodeDepositList } from "../../node/chain/deposit.ts";
import { decodeMinorBlock, type MinorBlock, minorHeaderHash } from "../../node/chain/minor-block.ts";
import { decodeRootBlock, type RootBlock, rootHeaderHash } from "../../node/chain/root-block.ts";
import { minorBlockViolations } from "../../node/cl/minor-rules.ts";
import { RootChain } from "../../node/cl/root-chain.ts";
import { rootBlockViolations } from "../../node/cl/root-rules.ts";
import { ShardCl } from "../../node/cl/shard-cl.ts";
import { fromHex, type Hash32, hashFromHex, toHex } from "../../node/codec/bytes.ts";
import { CodecError } from "../../node/codec/errors.ts";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import { executionConfig } from "../../node/el/execution-config.ts";
import { ExecutionLayer } from "../../node/el/execution-layer.ts";
import { buildGenesisState } from "../../node/el/genesis-state.ts";
import { TransactionInvalidError } from "../../node/el/transactions/transaction-invalid-error.ts";
import { MemoryNodeStore } from "../../node/el/trie/trie.testkit.ts";
import { compareExecution } from "../../node/engine/compare-execution.ts";

interface PythonError {
  readonly class: string;
  readonly message: string;
}

interface BlockRow {
  readonly name: string;
  readonly block: string;
  /** Null: pyquarkchain takes the block. */
  readonly error: PythonError | null;
}

/** fixtures/rejects/README.md. */
interface Rejects {
  readonly config: string;
  readonly roots: readonly string[];
  readonly blocks: Readonly<Record<string, readonly string[]>>;
  readonly lists: readonly { readonly shard: number; readonly source: string; readonly list: string }[];
  readonly minor: readonly BlockRow[];
  readonly root: readonly BlockRow[];
  readonly bytes: readonly {
    readonly name: string;
    readonly kind: "minor" | "root" | "deposits";
    readonly bytes: string;
    readonly error: PythonError;
  }[];
}

const FILE = new URL("../../fixtures/rejects/rejects.json.gz", import.meta.url);
const REJECTS: Rejects = JSON.parse(gunzipSync(readFileSync(FILE)).toString("utf8"));

/** What each exception of pyquarkchain is called here; the first row that fits counts. */
const MINOR_CAUSES: readonly (readonly [exception: string, message: RegExp, cause: string])[] = [
  ["ValueError", /^incorrect minor block version$/, "VERSION"],
  ["ValueError", /^unexpected height$/, "HEIGHT_NOT_POSITIVE"],
  ["ValueError", /prev block not found/, "PARENT_UNKNOWN"],
  ["ValueError", /^height mismatch$/, "HEIGHT_MISMATCH"],
  ["ValueError", /^branch mismatch$/, "BRANCH_MISMATCH"],
  ["ValueError", /^block too far into future$/, "TIME_IN_FUTURE"],
  // Raised while the message about the time is made.
  ["AttributeError", /no attribute 'chain'/, "TIME_NOT_INCREASING"],
  ["ValueError", /^hash of meta mismatch$/, "META_HASH_MISMATCH"],
  ["ValueError", /^extra_data in block is too large$/, "EXTRA_DATA_TOO_LARGE"],
  ["ValueError", /^tracking_data in block is too large$/, "TRACKING_DATA_TOO_LARGE"],
  ["ValueError", /^incorrect gas limit/, "GAS_LIMIT_MISMATCH"],
  ["ValueError", /should not exceed total gas_limit/, "XSHARD_GAS_LIMIT_NOT_BELOW_GAS_LIMIT"],
  ["ValueError", /^incorrect xshard gas limit/, "XSHARD_GAS_LIMIT_MISMATCH"],
  ["ValueError", /^incorrect merkle root$/, "MERKLE_ROOT_MISMATCH"],
  ["ValueError", /^coinbase output address must be in the shard$/, "COINBASE_NOT_IN_SHARD"],
  ["ValueError", /^incorrect difficulty$/, "DIFFICULTY_MISMATCH"],
  ["ValueError", /^cannot find root block/, "ROOT_BLOCK_UNKNOWN"],
  ["ValueError", /^prev root block height must be non-decreasing$/, "ROOT_HEIGHT_DECREASING"],
  ["ValueError", /^prev root block's minor block is not in the same chain/, "CONFIRMED_BLOCK_NOT_ANCESTOR"],
  ["ValueError", /^prev root blocks are not on the same chain$/, "ROOT_CHAIN_MISMATCH"],

  ["ValueError", /^Cross-shard transaction cursor info mismatches!$/, "field xshardCursor"],
  ["ValueError", /^state root mismatch/, "field stateRoot"],
  ["ValueError", /^receipt root mismatch/, "field receiptRoot"],
  ["ValueError", /^gas used mismatch/, "field gasUsed"],
  ["ValueError", /^x-shard gas used mismatch/, "field xshardReceiveGasUsed"],
  ["ValueError", /^coinbase reward incorrect$/, "field coinbaseAmounts"],
  ["ValueError", /^bloom mismatch$/, "field bloom"],

  ["RuntimeError", /^evm tx network id mismatch/, "transaction WRONG_NETWORK"],
  ["RuntimeError", /not in this branch/, "transaction WRONG_SHARD"],
  ["KeyError", /^\d+$/, "transaction UNKNOWN_TARGET_CHAIN"],
  ["RuntimeError", /is not initialized yet/, "transaction TARGET_NOT_REACHABLE"],
  ["RuntimeError", /^xshard evm tx exceeds xshard gas limit$/, "transaction XSHARD_GAS_LIMIT"],
  ["RuntimeError", /^unwhitelisted senders/, "transaction NOT_WHITELISTED"],
  ["RuntimeError", /^smart contract tx is not allowed/, "transaction EVM_NOT_ENABLED"],
  ["InvalidTransaction", /^Invalid signature/, "transaction INVALID_SIGNATURE"],
  // A version above 2 recovers nothing, not even nobody.
  ["UnboundLocalError", /variable 'pub'/, "transaction INVALID_SIGNATURE"],
  ["InvalidTransaction", /^EIP155 Signer is not enable yet/, "transaction EIP155_NOT_ENABLED"],
  ["InvalidTransaction", /does not match the signature v/, "transaction EIP155_WRONG_V"],
  ["InvalidTransaction", /^EIP155 Signer do not support cross shard/, "transaction EIP155_CROSS_SHARD"],
  ["InvalidTransaction", /^EIP155 Signer only support/, "transaction EIP155_TOKEN"],
  ["InvalidTransaction", /must <= UINT128_MAX$/, "transaction NUMBER_TOO_LARGE"],
  ["InvalidNonce", /'nonce'/, "transaction WRONG_NONCE"],
  ["InsufficientStartGas", /'startgas'/, "transaction INTRINSIC_GAS"],
  ["InvalidNativeToken", /has zero balance$/, "transaction TOKEN_WITHOUT_BALANCE"],
  ["InvalidNativeToken", /not ready for being used to pay gas$/, "transaction GAS_TOKEN_NOT_READY"],
  ["InvalidNativeToken", /not enough reserve balance for conversion$/, "transaction GAS_TOKEN_RESERVE"],
  ["InsufficientBalance", /balance'/, "transaction INSUFFICIENT_BALANCE"],
  ["BlockGasLimitReached", /'gaslimit'/, "transaction BLOCK_GAS_LIMIT"],
  // `assert gas_remained >= 0`
  ["AssertionError", /^$/, "transaction EXECUTION_ABORTED"],
  ["DecodingError", /RLP|string/, "transaction MALFORMED"],
  ["ObjectDeserializationError", /^Deserialization failed/, "transaction MALFORMED"],
  ["InvalidTransaction", /^Values way too high!$/, "transaction MALFORMED"],
];

const ROOT_CAUSES: typeof MINOR_CAUSES = [
  ["ValueError", /^unexpected height$/, "HEIGHT_NOT_POSITIVE"],
  ["ValueError", /^incorrect root block version$/, "VERSION"],
  ["ValueError", /^previous hash block mismatch$/, "PARENT_UNKNOWN"],
  ["ValueError", /^incorrect block height$/, "HEIGHT_MISMATCH"],
  ["ValueError", /^block too far into future$/, "TIME_IN_FUTURE"],
  ["ValueError", /^incorrect create time/, "TIME_NOT_INCREASING"],
  ["ValueError", /^extra_data in block is too large$/, "EXTRA_DATA_TOO_LARGE"],
  ["ValueError", /^incorrect difficulty$/, "DIFFICULTY_MISMATCH"],
  ["ValueError", /^incorrect total difficulty$/, "TOTAL_DIFFICULTY_MISMATCH"],
  ["ValueError", /^tracking_data in block is too large$/, "TRACKING_DATA_TOO_LARGE"],
  ["ValueError", /^incorrect merkle root$/, "MERKLE_ROOT_MISMATCH"],
  ["ValueError", /^incorrect evm state root$/, "STATE_ROOT_NOT_EMPTY"],
  ["ValueError", /^Bad coinbase amount/, "COINBASE_AMOUNT_MISMATCH"],
  // _calculate_root_block_coinbase asserts that every minor block is there, before anybody else asks.
  ["AssertionError", /^$/, "MINOR_BLOCK_UNKNOWN"],
  ["ValueError", /^minor block create time is larger/, "MINOR_BLOCK_LATER_THAN_ROOT"],
  ["ValueError", /prev root block must be in the same chain$/, "MINOR_BLOCK_ON_OTHER_ROOT_CHAIN"],
  ["ValueError", /^shard id must be ordered$/, "SHARDS_NOT_ORDERED"],
  ["ValueError", /^too many minor blocks/, "TOO_MANY_MINOR_BLOCKS"],
  ["ValueError", /for uninitialized shard/, "SHARD_NOT_INITIALIZED"],
  ["KeyError", /^\d+$/, "SHARD_UNKNOWN"],
  ["ValueError", /^genesis block height is not 0/, "GENESIS_NOT_FIRST"],
  ["ValueError", /does not link to previous block/, "MINOR_BLOCK_NOT_LINKED"],
];

function causeOf(causes: typeof MINOR_CAUSES, error: PythonError | null): string | undefined {
  if (error === null) return undefined;
  const row = causes.find(([exception, message]) => exception === error.class && message.test(error.message));
  return row === undefined ? `no name for ${error.class}: ${error.message}` : row[2];
}

const SHARD = 1;
/** Later than every block but those that are too late on purpose. */
const NOW = 2 ** 32;
const CONFIG = parseClusterConfig(REJECTS.config, "rejects").quarkchain;

const ROOTS = REJECTS.roots.map((hex) => decodeRootBlock(fromHex(hex)));
const ROOT_OF = new Map<string, RootBlock>(ROOTS.map((block) => [toHex(rootHeaderHash(block.header)), block]));
const MINORS = Object.values(REJECTS.blocks).flatMap((blocks) => blocks.map((hex) => decodeMinorBlock(fromHex(hex))));
const MINOR_OF = new Map<string, MinorBlock>(MINORS.map((block) => [toHex(minorHeaderHash(block.header)), block]));
const OWN = REJECTS.blocks[SHARD].map((hex) => decodeMinorBlock(fromHex(hex)));

function found<T>(map: ReadonlyMap<string, T>, hash: Hash32): T {
  const value = map.get(toHex(hash));
  if (value === undefined) throw new Error(`the recorded chain has no block ${toHex(hash)}`);
  return value;
}

/** The root chain that the faulty blocks build on: the newest block whose chain confirms anything of the neighbour. */
const ROOT_TIP = ROOTS.find(({ header, minorHeaders }) => header.height === 2 && minorHeaders.length > 0)!.header;
const ROOT_SOURCE = {
  hasRootBlock: (hash: Hash32) => ROOT_OF.has(toHex(hash)),
  rootBlock: (hash: Hash32) => found(ROOT_OF, hash),
  rootHeader: (hash: Hash32) => found(ROOT_OF, hash).header,
};
const LISTS = new Map(REJECTS.lists.filter(({ shard }) => shard === SHARD).map(({ source, list }) => [source, list]));
const SOURCE = {
  ...ROOT_SOURCE,
  fullShardId: SHARD,
  minorBlock: (hash: Hash32) => found(MINOR_OF, hash),
  hasMinorBlock: (hash: Hash32) => MINOR_OF.get(toHex(hash))?.header.branch === SHARD,
  depositList: (hash: Hash32) => {
    const list = LISTS.get(toHex(hash));
    return list === undefined ? undefined : decodeDepositList(fromHex(list));
  },
} as unknown as ShardSource;

/** Last block of the shard that a root block or its ancestors confirm. */
function lastConfirmed(rootHash: Hash32, fullShardId: number): MinorBlock["header"] | undefined {
  for (let root = found(ROOT_OF, rootHash); ; root = found(ROOT_OF, root.header.prevBlockHash)) {
    const last = root.minorHeaders.findLast(({ branch }) => branch === fullShardId);
    if (last !== undefined || root.header.height === 0) return last;
  }
}

function isRootAncestor(ancestor: Hash32, descendant: Hash32): boolean {
  for (let hash = descendant; ; hash = found(ROOT_OF, hash).header.prevBlockHash) {
    if (toHex(hash) === toHex(ancestor)) return true;
    if (found(ROOT_OF, hash).header.height === 0) return false;
  }
}

function minorRuleBroken(block: MinorBlock): string | undefined {
  const parent = MINOR_OF.get(toHex(block.header.prevMinorBlockHash))?.header;
  const chain = (hash: Hash32) => {
    const ancestors = [toHex(hash)];
    for (let at = hash; found(MINOR_OF, at).header.height > 0; ancestors.push(toHex(at))) {
      at = found(MINOR_OF, at).header.prevMinorBlockHash;
    }
    return ancestors;
  };
  const violations = minorBlockViolations(block, {
    config: CONFIG,
    shard: CONFIG.shards.get(SHARD)!,
    parent,
    now: NOW,
    rootHeight: (hash) => ROOT_OF.get(toHex(hash))?.header.height,
    isRootAncestor,
    lastConfirmed: (hash) => {
      const header = lastConfirmed(hash, SHARD);
      return header && { hash: minorHeaderHash(header), header };
    },
    isAncestorOfParent: ({ hash }) => chain(block.header.prevMinorBlockHash).includes(toHex(hash)),
  });
  return violations[0]?.code;
}

describe("minor blocks", () => {
  const store = new MemoryNodeStore();
  const layer = new ExecutionLayer(executionConfig(CONFIG, SHARD, QUARKCHAIN_RULES), store);
  const cl = new ShardCl({
    config: CONFIG,
    source: SOURCE,
    rootChain: new RootChain(ROOT_SOURCE, rootHeaderHash(ROOT_TIP)),
    rootTipHeight: ROOT_TIP.height,
  });

  /** Blocks on the fork have deposits of their own and carry none of the faulty ones. */
  const executed = OWN.slice(1).filter(({ header }) =>
    isRootAncestor(header.prevRootBlockHash, rootHeaderHash(ROOT_TIP)),
  );

  const execute = (block: MinorBlock) => {
    const parent = found(MINOR_OF, block.header.prevMinorBlockHash);
    return layer.execute(cl.payloadOf(block, parent.meta.stateRoot));
  };

  beforeAll(() => {
    const root = buildGenesisState(store, CONFIG.shards.get(SHARD)!.genesis.accounts);
    expect(toHex(root)).toBe(toHex(OWN[0].meta.stateRoot));
    for (const block of executed) expect(toHex(execute(block).stateRoot)).toBe(toHex(block.meta.stateRoot));
  });

  function refusalOf(block: MinorBlock): string | undefined {
    const rule = minorRuleBroken(block);
    if (rule !== undefined) return rule;
    try {
      const differences = compareExecution(block, execute(block), [], () => []);
      return differences.length === 0 ? undefined : differences.map(({ field }) => `field ${field}`).join(", ");
    } catch (error) {
      if (error instanceof TransactionInvalidError) return `transaction ${error.refusal}`;
      throw error;
    }
  }

  test.each(REJECTS.minor)("$name", ({ block, error }) => {
    expect(refusalOf(decodeMinorBlock(fromHex(block)))).toBe(causeOf(MINOR_CAUSES, error));
  });

  test("every exception in the table is raised by a recorded block", () => {
    const raised = new Set(REJECTS.minor.map(({ error }) => causeOf(MINOR_CAUSES, error)));
    for (const [, , cause] of MINOR_CAUSES) expect(raised).toContain(cause);
  });
});

describe("root blocks", () => {
  function refusalOf(block: RootBlock): string | undefined {
    const parentHash = block.header.prevBlockHash;
    const parent = ROOT_OF.get(toHex(parentHash))?.header;
    const violations = rootBlockViolations(block, {
      config: CONFIG,
      parent,
      now: NOW,
      minorHashes: block.minorHeaders.map(minorHeaderHash),
      isMinorKnown: (hash, { branch }) => MINOR_OF.has(toHex(hash)) || branch > 0x20000,
      isOnParentChain: (hash) => isRootAncestor(hash, parentHash),
      lastConfirmed: (fullShardId) => {
        const last = lastConfirmed(parentHash, fullShardId);
        return last === undefined ? undefined : minorHeaderHash(last);
      },
    });
    return violations[0]?.code;
  }

  test.each(REJECTS.root)("$name", ({ block, error }) => {
    expect(refusalOf(decodeRootBlock(fromHex(block)))).toBe(causeOf(ROOT_CAUSES, error));
  });

  test("every exception in the table is raised by a recorded block", () => {
    const raised = new Set(REJECTS.root.map(({ error }) => causeOf(ROOT_CAUSES, error)));
    for (const [, , cause] of ROOT_CAUSES) expect(raised).toContain(cause);
  });
});

describe("bytes that are no block or list", () => {
  const decode = { minor: decodeMinorBlock, root: decodeRootBlock, deposits: decodeDepositList };

  test.each(REJECTS.bytes)("$name", ({ kind, bytes, error }) => {
    expect(["RuntimeError", "ValueError", "KeyError"]).toContain(error.class);
    expect(() => decode[kind](fromHex(bytes))).toThrow(CodecError);
  });
});

test("hashes in the recorded lists are of recorded blocks", () => {
  for (const { source } of REJECTS.lists) expect(MINOR_OF.has(toHex(hashFromHex(source)))).toBe(true);
});
