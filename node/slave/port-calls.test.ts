import { MessageChannel } from "node:worker_threads";
import { afterEach, beforeEach, expect, it } from "vitest";
import { CodecError, QkcError } from "../codec/errors.ts";
import { LinkError } from "../net/link-error.ts";
import { PortCalls } from "./port-calls.ts";

interface Echo {
  echo(...values: readonly unknown[]): Promise<readonly unknown[]>;
  fail(error: "codec" | "link" | "plain"): Promise<void>;
  wait(): Promise<void>;
}

const ERRORS = {
  codec: new CodecError("bad bytes"),
  link: new LinkError("timeout", "too late"),
  plain: new Error("oops"),
};

let here: PortCalls<Echo>;
let there: PortCalls<Echo>;
let begun: string[];
let close: () => void;

beforeEach(() => {
  const { port1, port2 } = new MessageChannel();
  close = () => port1.close();
  begun = [];
  here = new PortCalls<Echo>(port1);
  there = new PortCalls<Echo>(port2);
  const local: Echo = {
    async echo(...values) {
      begun.push(`echo ${values[0]}`);
      return values;
    },
    async fail(error) {
      throw ERRORS[error];
    },
    async wait() {
      begun.push("wait");
      await new Promise(() => {});
    },
  };
  here.answer<Echo>(local);
  there.answer<Echo>(local);
});

afterEach(() => close());

it("values come out as they went in, in both directions at once", async () => {
  const values = [1, 2n ** 70n, "text", undefined, Uint8Array.of(1, 2), [{ nested: Uint8Array.of(3) }]];
  const [one, other] = await Promise.all([here.remote.echo(...values), there.remote.echo(...values)]);
  expect(one).toEqual(values);
  expect(other).toEqual(values);
});

it("a view of a large buffer crosses without the rest of it", async () => {
  const large = new Uint8Array(1 << 20).fill(7);
  const [view] = await here.remote.echo(large.subarray(10, 14));
  expect(view).toEqual(Uint8Array.of(7, 7, 7, 7));
  expect((view as Uint8Array).buffer.byteLength).toBe(4);
  expect(large.buffer.byteLength).toBe(1 << 20);
});

it("calls begin in their order, and one that takes long holds up none", async () => {
  void here.remote.wait().catch(() => {});
  await Promise.all([here.remote.echo("a"), here.remote.echo("b")]);
  expect(begun).toEqual(["wait", "echo a", "echo b"]);
});

it("errors keep their code, and those of links their fault", async () => {
  await expect(here.remote.fail("codec")).rejects.toMatchObject({ code: "CODEC", message: "bad bytes" });
  await expect(here.remote.fail("link")).rejects.toMatchObject({ code: "LINK", fault: "timeout" });
  await expect(here.remote.fail("plain")).rejects.toMatchObject({ code: "INTERNAL", message: "oops" });
});

it("whoever waits for a thread that ends is told, and whoever asks it afterwards", async () => {
  const waiting = here.remote.wait();
  here.end(new QkcError("INTERNAL", "the thread ended"));
  await expect(waiting).rejects.toThrow("the thread ended");
  await expect(here.remote.echo(1)).rejects.toThrow("the thread ended");
});
