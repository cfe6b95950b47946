import { expect, test } from "vitest";
import { countGas } from "./gas-count.ts";

test("amounts above 2^52 leave a reserve", () => {
  expect(countGas(0n)).toEqual({ gas: 0, gasReserve: 0n });
  expect(countGas(2n ** 52n)).toEqual({ gas: 2 ** 52, gasReserve: 0n });
  expect(countGas(2n ** 63n + 1n)).toEqual({ gas: 2 ** 52, gasReserve: 2n ** 63n + 1n - 2n ** 52n });
});
