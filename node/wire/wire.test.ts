import { describe, expect, it } from "vitest";
import { MOST_BLOCK_TRANSACTIONS } from "../chain/minor-block.ts";
import { wrapTransaction } from "../chain/typed-transaction.ts";
import { toHex } from "../codec/bytes.ts";
import { CodecError, QkcError } from "../codec/errors.ts";
import { CLUSTER_OPERATIONS, CLUSTER_RPC } from "./cluster-ops.ts";
import { decode, encode } from "./codec.ts";
import { CLUSTER_PAYLOAD_LIMIT, encodeFrame, FrameDecoder, PEER_PAYLOAD_LIMIT } from "./frame.ts";
import { codecOf } from "./operation.ts";
import { newBlockMinor, PEER_OPERATIONS } from "./peer-ops.ts";
import { randomOf } from "./random.testkit.ts";
import { type RecordedFrame, recordedFrames } from "./recorded-frames.testkit.ts";

const FRAMES = recordedFrames();
const operationOf = ({ frame: { op } }: RecordedFrame) => CLUSTER_OPERATIONS.get(op) ?? PEER_OPERATIONS.get(op);

describe("recorded frames", () => {
  it("cover every operation", () => {
    const recorded = new Set(FRAMES.map(({ frame }) => frame.op));
    const known = [...CLUSTER_OPERATIONS.keys(), ...PEER_OPERATIONS.keys()];
    expect(known.filter((op) => !recorded.has(op))).toEqual([]);
    expect(CLUSTER_OPERATIONS.size).toBe(67);
    expect(PEER_OPERATIONS.size).toBe(9);
  });

  it.each(FRAMES.map((recorded) => [`${recorded.name} of ${recorded.frame.payload.length} bytes`, recorded] as const))(
    "%s is decoded and encoded again byte for byte",
    (_name, recorded) => {
      const operation = operationOf(recorded);
      if (operation === undefined) throw new Error(`no operation ${recorded.frame.op}`);
      const { name } = operation.kind === "command" ? operation.command : operation.rpc;
      if (!name.startsWith("PING")) expect(recorded.name.startsWith(name)).toBe(true);
      const codec = codecOf(operation);
      expect(toHex(encode(codec, decode(codec, recorded.frame.payload, name)))).toBe(toHex(recorded.frame.payload));
    },
  );

  it.each([0, 4, 12] as const)("with %i bytes of metadata come out of a stream however it is cut", (metadataBytes) => {
    const frames = FRAMES.filter((recorded) => recorded.metadataBytes === metadataBytes).map(({ frame }) => frame);
    expect(frames.length).toBeGreaterThan(5);
    const stream = Buffer.concat(frames.map((frame) => encodeFrame(frame, metadataBytes)));
    for (const size of [1, 7, 1000, stream.length]) {
      const decoder = new FrameDecoder(metadataBytes, PEER_PAYLOAD_LIMIT);
      const got = [];
      for (let at = 0; at < stream.length; at += size) got.push(...decoder.push(stream.subarray(at, at + size)));
      expect(got.map((frame) => toHex(encodeFrame(frame, metadataBytes))).join("")).toBe(stream.toString("hex"));
      expect(decoder.heldBytes).toBe(0);
    }
  });
});

describe("a frame that announces too much", () => {
  it.each([PEER_PAYLOAD_LIMIT, CLUSTER_PAYLOAD_LIMIT])("is refused by its size alone: more than %i bytes", (limit) => {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(limit + 1);
    expect(() => new FrameDecoder(12, limit).push(size)).toThrow(CodecError);
    size.writeUInt32BE(limit);
    const decoder = new FrameDecoder(12, limit);
    expect(decoder.push(size)).toEqual([]);
    expect(decoder.heldBytes).toBe(4);
  });
});

describe("a stream that is meant to hurt", () => {
  it("costs memory for its bytes, not for its pieces", () => {
    const frame = encodeFrame({ branch: 0, clusterPeerId: 0n, op: 1, rpcId: 0n, payload: new Uint8Array(300_000) }, 0);
    const decoder = new FrameDecoder(0, PEER_PAYLOAD_LIMIT);
    const frames = [];
    let mostChunks = 0;
    for (let at = 0; at < frame.length; at++) {
      frames.push(...decoder.push(frame.subarray(at, at + 1)));
      mostChunks = Math.max(mostChunks, decoder.heldChunks);
    }
    expect(frames.length).toBe(1);
    expect(frames[0].payload.length).toBe(300_000);
    expect(mostChunks).toBeLessThan(140);
  });

  it("does not keep one frame alive by another", () => {
    const small = encodeFrame({ branch: 0, clusterPeerId: 0n, op: 1, rpcId: 0n, payload: new Uint8Array(10) }, 12);
    const [first, second] = new FrameDecoder(12, PEER_PAYLOAD_LIMIT).push(Buffer.concat([small, small, small]));
    expect(first.payload.buffer).not.toBe(second.payload.buffer);
    expect(first.payload.buffer.byteLength).toBe(small.length);
  });

  it("of altered frames ends in frames or a CodecError, and holds no more than came", () => {
    const seed = Number(process.env.WIRE_SEED ?? Date.now() % 2 ** 31);
    console.info(`altered streams: WIRE_SEED=${seed}`);
    const random = randomOf(seed);
    for (let n = 0; n < 500; n++) {
      const metadataBytes = ([0, 4, 12] as const)[n % 3];
      const stream = Buffer.concat(
        Array.from({ length: 5 }, () => FRAMES[Math.floor(random() * FRAMES.length)].frame).map((frame) =>
          encodeFrame(frame, metadataBytes),
        ),
      );
      const bytes = altered(stream, random);
      const decoder = new FrameDecoder(metadataBytes, 2 ** 20);
      let whole = 0;
      try {
        for (let at = 0; at < bytes.length; ) {
          const size = 1 + Math.floor(random() * 3000);
          for (const frame of decoder.push(bytes.subarray(at, at + size))) {
            whole += 4 + metadataBytes + 9 + frame.payload.length;
          }
          at += size;
        }
        expect(whole + decoder.heldBytes).toBe(bytes.length);
      } catch (error) {
        if (!(error instanceof CodecError)) throw new Error(`WIRE_SEED=${seed}, case ${n}`, { cause: error });
      }
    }
  });
});

describe("a payload that announces too much", () => {
  it("is refused before anything is made for it", () => {
    // 2^32 − 1 deposits in a list of 40 bytes.
    const payload = Buffer.concat([Buffer.alloc(36), Buffer.from("ffffffff00000001", "hex")]);
    expect(() => decode(CLUSTER_RPC.addXshardTxList.request, payload, "list")).toThrow(CodecError);
  });

  it("and a block of more transactions than gas could pay for is refused by their count", () => {
    const push = FRAMES.find(({ name }) => name === "NEW_BLOCK_MINOR");
    if (push === undefined) throw new Error("no block in the recording");
    const { block } = decode(newBlockMinor, push.frame.payload, "block");
    const transaction = wrapTransaction(new Uint8Array(0));
    const transactions = new Array(MOST_BLOCK_TRANSACTIONS + 1).fill(transaction);
    const payload = encode(newBlockMinor, { block: { ...block, transactions } });
    expect(() => decode(newBlockMinor, payload, "block")).toThrow(`at most ${MOST_BLOCK_TRANSACTIONS} are possible`);
    // More than a call may have arguments, and still read.
    const many = encode(newBlockMinor, { block: { ...block, transactions: transactions.slice(0, 200_000) } });
    expect(decode(newBlockMinor, many, "block").block.transactions).toHaveLength(200_000);
  });

  it("and one with more items than may be asked for is refused by their count", () => {
    const payload = Buffer.alloc(4 + 101 * 32);
    payload.writeUInt32BE(101);
    const operation = PEER_OPERATIONS.get(9);
    if (operation === undefined) throw new Error("no operation 9");
    expect(() => decode(codecOf(operation), payload, "hashes")).toThrow("at most 100 are allowed");
  });
});

it("altered frames end in an object or a CodecError", () => {
  const seed = Number(process.env.WIRE_SEED ?? Date.now() % 2 ** 31);
  console.info(`altered frames: WIRE_SEED=${seed}`);
  const random = randomOf(seed);
  for (let n = 0; n < 20_000; n++) {
    const recorded = FRAMES[Math.floor(random() * FRAMES.length)];
    const operation = operationOf(recorded);
    if (operation === undefined) continue;
    const payload = altered(recorded.frame.payload, random);
    try {
      const value = decode(codecOf(operation), payload, recorded.name);
      encode(codecOf(operation), value);
    } catch (error) {
      const known = error instanceof QkcError && error.code === "CODEC";
      if (!known)
        throw new Error(`WIRE_SEED=${seed}, case ${n}, ${recorded.name}: ${toHex(payload)}`, { cause: error });
    }
  }
});

/** Bytes turned over, cut off, doubled or set to what a length field likes least. */
function altered(payload: Uint8Array, random: () => number): Uint8Array {
  const bytes = Uint8Array.from(payload);
  const at = Math.floor(random() * (bytes.length + 1));
  switch (Math.floor(random() * 4)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.floor(at / 2))]);
    case 2:
      bytes.fill(random() < 0.5 ? 0xff : 0, at, at + 1 + Math.floor(random() * 8));
      return bytes;
    default:
      for (let i = 0; i < 3 && bytes.length > 0; i++) bytes[Math.floor(random() * bytes.length)] ^= 1 << (random() * 8);
      return bytes;
  }
}
