import { z } from "zod";
import { asAddress, fromHex } from "../../codec/bytes.ts";
import { CodecError } from "../../codec/errors.ts";
import { LogMatcher } from "../../execution-node/reads/logs.ts";
import { JsonRpcFault } from "./json-rpc-fault.ts";

const SUBSCRIPTION_KINDS = ["newHeads", "newPendingTransactions", "logs", "syncing"] as const;
type SubscriptionKind = (typeof SUBSCRIPTION_KINDS)[number];

/** What `subscribe` asks for; whose shard it is stands beside it. */
export type Subscription =
  | { readonly kind: Exclude<SubscriptionKind, "logs"> }
  | { readonly kind: "logs"; readonly matcher: LogMatcher };

/** Positional or by name, as pyquarkchain's dispatcher hands them to jsonrpc.py subscribe. */
const parameters = z.union([
  z.tuple([z.unknown(), z.unknown()]).rest(z.unknown()),
  z.object({ sub_type: z.unknown(), full_shard_id: z.unknown(), params: z.unknown().optional() }),
]);

/** Reads the parameters of `subscribe`, in the order in which pyquarkchain finds fault with them. Throws JsonRpcFault. */
export function readSubscription(
  params: unknown,
  hasShard: (fullShardId: number) => boolean,
): { readonly fullShardId: number; readonly subscription: Subscription } {
  const [type, shard, filter] = positional(params);
  const fullShardId = shardIdIn(shard);
  if (fullShardId === undefined) throw JsonRpcFault.invalidParams("Invalid full shard ID");
  if (!hasShard(fullShardId)) throw JsonRpcFault.invalidParams("Full shard ID not found");
  const kind = SUBSCRIPTION_KINDS.find((known) => known === type);
  if (kind === undefined) throw JsonRpcFault.invalidParams("Invalid subscription");
  const subscription: Subscription = kind === "logs" ? { kind, matcher: matcherOf(filter) } : { kind };
  return { fullShardId, subscription };
}

function positional(params: unknown): readonly unknown[] {
  const read = parameters.safeParse(params);
  if (!read.success) throw JsonRpcFault.invalidParams();
  if (!Array.isArray(read.data)) return [read.data.sub_type, read.data.full_shard_id, read.data.params];
  if (read.data.length > 3) throw JsonRpcFault.invalidParams();
  return read.data;
}

/** jsonrpc.py quantity_decoder; undefined for anything else. */
function shardIdIn(value: unknown): number | undefined {
  if (typeof value !== "string" || !/^0x[0-9a-f]+$/i.test(value)) return undefined;
  return Number.parseInt(value.slice(2), 16);
}

const logFilter = z.object({
  address: z.unknown().optional(),
  topics: z.array(z.unknown()).optional(),
});

/** jsonrpc.py _parse_log_request: what is neither a text nor a list counts for nothing, a null in topics moves the others up. */
function matcherOf(filter: unknown): LogMatcher {
  const read = logFilter.safeParse(filter);
  if (!read.success) throw JsonRpcFault.invalidParams();
  const { address, topics = [] } = read.data;
  return new LogMatcher({
    addresses: textsOf(address).map(recipientIn),
    topics: topics
      .filter((place) => typeof place === "string" || Array.isArray(place))
      .map((place) => textsOf(place).map(bytesIn)),
  });
}

function textsOf(value: unknown): readonly unknown[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value : [];
}

/** Of an address with a shard key, which does not matter: the subscription has a shard. */
function recipientIn(value: unknown) {
  const bytes = bytesIn(value);
  if (bytes.length === 24) return asAddress(bytes.subarray(0, 20));
  if (bytes.length === 0) throw JsonRpcFault.internal();
  throw JsonRpcFault.invalidParams("Addresses must be 24 or 0 bytes long");
}

function bytesIn(value: unknown): Uint8Array {
  if (typeof value !== "string") throw JsonRpcFault.internal();
  if (!value.startsWith("0x")) throw JsonRpcFault.invalidParams("Invalid hex_str encoding");
  try {
    return fromHex(value);
  } catch (error) {
    if (error instanceof CodecError) throw JsonRpcFault.invalidParams("Invalid hex_str hex encoding");
    throw error;
  }
}
