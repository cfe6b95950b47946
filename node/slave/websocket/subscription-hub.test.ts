import { afterAll, expect, test } from "vitest";
import { readVectors } from "../../execution-node/reads/read-vectors.testkit.ts";
import { type LifeVector, ShardLife } from "../reads/shard-life.testkit.ts";
import { type Subscriber, SubscriptionHub } from "./subscription-hub.ts";

interface WebsocketVector extends LifeVector {
  readonly subscriptions: readonly (readonly unknown[])[];
  readonly requests: readonly {
    readonly text: string;
    readonly answers: readonly string[];
    readonly closes: boolean;
  }[];
}

const vector = readVectors<WebsocketVector>("websocket");
const SHARD = 1;
const ID = /"0x[0-9a-f]{32}"/g;

class RecordingClient implements Subscriber {
  readonly texts: string[] = [];
  queuedBytes = 0;
  closed: string | undefined;

  send(text: string): void {
    this.texts.push(text);
  }

  close(reason: string): void {
    this.closed = reason;
  }
}

function newHub(): SubscriptionHub {
  return new SubscriptionHub((fullShardId) => fullShardId === SHARD);
}

function subscribe(hub: SubscriptionHub, client: RecordingClient, params: unknown): string {
  hub.receive(client, JSON.stringify({ jsonrpc: "2.0", id: 1, method: "subscribe", params }));
  const answer = JSON.parse(client.texts.pop() ?? "{}") as { readonly result: string };
  return answer.result;
}

let life: ShardLife | undefined;
afterAll(() => life?.close());

test("pushes what pyquarkchain pushes in a shard's life, byte for byte", async () => {
  life = await ShardLife.open(vector);
  const client = new RecordingClient();
  let hub = newHub();
  let ids: string[] = [];
  life.onEvent((event) => hub.publish(SHARD, event));
  const pushed: string[] = [];
  for (const step of vector.steps) {
    if ("hear" in step) {
      hub = newHub();
      ids = vector.subscriptions.map((params) => subscribe(hub, client, params));
      hub.publish(SHARD, { kind: "syncing", status: { current: 3, highest: 9 } });
      hub.publish(SHARD, { kind: "syncing", status: undefined });
    } else if ("pushed" in step) {
      pushed.push(...step.pushed);
    } else if ("ask" in step) {
      expect(await life.answer(step.ask, step.request)).toBe(step.answer);
    } else {
      await life.take(step);
    }
  }
  const named = client.texts.map((text) => ids.reduce((all, id, n) => all.replace(id, `subscription ${n}`), text));
  expect(pushed.length).toBeGreaterThan(50);
  expect(named.map(withoutIds)).toEqual(pushed.map(withoutIds));
}, 60_000);

/** Subscriptions of an earlier start have other names. */
function withoutIds(text: string): string {
  return text.replace(/"subscription": "(?:0x[0-9a-f]{32}|subscription \d+)"/, '"subscription": ""');
}

test.each(vector.requests)("answers as pyquarkchain: $text", ({ text, answers, closes }) => {
  const client = new RecordingClient();
  newHub().receive(client, text);
  const named = (texts: readonly string[]) => texts.map((answer) => answer.replaceAll(ID, '"0x"'));
  expect(named(client.texts)).toEqual(named(answers));
  expect(client.closed !== undefined).toBe(closes);
});

test("takes subscriptions by name, and gives them up", () => {
  const heard: boolean[] = [];
  const hub: SubscriptionHub = new SubscriptionHub(
    (fullShardId) => fullShardId === SHARD,
    (fullShardId) => heard.push(hub.isHeard(fullShardId)),
  );
  const client = new RecordingClient();
  const other = new RecordingClient();
  const params = { sub_type: "syncing", full_shard_id: "0x1" };
  const id = subscribe(hub, client, params);
  subscribe(hub, other, params);
  hub.left(other);
  expect(heard).toEqual([true]);
  hub.receive(client, JSON.stringify({ jsonrpc: "2.0", id: 2, method: "unsubscribe", params: [id] }));
  expect(client.texts).toEqual(['{"jsonrpc": "2.0", "result": true, "id": 2}']);
  hub.publish(SHARD, { kind: "syncing", status: undefined });
  expect(client.texts).toHaveLength(1);
  expect(heard).toEqual([true, false]);
});

test("another client's subscription is not one's own to give up", () => {
  const hub = newHub();
  const [one, other] = [new RecordingClient(), new RecordingClient()];
  const id = subscribe(hub, one, ["newHeads", "0x1"]);
  hub.receive(other, JSON.stringify({ jsonrpc: "2.0", id: 2, method: "unsubscribe", params: [id] }));
  expect(other.texts[0]).toContain("Subscription ID not found");
  hub.left(other);
  expect(hub.size).toBe(1);
  hub.left(one);
  expect(hub.size).toBe(0);
});

test("a client that does not read is dropped with all its subscriptions, others go on", () => {
  const hub = newHub();
  const [slow, quick] = [new RecordingClient(), new RecordingClient()];
  for (const client of [slow, quick]) subscribe(hub, client, ["syncing", "0x1"]);
  subscribe(hub, slow, ["newHeads", "0x1"]);
  slow.queuedBytes = 2 ** 30;
  hub.publish(SHARD, { kind: "syncing", status: undefined });
  expect(slow.closed).toContain("does not read");
  expect(quick.texts).toHaveLength(1);
  expect(hub.size).toBe(1);
});

test("a client has so many subscriptions and no more", () => {
  const hub = new SubscriptionHub(
    () => true,
    () => {},
    { queuedBytes: 1, subscriptionsPerClient: 2 },
  );
  const client = new RecordingClient();
  const ids = [1, 2, 3].map(() => subscribe(hub, client, ["newHeads", "0x1"]));
  expect(ids.map((id) => id === undefined)).toEqual([false, false, true]);
});
