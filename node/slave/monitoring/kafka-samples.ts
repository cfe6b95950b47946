import { z } from "zod";
import type { MonitoringConfig } from "../../chain/config-operation.ts";
import type { MinorBlock } from "../../chain/minor-block.ts";
import { type Hash32, toHex } from "../../codec/bytes.ts";
import { reasonOf } from "../../codec/errors.ts";
import { type Json, pythonJson } from "../websocket/python-json.ts";

/** Sends a body and resolves with the status of the answer. */
export type HttpPost = (url: string, body: string, headers: Readonly<Record<string, string>>) => Promise<number>;

export interface KafkaSamplesParts {
  readonly monitoring: MonitoringConfig;
  /** CLUSTER_ID, or this machine's own name. */
  readonly clusterId: string;
  readonly post: HttpPost;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: (line: string) => void;
}

/** A block that was stored a moment ago. */
export interface StoredBlock {
  readonly hash: Hash32;
  readonly block: MinorBlock;
  /** When work on it began, milliseconds since 1970. */
  readonly startedAt: number;
}

const HEADERS = {
  "Content-Type": "application/vnd.kafka.json.v2+json",
  Accept: "application/vnd.kafka.v2+json",
};
/** Of failures one in so many is logged (pyquarkchain cluster/monitoring.py). */
const FAILURES_PER_LINE = 100;
/** Samples under way; what comes while a proxy does not answer is lost. */
const MOST_UNDER_WAY = 64;

/** What pyquarkchain's miners write beside a block. Nobody signs it: anybody may have altered it on the way. */
const trackingData = z.object({
  cluster: z.json(),
  inception: z.json(),
  creation_ms: z.json(),
  mined: z.number().default(0),
});

/**
 * Samples for a Kafka REST proxy (pyquarkchain cluster/monitoring.py KafkaSampleLogger, shard_state.py add_block). Nothing of
 * it is ever waited for, and none of its failures reaches whoever reports something.
 */
export class KafkaSamples {
  readonly #parts: KafkaSamplesParts;
  #underWay = 0;
  #failures = 0;

  constructor(parts: KafkaSamplesParts) {
    this.#parts = parts;
  }

  /** Only of blocks whose miner has said when it was made. */
  blockStored({ hash, block, startedAt }: StoredBlock): void {
    const { monitoring, clusterId, now } = this.#parts;
    if (monitoring.kafkaRestAddress === "") return;
    const tracked = trackedIn(block.trackingData);
    if (tracked === undefined) return;
    this.#send(monitoring.propagationTopic, {
      time: Math.floor(now() / 1000),
      shard: String(block.header.branch),
      network: monitoring.networkName,
      cluster: clusterId,
      hash: toHex(hash),
      height: block.header.height,
      original_cluster: tracked.cluster,
      inception: tracked.inception,
      creation_latency_ms: tracked.creation_ms,
      add_block_latency_ms: now() - startedAt,
      mined: tracked.mined,
      propagation_latency_ms: startedAt - tracked.mined,
      num_tx: block.transactions.length,
    });
  }

  /** A line of the log that somebody should look at (pyquarkchain utils.py send_log_to_kafka). */
  lineLogged(level: string, message: string): void {
    const { monitoring, clusterId, now } = this.#parts;
    const time = Math.floor(now() / 1000);
    this.#send(monitoring.errorTopic, { time, network: monitoring.networkName, cluster: clusterId, level, message });
  }

  #send(topic: string, value: Json): void {
    const { monitoring, post } = this.#parts;
    if (monitoring.kafkaRestAddress === "" || topic === "") return;
    if (this.#underWay >= MOST_UNDER_WAY) {
      this.#failed(`${MOST_UNDER_WAY} samples are under way already`);
      return;
    }
    this.#underWay++;
    post(`http://${monitoring.kafkaRestAddress}/topics/${topic}`, pythonJson({ records: [{ value }] }), HEADERS)
      .then((status) => {
        if (status !== 200) this.#failed(`non-OK response status code: ${status}`);
      })
      .catch((error: unknown) => this.#failed(reasonOf(error)))
      .finally(() => {
        this.#underWay--;
      });
  }

  #failed(reason: string): void {
    if (this.#failures++ % FAILURES_PER_LINE === 0) this.#parts.log(`Failed to log sample to Kafka: ${reason}`);
  }
}

function trackedIn(bytes: Uint8Array) {
  try {
    return trackingData.safeParse(JSON.parse(Buffer.from(bytes).toString("utf8"))).data;
  } catch {
    return undefined;
  }
}
