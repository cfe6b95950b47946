import type { EngineApi, PayloadStatus, QkcPayload } from "../../node/engine/engine-api.ts";

/** An engine with some of its methods replaced. */
export function alteredEngine(engine: EngineApi, methods: Partial<EngineApi>): EngineApi {
  return new Proxy(engine, {
    get(target, name) {
      const altered = methods[name as keyof EngineApi];
      if (altered !== undefined) return altered;
      const method = Reflect.get(target, name, target);
      return typeof method === "function" ? method.bind(target) : method;
    },
  });
}

/** An engine that executes honestly and answers payloads as `lie` says. */
export function lyingEngine(
  engine: EngineApi,
  lie: (truth: PayloadStatus, payload: QkcPayload) => PayloadStatus,
): EngineApi {
  return alteredEngine(engine, { newPayload: async (payload) => lie(await engine.newPayload(payload), payload) });
}
