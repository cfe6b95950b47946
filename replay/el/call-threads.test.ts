import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ENGINE_METHODS } from "../../node/engine/api/methods.ts";
import { ENGINE_ERROR } from "../../node/engine/engine-error.ts";
import type { Caller } from "../../node/engine/json-rpc/caller.ts";
import type { RpcMethods } from "../../node/engine/json-rpc/rpc-method.ts";
import { engineMethods } from "../../node/engine/server/engine-methods.ts";
import type { CallRunner } from "../../node/execution-node/calls/call-runner.ts";
import { CallThreads, type CallThreadsOptions } from "../../node/execution-node/calls/call-threads.ts";
import { threadedTracingMethods } from "../../node/execution-node/debug/threaded-methods.ts";
import { ethMethods } from "../../node/execution-node/eth-api/eth-methods.ts";
import type { ExecutionNode } from "../../node/execution-node/execution-node.ts";
import { type BuiltProject, buildProject } from "../work/built-project.testkit.ts";
import { insertAsHead, OpenNodes } from "./open-nodes.testkit.ts";

const SHARD = 1;
/** JUMPDEST PUSH2 0 JUMP: as long as there is gas. */
const LOOP = { data: "0x5b61000056" };
/** PUSH1 7 PUSH1 0 MSTORE PUSH1 32 PUSH1 0 REVERT */
const SEVEN = { data: "0x600760005260206000fd" };
const nodes = new OpenNodes();
let project: BuiltProject;
let folder: string;
let node: ExecutionNode;
const open: CallThreads[] = [];

beforeAll(async () => {
  project = buildProject();
  folder = nodes.newFolder();
  node = await nodes.fed(SHARD, 20, { folder, isShared: true });
});
afterEach(async () => {
  for (const calls of open.splice(0)) await calls.close();
});
afterAll(async () => {
  await nodes.close();
});

function threads(change: Partial<CallThreadsOptions> = {}): CallThreads {
  const { config, rules } = nodes.chain.options(folder, SHARD);
  const calls = new CallThreads({
    workerFile: project.file("node/execution-node/calls/call-thread.ts"),
    data: { folder, config, fullShardId: SHARD, ruleSet: rules.name, cacheBytes: 1 << 20 },
    threadsPerLane: 1,
    timeoutMs: 60_000,
    ...change,
  });
  open.push(calls);
  return calls;
}

function methodsOf(calls?: CallRunner): RpcMethods {
  return ethMethods(node, calls);
}

function callerOf(lane: string, signal = new AbortController().signal): Caller {
  return { lane, signal };
}

/** The number with which a call reverts. */
async function numberOf(methods: RpcMethods, call: { readonly data: string }, caller?: Caller): Promise<number> {
  const [answer] = await Promise.allSettled([methods.eth_call.call([call], caller)]);
  return answer.status === "rejected" ? Number(answer.reason.data) : Number.NaN;
}

test("a call comes to the same in a thread as in ours, an error keeps its code and data", async () => {
  const inThread = methodsOf(threads());
  const here = methodsOf();
  for (const params of [[SEVEN], [{ ...SEVEN, value: "0x1" }], [LOOP, "0x3"], [{}, "earliest"], [{ data: "0x" }]]) {
    for (const method of ["eth_call", "eth_estimateGas"]) {
      const [wanted, got] = await Promise.allSettled([here[method].call(params), inThread[method].call(params)]);
      expect(got).toEqual(wanted);
      if (wanted.status === "fulfilled" || got.status === "fulfilled") continue;
      const { rpcCode, data } = wanted.reason;
      expect(got.reason).toMatchObject({ rpcCode, data });
    }
  }
});

describe("methods that look closer at a block", () => {
  const { traceBlock, preState } = ENGINE_METHODS;
  const payloads = () => [...nodes.chain.canonicalPayloads(SHARD)].map(({ payload }) => payload).slice(1, 20);
  const tracing = (calls: CallThreads) => threadedTracingMethods(node, calls);

  test("come to the same in a thread as in ours, an error keeps its code", async () => {
    const here = engineMethods(node);
    const inThread = tracing(threads());
    const [{ block, ...rest }] = payloads();
    const orphan = {
      ...rest,
      block: { ...block, header: { ...block.header, prevMinorBlockHash: block.header.metaHash } },
    };
    for (const payload of [...payloads(), orphan]) {
      for (const { name, paramsToJson } of [traceBlock, preState]) {
        const params = paramsToJson([payload, {}]);
        const [wanted, got] = await Promise.allSettled([here[name].call(params), inThread[name].call(params)]);
        expect(got).toEqual(wanted);
      }
    }
    await expect(inThread[traceBlock.name].call([])).rejects.toMatchObject({ rpcCode: ENGINE_ERROR.invalidParams });
  });

  test("end when their time is over or nobody waits, and hold nobody up", async () => {
    const params = traceBlock.paramsToJson([payloads()[3], {}]);
    const methods = tracing(threads({ timeoutMs: 0 }));
    await expect(methods[traceBlock.name].call(params)).rejects.toMatchObject({ rpcCode: ENGINE_ERROR.timeout });
    const gone = AbortSignal.abort(new Error("gone"));
    await expect(methods[traceBlock.name].call(params, callerOf("engine", gone))).rejects.toThrow("gone");
    expect(methods[traceBlock.name].isOrdered).toBe(false);
  });
});

test("a call that takes too long is ended, and the next one runs", async () => {
  const methods = methodsOf(threads({ timeoutMs: 1 }));
  await expect(methods.eth_estimateGas.call([LOOP])).rejects.toMatchObject({
    rpcCode: ENGINE_ERROR.timeout,
    message: "execution aborted: it took more than 0.001 s",
  });
  const patient = methodsOf(threads());
  expect(await numberOf(patient, SEVEN)).toBe(7);
});

test("what nobody waits for any more is ended, running or waiting", async () => {
  const methods = methodsOf(threads());
  const [running, waiting] = [new AbortController(), new AbortController()];
  const calls = [running, waiting].map(({ signal }) => methods.eth_call.call([LOOP], callerOf("http", signal)));
  const last = numberOf(methods, SEVEN, callerOf("http"));
  const ended = Promise.allSettled(calls);
  await sleep(20);
  waiting.abort(new Error("gone first"));
  running.abort(new Error("gone"));
  expect(await ended).toMatchObject([{ reason: { message: "gone" } }, { reason: { message: "gone first" } }]);
  expect(await last).toBe(7);
  const late = methods.eth_call.call([SEVEN], callerOf("http", AbortSignal.abort(new Error("long gone"))));
  await expect(late).rejects.toThrow("long gone");
});

test("one lane does not wait for another, and has room for so many", async () => {
  const calls = threads();
  const methods = methodsOf(calls);
  await numberOf(methods, SEVEN, callerOf("engine"));
  const busy = Array.from({ length: 258 }, () => new AbortController());
  const crowd = busy.map(({ signal }) => methods.eth_call.call([LOOP], callerOf("http", signal)));
  const settled = Promise.allSettled(crowd);
  await expect(crowd[257]).rejects.toMatchObject({ rpcCode: ENGINE_ERROR.limitExceeded });
  expect(await numberOf(methods, SEVEN, callerOf("engine"))).toBe(7);
  for (const one of busy) one.abort(new Error("gone"));
  const reasons = (await settled).map((one) => (one.status === "rejected" ? one.reason.message : "answered"));
  expect(reasons.filter((reason) => reason === "gone")).toHaveLength(257);
});

test("closing ends what runs and what waits", async () => {
  const calls = threads();
  const methods = methodsOf(calls);
  const asked = Promise.allSettled([LOOP, LOOP].map((call) => methods.eth_call.call([call])));
  await sleep(20);
  await calls.close();
  for (const one of await asked) {
    expect(one).toMatchObject({ reason: { rpcCode: ENGINE_ERROR.server, message: "the engine is being stopped" } });
  }
});

test("sees each block as soon as it is the head", async () => {
  const methods = methodsOf(threads());
  const number = { data: "0x4360005260206000fd" };
  for (const { payload, exported } of nodes.chain.canonicalPayloads(SHARD)) {
    if (exported.height <= 20 || exported.height > 26) continue;
    await insertAsHead(node, { payload, exported });
    expect(await numberOf(methods, number)).toBe(exported.height);
  }
});
