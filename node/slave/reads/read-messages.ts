import type { CLUSTER_RPC } from "../../wire/cluster-ops.ts";
import type { Value } from "../../wire/codec.ts";

/** What a request of the master says and what answers it, by the name of the operation in CLUSTER_RPC. */
export type RequestOf<Name extends keyof typeof CLUSTER_RPC> = Value<(typeof CLUSTER_RPC)[Name]["request"]>;
export type AnswerTo<Name extends keyof typeof CLUSTER_RPC> = Value<(typeof CLUSTER_RPC)[Name]["response"]>;
