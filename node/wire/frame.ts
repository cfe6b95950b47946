import { concatBytes } from "../codec/bytes.ts";
import { CodecError } from "../codec/errors.ts";
import { WireReader, WireWriter } from "../codec/wire.ts";

/**
 * One message on a link (pyquarkchain quarkchain/protocol.py Connection, cluster/protocol.py ClusterMetadata):
 * size of the payload (4 bytes) · metadata · op (1) · request id (8) · payload. All numbers are big-endian.
 */
export interface Frame {
  /** Whose traffic this is. Only a master's link carries it; zeros are the master's own. */
  readonly branch: number;
  readonly clusterPeerId: bigint;
  readonly op: number;
  /** 0 for a command; a request counts up from 1, its answer repeats it. */
  readonly rpcId: bigint;
  readonly payload: Uint8Array;
}

/** Bytes of metadata: 12 between master and slave, 4 between clusters (the branch), 0 among slaves. */
export type MetadataBytes = 0 | 4 | 12;

/** Payload that another cluster may send (pyquarkchain quarkchain/constants.py P2P_COMMAND_SIZE_LIMIT). */
export const PEER_PAYLOAD_LIMIT = 128 * 2 ** 20;
/** Payload of a link inside the cluster: a batch of deposit lists may be longer than anything a peer sends. */
export const CLUSTER_PAYLOAD_LIMIT = 512 * 2 ** 20;

const SIZE_BYTES = 4;
const OP_AND_ID_BYTES = 1 + 8;

export function encodeFrame(frame: Frame, metadataBytes: MetadataBytes): Uint8Array {
  const head = new WireWriter(SIZE_BYTES + metadataBytes + OP_AND_ID_BYTES).uint32(frame.payload.length);
  if (metadataBytes >= 4) head.uint32(frame.branch);
  if (metadataBytes === 12) head.uint64(frame.clusterPeerId);
  return concatBytes(head.uint8(frame.op).uint64(frame.rpcId).finish(), frame.payload);
}

/** Chunks that are kept apart however short they are; more are joined where they are short. */
const MOST_CHUNKS = 64;
/** What a chunk of its own must hold on the average: the object around it takes some hundred bytes. */
const WORTHWHILE_CHUNK_BYTES = 4096;

/**
 * Cuts what arrives into frames. It holds what has arrived, never what a frame only announces, and copies it once
 * where chunks are not tiny; a frame never shares memory with another one, so what keeps a part of it keeps nothing else alive.
 */
export class FrameDecoder {
  readonly #metadataBytes: MetadataBytes;
  readonly #payloadLimit: number;
  #chunks: Uint8Array[] = [];
  #held = 0;
  /** Of the frame that is arriving; undefined before its size is known. */
  #frameBytes: number | undefined;

  constructor(metadataBytes: MetadataBytes, payloadLimit: number) {
    this.#metadataBytes = metadataBytes;
    this.#payloadLimit = payloadLimit;
  }

  /** Bytes of a frame that has not arrived whole. */
  get heldBytes(): number {
    return this.#held;
  }

  /** How many pieces hold them: a peer that sends byte by byte must not cost an object a byte. */
  get heldChunks(): number {
    return this.#chunks.length;
  }

  /**
   * The frames that are whole with these bytes, which belong to the decoder from now on. Throws CodecError for a frame
   * that announces too much: nothing can follow it.
   */
  push(chunk: Uint8Array): Frame[] {
    if (chunk.length > 0) this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#chunks.length > MOST_CHUNKS && this.#held < this.#chunks.length * WORTHWHILE_CHUNK_BYTES) this.#join();
    const frames: Frame[] = [];
    for (;;) {
      this.#frameBytes ??= this.#announced();
      if (this.#frameBytes === undefined || this.#held < this.#frameBytes) return frames;
      frames.push(this.#frame(this.#take(this.#frameBytes)));
      this.#frameBytes = undefined;
    }
  }

  #announced(): number | undefined {
    if (this.#held < SIZE_BYTES) return undefined;
    if (this.#chunks[0].length < SIZE_BYTES) this.#join();
    const size = new WireReader(this.#chunks[0]).uint32("frame size");
    if (size > this.#payloadLimit) {
      throw new CodecError(`a frame announces ${size} bytes, at most ${this.#payloadLimit} are allowed`);
    }
    return SIZE_BYTES + this.#metadataBytes + OP_AND_ID_BYTES + size;
  }

  #frame(bytes: Uint8Array): Frame {
    const reader = new WireReader(bytes, SIZE_BYTES);
    const branch = this.#metadataBytes >= 4 ? reader.uint32("frame branch") : 0;
    const clusterPeerId = this.#metadataBytes === 12 ? reader.uint64("frame peer") : 0n;
    const op = reader.uint8("frame op");
    const rpcId = reader.uint64("frame request id");
    return { branch, clusterPeerId, op, rpcId, payload: reader.raw(reader.remaining, "frame payload") };
  }

  /** Takes the first `length` bytes out of what is held. */
  #take(length: number): Uint8Array {
    if (this.#chunks[0].length < length) this.#join();
    const [first] = this.#chunks;
    this.#held -= length;
    if (first.length === length) {
      this.#chunks.shift();
      return first;
    }
    this.#chunks[0] = first.subarray(length);
    // Not Buffer.slice, which is a view.
    return Uint8Array.prototype.slice.call(first, 0, length);
  }

  #join(): void {
    this.#chunks = [joined(this.#chunks, this.#held)];
  }
}

/** Not concatBytes: there can be more chunks than a call takes arguments. */
function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
