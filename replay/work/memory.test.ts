import { describe, expect, it } from "vitest";
import { memoryBudget } from "./memory.ts";

const GIGABYTE = 2 ** 30;

describe("memoryBudget", () => {
  it("shares memory between workers", () => {
    expect(memoryBudget(4, 16 * GIGABYTE)).toEqual({ heapMegabytes: 2048, cacheBytesPerWorker: GIGABYTE / 2 });
  });

  it("stays within bounds on small and large machines", () => {
    expect(memoryBudget(64, GIGABYTE)).toEqual({ heapMegabytes: 512, cacheBytesPerWorker: 64 * 2 ** 20 });
    expect(memoryBudget(1, 1024 * GIGABYTE)).toEqual({ heapMegabytes: 4096, cacheBytesPerWorker: GIGABYTE / 2 });
  });
});
