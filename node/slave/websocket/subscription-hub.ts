import { randomUUID } from "node:crypto";
import type { LogMatcher } from "../../execution-node/reads/logs.ts";
import { headJson, idJson, logJson } from "./event-json.ts";
import { JsonRpcFault } from "./json-rpc-fault.ts";
import { type Json, pythonJson } from "./python-json.ts";
import type { ShardEvent } from "./shard-events.ts";
import { readSubscription, type Subscription } from "./subscription-request.ts";

/** One client, whose texts arrive in order. */
export interface Subscriber {
  /** Bytes that were sent and are not with the client's machine yet. */
  readonly queuedBytes: number;
  send(text: string): void;
  /** Ends it: its subscriptions are to be dropped. */
  close(reason: string): void;
}

interface HubLimits {
  /** Beyond, a client that does not read is dropped. */
  readonly queuedBytes: number;
  readonly subscriptionsPerClient: number;
}

const HUB_LIMITS: HubLimits = { queuedBytes: 16 * 1024 * 1024, subscriptionsPerClient: 1000 };

interface Held {
  readonly client: Subscriber;
  readonly fullShardId: number;
  readonly subscription: Subscription;
}

/** Methods that pyquarkchain's slave has from its master and cannot serve (cluster/jsonrpc.py public_methods). */
const MASTERS_METHODS = new Set(
  (
    "call echoData echoQuantity estimateGas eth_call eth_estimateGas eth_gasPrice eth_getBalance eth_getBlockByNumber " +
    "eth_getCode eth_getLogs eth_getStorageAt eth_getTransactionCount eth_getTransactionReceipt eth_sendRawTransaction " +
    "gasPrice getAccountData getAllTransactions getBalances getCode getJrpcCalls getLogs getMinorBlockByHeight " +
    "getMinorBlockById getRootBlockByHeight getRootBlockById getRootHashConfirmingMinorBlockById getStorageAt " +
    "getTotalBalance getTotalSupply getTransactionById getTransactionConfirmedByNumberRootBlocks getTransactionCount " +
    "getTransactionReceipt getTransactionsByAddress getWork net_version networkInfo sendRawTransaction sendTransaction submitWork"
  ).split(" "),
);

/**
 * Who wants to hear of what in which shard (pyquarkchain cluster/subscription.py, jsonrpc.py JSONRPCWebsocketServer). Messages
 * are JSON-RPC 2.0 texts, byte for byte pyquarkchain's.
 */
export class SubscriptionHub {
  readonly #hasShard: (fullShardId: number) => boolean;
  readonly #heard: (fullShardId: number) => void;
  readonly #limits: HubLimits;
  readonly #countOf = new Map<number, number>();
  readonly #byId = new Map<string, Held>();
  readonly #ofClient = new Map<Subscriber, Set<string>>();

  /** `heard`: called when a shard gets its first subscription and when it loses its last one. */
  constructor(
    hasShard: (fullShardId: number) => boolean,
    heard: (fullShardId: number) => void = () => {},
    limits: HubLimits = HUB_LIMITS,
  ) {
    this.#hasShard = hasShard;
    this.#heard = heard;
    this.#limits = limits;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Whether anybody listens to a shard: events of others need not be made. */
  isHeard(fullShardId: number): boolean {
    return (this.#countOf.get(fullShardId) ?? 0) > 0;
  }

  /** A text from a client. One that is no JSON object ends it. */
  receive(client: Subscriber, text: string): void {
    const request = objectIn(text);
    if (request === undefined) {
      this.#drop(client, "a message is no JSON object");
      return;
    }
    const answer = this.#answer(client, request);
    if ("id" in request) this.#send(client, pythonJson({ jsonrpc: "2.0", ...answer, id: request.id as Json }));
    else if ("error" in answer) this.#send(client, pythonJson({ jsonrpc: "2.0", ...answer, id: null }));
  }

  /** The client is gone. */
  left(client: Subscriber): void {
    for (const id of this.#ofClient.get(client) ?? []) this.#forget(id);
    this.#ofClient.delete(client);
  }

  /** Tells everybody who has subscribed to it. */
  publish(fullShardId: number, event: ShardEvent): void {
    const texts = new EventTexts(event);
    for (const [id, { client, fullShardId: shard, subscription }] of this.#byId) {
      if (shard !== fullShardId || subscription.kind !== event.kind) continue;
      for (const result of texts.resultsFor(subscription)) {
        // A client that does not read is gone in the middle of it.
        if (this.#byId.has(id)) this.#send(client, notification(id, result));
      }
    }
  }

  #answer(client: Subscriber, request: JsonObject): { readonly result: Json } | { readonly error: Json } {
    try {
      return { result: this.#call(client, request) };
    } catch (error) {
      if (error instanceof JsonRpcFault) return { error: { code: error.rpcCode, message: error.message } };
      throw error;
    }
  }

  #call(client: Subscriber, { jsonrpc, method, params = [] }: JsonObject): Json {
    if (jsonrpc !== "2.0") throw JsonRpcFault.invalidRequest("Invalid JSON-RPC version");
    if (typeof method !== "string") throw JsonRpcFault.invalidRequest("Method must be string");
    if (method === "subscribe") return this.#subscribe(client, params);
    if (method === "unsubscribe") return this.#unsubscribe(client, params);
    throw MASTERS_METHODS.has(method) ? JsonRpcFault.internal() : JsonRpcFault.methodNotFound();
  }

  #subscribe(client: Subscriber, params: unknown): string {
    const { fullShardId, subscription } = readSubscription(params, this.#hasShard);
    const mine = this.#ofClient.get(client) ?? new Set<string>();
    const { subscriptionsPerClient } = this.#limits;
    if (mine.size >= subscriptionsPerClient) {
      throw JsonRpcFault.invalidParams(`At most ${subscriptionsPerClient} subscriptions are possible`);
    }
    const id = `0x${randomUUID().replaceAll("-", "")}`;
    this.#byId.set(id, { client, fullShardId, subscription });
    this.#ofClient.set(client, mine.add(id));
    this.#count(fullShardId, 1);
    return id;
  }

  #unsubscribe(client: Subscriber, params: unknown): true {
    const [id, ...others] = Array.isArray(params) ? params : [(params as { sub_id?: unknown } | null)?.sub_id];
    if (id === undefined || others.length > 0) throw JsonRpcFault.invalidParams();
    const mine = this.#ofClient.get(client);
    if (typeof id !== "string" || mine?.delete(id) !== true) {
      throw JsonRpcFault.invalidParams("Subscription ID not found");
    }
    this.#forget(id);
    return true;
  }

  #forget(id: string): void {
    const held = this.#byId.get(id);
    if (held === undefined) return;
    this.#byId.delete(id);
    this.#count(held.fullShardId, -1);
  }

  #count(fullShardId: number, change: 1 | -1): void {
    const count = (this.#countOf.get(fullShardId) ?? 0) + change;
    this.#countOf.set(fullShardId, count);
    if (count === 0 || (count === 1 && change === 1)) this.#heard(fullShardId);
  }

  #send(client: Subscriber, text: string): void {
    if (client.queuedBytes > this.#limits.queuedBytes) this.#drop(client, "it does not read what it has subscribed to");
    else client.send(text);
  }

  #drop(client: Subscriber, reason: string): void {
    this.left(client);
    client.close(reason);
  }
}

/** What is said of an event, encoded once for everybody. */
class EventTexts {
  readonly #event: ShardEvent;
  #common: readonly string[] | undefined;

  constructor(event: ShardEvent) {
    this.#event = event;
  }

  resultsFor(subscription: Subscription): readonly string[] {
    if (subscription.kind === "logs") return this.#logs(subscription.matcher);
    this.#common ??= resultsOf(this.#event).map(pythonJson);
    return this.#common;
  }

  #logs(matcher: LogMatcher): string[] {
    const event = this.#event;
    if (event.kind !== "logs") return [];
    return event.blocks
      .filter(({ bloom }) => matcher.mayMatch(bloom))
      .flatMap(({ logs }) => logs.filter((log) => matcher.matches(log)))
      .map((log) => pythonJson(logJson(log, event.removed)));
  }
}

function resultsOf(event: ShardEvent): readonly Json[] {
  switch (event.kind) {
    case "newHeads":
      return event.heads.map(({ hash, header }) => headJson(hash, header));
    case "newPendingTransactions":
      return event.transactions.map(({ hash, fromFullShardKey }) => idJson(hash, fromFullShardKey));
    case "syncing": {
      const { status } = event;
      if (status === undefined) return [{ syncing: false }];
      return [{ syncing: true, status: { currentBlock: status.current, highestBlock: status.highest } }];
    }
    case "logs":
      return [];
  }
}

/** subscription.py response_encoder. `result`: its JSON text. */
function notification(id: string, result: string): string {
  return `{"jsonrpc": "2.0", "method": "subscription", "params": {"subscription": "${id}", "result": ${result}}}`;
}

type JsonObject = { readonly [name: string]: unknown };

function objectIn(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}
