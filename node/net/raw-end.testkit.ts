import { WireReader } from "../codec/wire.ts";
import { CLUSTER_OPERATIONS } from "../wire/cluster-ops.ts";
import { encode } from "../wire/codec.ts";
import { CLUSTER_PAYLOAD_LIMIT, encodeFrame, type Frame, FrameDecoder, type MetadataBytes } from "../wire/frame.ts";
import { type Command, codecOf, type Rpc } from "../wire/operation.ts";
import { PEER_OPERATIONS } from "../wire/peer-ops.ts";
import type { Link } from "./link.ts";

/** The other end of a link, which says what a test tells it, and keeps what it hears. */
export class RawEnd {
  readonly frames: Frame[] = [];
  closedBecause: string | undefined;
  readonly #link: Link;
  readonly #metadataBytes: MetadataBytes;

  constructor(link: Link, metadataBytes: MetadataBytes) {
    this.#link = link;
    this.#metadataBytes = metadataBytes;
    const decoder = new FrameDecoder(metadataBytes, CLUSTER_PAYLOAD_LIMIT);
    link.open({
      received: (bytes) => this.frames.push(...decoder.push(bytes)),
      closed: (reason) => {
        this.closedBecause = reason;
      },
    });
  }

  get isClosed(): boolean {
    return this.closedBecause !== undefined;
  }

  /** What was heard, as "NAME id" or "NAME id @peer/branch". */
  get heard(): string[] {
    return this.frames.map(({ op, rpcId, clusterPeerId, branch }) => {
      const operation = (clusterPeerId === 0n ? CLUSTER_OPERATIONS : PEER_OPERATIONS).get(op);
      if (operation === undefined) return `operation ${op}`;
      const name = operation.kind === "command" ? operation.command.name : operation.rpc.name;
      const of = operation.kind === "response" ? `answer to ${name}` : name;
      return `${of} ${rpcId}${clusterPeerId === 0n ? "" : ` @${clusterPeerId}/${branch}`}`;
    });
  }

  send(bytes: Uint8Array): void {
    this.#link.send(bytes);
  }

  frame(frame: Partial<Frame> & { readonly op: number }): void {
    const defaults = { branch: 0, clusterPeerId: 0n, rpcId: 0n, payload: new Uint8Array(0) };
    this.send(encodeFrame({ ...defaults, ...frame }, this.#metadataBytes));
  }

  ask<Request>(rpc: Rpc<Request, unknown>, rpcId: bigint, message: Request, metadata: Metadata = {}): void {
    this.frame({ ...metadata, op: rpc.op, rpcId, payload: encode(rpc.request, message) });
  }

  answer<Request, Response>(
    rpc: Rpc<Request, Response>,
    rpcId: bigint,
    message: Response,
    metadata: Metadata = {},
  ): void {
    this.frame({ ...metadata, op: rpc.responseOp, rpcId, payload: encode(rpc.response, message) });
  }

  tell<Message>(command: Command<Message>, message: Message, metadata: Metadata = {}): void {
    this.frame({ ...metadata, op: command.op, payload: encode(command.message, message) });
  }

  close(): void {
    this.#link.close();
  }

  /** The messages of one operation that were heard. */
  of(op: number): unknown[] {
    return this.frames
      .filter((frame) => frame.op === op)
      .map(({ payload, clusterPeerId }) => {
        const operation = (clusterPeerId === 0n ? CLUSTER_OPERATIONS : PEER_OPERATIONS).get(op);
        if (operation === undefined) throw new Error(`no operation ${op}`);
        return decodeWith(operation, payload);
      });
  }
}

interface Metadata {
  readonly branch?: number;
  readonly clusterPeerId?: bigint;
}

function decodeWith(operation: Parameters<typeof codecOf>[0], payload: Uint8Array): unknown {
  return codecOf(operation).read(new WireReader(payload), "heard");
}
