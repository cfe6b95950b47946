import type { EvmState } from "../../../node/el/state/evm-state.ts";
import type { Fault } from "./fault.testkit.ts";

export const STATE_FAULTS: readonly Fault[] = [
  stateFault("a nonce grows by two", (state) => ({
    incrementNonce(address) {
      state.incrementNonce(address);
      state.incrementNonce(address);
    },
  })),
  stateFault("a transfer gives one more than it takes", (state) => ({
    transfer(from, to, tokenId, value) {
      const isPaid = state.transfer(from, to, tokenId, value);
      if (isPaid && value > 0n) state.addBalance(to, tokenId, 1n);
      return isPaid;
    },
  })),
  stateFault("a transfer takes nothing", (state) => ({
    transfer(from, to, tokenId, value) {
      if (state.getBalance(from, tokenId) < value) return false;
      state.addBalance(to, tokenId, value);
      return true;
    },
  })),
  stateFault("a payer may not pay all it has", (state) => ({
    transfer: (from, to, tokenId, value) =>
      value > 0n && state.getBalance(from, tokenId) <= value ? false : state.transfer(from, to, tokenId, value),
  })),
  stateFault("storage cannot be cleared", (state) => ({
    setStorage(address, slot, value) {
      if (value !== 0n) state.setStorage(address, slot, value);
    },
  })),
  stateFault("storage is written one slot on", (state) => ({
    setStorage: (address, slot, value) => state.setStorage(address, slot + 1n, value),
  })),
  stateFault("storage holds 64 bits", (state) => ({
    setStorage: (address, slot, value) => state.setStorage(address, slot, value % (1n << 64n)),
  })),
  stateFault("code is stored without its last byte", (state) => ({
    setCode: (address, code) => state.setCode(address, code.subarray(0, Math.max(0, code.length - 1))),
  })),
  stateFault("contracts are born with nonce 2", (state) => ({
    setNonce: (address, nonce) => state.setNonce(address, nonce === 1n ? 2n : nonce),
  })),
  stateFault("self-destructed accounts stay", () => ({ deleteAccount() {} })),
  stateFault("self-destructs are forgotten", () => ({ addSelfDestruct() {} })),
  stateFault("nothing is reverted", () => ({ revert() {} })),
  stateFault("every account exists", () => ({ accountExists: () => true })),
  stateFault("no account exists", () => ({ accountExists: () => false })),
  stateFault("refunds count twice", (state) => ({ addRefund: (amount) => state.addRefund(2n * amount) })),
  stateFault("all tokens are one", (state) => ({
    addBalance: (address, _, delta) => state.addBalance(address, 35760n, delta),
  })),
];

function stateFault(name: string, state: (state: EvmState) => Partial<EvmState>): Fault {
  return { family: "state", name, parts: () => ({ state }) };
}
