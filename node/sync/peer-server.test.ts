import { beforeEach, describe, expect, test } from "vitest";
import { type MinorBlock, minorHeaderHash } from "../chain/minor-block.ts";
import { bigIntToBytes, bytesKey, type Hash32, hashFromHex, toHex, utf8 } from "../codec/bytes.ts";
import { Lab, SHARD_A, SHARD_B } from "../shard/shard-lab.testkit.ts";
import { PeerFaultError } from "./peer-fault.ts";
import { PeerServer } from "./peer-server.ts";
import { type HeadersVector, type HeadersWithSkipVector, readServed } from "./peer-vectors.testkit.ts";
import { chainOn, openSyncShard, type SyncShard } from "./sync-lab.testkit.ts";

const UNKNOWN = hashFromHex("77".repeat(32));
const hashOf = ({ header }: MinorBlock) => minorHeaderHash(header);

let lab: Lab;
let shard: SyncShard;

beforeEach(async () => {
  lab = new Lab();
  shard = await openSyncShard(lab);
});

describe("headers, as pyquarkchain's handlers answer", () => {
  const { tip, fork, answers } = readServed();
  const named = new Map<number, MinorBlock>();
  const nameOf = new Map<string, number>();
  const hashNamed = (name: number): Hash32 => {
    const block = named.get(name);
    return block === undefined ? UNKNOWN : hashOf(block);
  };

  beforeEach(async () => {
    named.clear();
    const genesis = lab.genesis(SHARD_A);
    const chain = [genesis, ...chainOn(lab, genesis.header, tip)];
    for (const [name, block] of chain.entries()) named.set(name, block);
    const side = chainOn(lab, chain[fork].header, 2);
    for (const [i, block] of side.entries()) named.set(101 + i, block);
    for (const [name, block] of named) nameOf.set(toHex(hashOf(block)), name);
    await shard.add(...chain.slice(1), ...side);
  });

  function serve(ask: () => ReturnType<PeerServer["headers"]>): number[] | null {
    try {
      const { headers, rootTip, shardTip } = ask();
      expect(rootTip).toEqual(lab.rootGenesis.header);
      expect(shardTip).toEqual(named.get(tip)!.header);
      return headers.map((header) => nameOf.get(toHex(minorHeaderHash(header)))!);
    } catch (error) {
      expect(error).toBeInstanceOf(PeerFaultError);
      return null;
    }
  }

  const isBack = (vector: HeadersVector | HeadersWithSkipVector): vector is HeadersVector => "hash" in vector;

  test("back from a hash", () => {
    const vectors = answers.filter(isBack);
    expect(vectors.length).toBeGreaterThan(100);
    for (const vector of vectors) {
      const request = { ...vector, hash: hashNamed(vector.hash), branch: vector.branch === 1 ? SHARD_A : SHARD_B };
      expect([vector, serve(() => shard.server.headers(request))]).toEqual([vector, vector.headers]);
    }
  });

  test("with steps, from a hash or a height", () => {
    const vectors = answers.filter((vector): vector is HeadersWithSkipVector => !isBack(vector));
    expect(vectors.length).toBeGreaterThan(500);
    for (const vector of vectors) {
      const value = BigInt(`0x${vector.data}`);
      const data = vector.type === 0 ? hashNamed(Number(value)) : bigIntToBytes(value, 32);
      const request = { ...vector, data, branch: SHARD_A };
      expect([vector, serve(() => shard.server.headersWithSkip(request))]).toEqual([vector, vector.headers]);
    }
  });
});

describe("blocks", () => {
  let blocks: MinorBlock[];

  beforeEach(async () => {
    const plain = chainOn(lab, lab.genesis(SHARD_A).header, 4);
    blocks = plain.map((block, i) => ({ ...block, trackingData: utf8(`{"n":${i}}`) }));
    await shard.add(...blocks);
  });

  test("come as they are stored, in the order asked for, those that are absent left out", () => {
    const wanted = [blocks[2], blocks[0], blocks[2]].map(hashOf);
    expect(shard.server.blocks([wanted[0], UNKNOWN, ...wanted.slice(1)])).toEqual([blocks[2], blocks[0], blocks[2]]);
  });

  test("are a hundred at most", () => {
    expect(shard.server.blocks(new Array(100).fill(UNKNOWN))).toEqual([]);
    expect(() => shard.server.blocks(new Array(101).fill(UNKNOWN))).toThrow(PeerFaultError);
  });

  test("are as many as fit into a message", () => {
    const bodies = { findBlock: (hash: Hash32) => shard.engine.held.get(bytesKey(hash)) };
    const hashes = blocks.map(hashOf);
    expect(new PeerServer(shard.chain, bodies, 4096).blocks(hashes)).toEqual(blocks.slice(0, 3));
    expect(new PeerServer(shard.chain, bodies, 100).blocks(hashes)).toEqual([]);
  });

  test("that an engine holds and the chain does not are absent", async () => {
    const [stranger] = chainOn(lab, blocks[3].header, 1);
    shard.engine.held.set(bytesKey(hashOf(stranger)), stranger);
    expect(shard.server.blocks([hashOf(stranger)])).toEqual([]);
  });
});
