import { type Address, bytesEqual, bytesKey, ZERO_ADDRESS } from "../../../node/codec/bytes.ts";
import { KECCAK_EMPTY } from "../../../node/codec/keccak.ts";
import type { EvmState } from "../../../node/el/state/evm-state.ts";
import type { WorldState } from "../../../node/el/state/world-state.ts";
import type { Candidates, Hypothesis } from "./hypothesis.ts";
import type { Variation } from "./variation.ts";

/** What happens to accounts otherwise: nonces, balances, refunds, keys, self-destructs. */
export const stateVariants: Candidates = function* () {
  for (const [id, says, methods] of METHODS) yield stateHypothesis(id, says, () => ({ state: methods }));
  for (const [id, says, isMeant] of CREATIONS) {
    yield stateHypothesis(`creator-nonce/${id}`, `${says} did not raise the creator's nonce`, () => unraised(isMeant));
  }
  yield stateHypothesis(
    "key-while-blank",
    "an account had the full shard key under which it stops being blank",
    () => ({
      state: (state, world) => rekeyed(state, world),
    }),
  );
};

type Methods = (state: EvmState) => Partial<EvmState>;

const METHODS: readonly (readonly [id: string, says: string, methods: Methods])[] = [
  [
    "contract-nonce=0",
    "new contracts started at nonce 0",
    (state) => ({ setNonce: (address, nonce) => state.setNonce(address, nonce === 1n ? 0n : nonce) }),
  ],
  [
    "contract-nonce=2",
    "new contracts started at nonce 2",
    (state) => ({ setNonce: (address, nonce) => state.setNonce(address, nonce === 1n ? 2n : nonce) }),
  ],
  [
    "nonce-by-2",
    "a nonce rose by two",
    (state) => ({ incrementNonce: (address) => twice(() => state.incrementNonce(address)) }),
  ],
  [
    "burnt-refund-lost",
    "the part of a refund that the sender does not get went to nobody, not to the zero address",
    (state) => withoutBurning(state, undefined),
  ],
  [
    "burnt-refund-kept",
    "the sender got all of a refund, whatever its refund rate",
    (state) => withoutBurning(state, "last"),
  ],
  ["selfdestruct-stays", "self-destructed contracts stayed", () => ({ deleteAccount() {} })],
  [
    "selfdestruct-forgotten",
    "self-destructed contracts were neither removed nor refunded for",
    () => ({ addSelfDestruct() {} }),
  ],
  [
    "selfdestruct-keeps-nonce",
    "a self-destructed contract kept its nonce and code until it is used again",
    (state) => ({ deleteAccount: (address) => state.resetStorage(address) }),
  ],
  [
    "refund-twice",
    "refunds of storage counted twice",
    (state) => ({ addRefund: (amount) => state.addRefund(2n * amount) }),
  ],
  ["refund-none", "there were no refunds of storage", () => ({ addRefund() {} })],
  ["revert-keeps", "a failed message's changes stayed", () => ({ revert() {} })],
  ["exists-always", "every account counted as existing", () => ({ accountExists: () => true })],
  [
    "exists-code-or-nonce",
    "an account that holds only balances counted as absent",
    (state) => ({
      accountExists: (address) => state.getNonce(address) > 0n || !bytesEqual(state.getCodeHash(address), KECCAK_EMPTY),
    }),
  ],
  [
    "storage-not-cleared",
    "storage could not be set to zero",
    (state) => ({
      setStorage: (address, slot, value) => void (value !== 0n && state.setStorage(address, slot, value)),
    }),
  ],
  ["storage-kept-on-creation", "a new contract kept the storage that was there", () => ({ resetStorage() {} })],
  [
    "payer-keeps-one",
    "a payer could not pay all it has",
    (state) => ({
      transfer: (from, to, token, value) =>
        value > 0n && state.getBalance(from, token) <= value ? false : state.transfer(from, to, token, value),
    }),
  ],
  [
    "transfer-touches-not",
    "a message without value did not touch who gets it",
    (state) => ({
      transfer: (from, to, token, value) => value === 0n || state.transfer(from, to, token, value),
    }),
  ],
];

function twice(work: () => void): void {
  work();
  work();
}

/**
 * Unused gas goes to the sender, then what it does not get to the zero address. The outer message's payments are the
 * only ones that the execution makes by addBalance itself.
 */
function withoutBurning(state: EvmState, heir: "last" | undefined): Partial<EvmState> {
  let last: Address | undefined;
  return {
    addBalance(address, tokenId, delta) {
      const isBurnt = last !== undefined && bytesEqual(address, ZERO_ADDRESS);
      if (!isBurnt) state.addBalance(address, tokenId, delta);
      else if (heir === "last") state.addBalance(last as Address, tokenId, delta);
      last = address.slice() as Address;
    },
  };
}

type IsMeant = (creation: { readonly salt?: Uint8Array }) => boolean;

const CREATIONS: readonly (readonly [id: string, says: string, isMeant: IsMeant])[] = [
  ["create2", "CREATE2", ({ salt }) => salt !== undefined],
  ["create", "CREATE", ({ salt }) => salt === undefined],
  ["both", "neither CREATE nor CREATE2", () => true],
];

function unraised(isMeant: IsMeant): Variation {
  let isNext = false;
  return {
    messages: {
      enterMessage(message) {
        isNext = "initCode" in message && message.depth > 0 && isMeant(message);
      },
    },
    state: (state) => ({
      incrementNonce(address) {
        if (!isNext) state.incrementNonce(address);
        isNext = false;
      },
    }),
  };
}

const LOOKS = [
  "getNonce",
  "getBalance",
  "getCode",
  "getCodeHash",
  "accountExists",
  "hasStorage",
  "getStorage",
  "setNonce",
  "incrementNonce",
  "setCode",
  "setBalance",
  "addBalance",
  "setStorage",
  "resetStorage",
] as const;

/** The key of a known account that is blank and was not removed becomes the one in force at each look. */
function rekeyed(state: EvmState, world: WorldState): Partial<EvmState> {
  const removed = new Set<string>();
  const rekey = (address: Address) => {
    const account = world.knownAccount(address);
    if (account === undefined || !account.isBlank() || removed.has(bytesKey(address))) return;
    Object.assign(account, { fullShardKey: world.fullShardKey });
  };
  const methods: Partial<EvmState> = {
    transfer(from, to, tokenId, value) {
      rekey(from);
      rekey(to);
      return state.transfer(from, to, tokenId, value);
    },
    deduct(from, tokenId, value) {
      rekey(from);
      return state.deduct(from, tokenId, value);
    },
    deleteAccount(address) {
      state.deleteAccount(address);
      removed.add(bytesKey(address));
    },
  };
  for (const name of LOOKS) {
    const looking = (address: Address, ...rest: unknown[]) => {
      rekey(address);
      return Reflect.apply(state[name], state, [address, ...rest]);
    };
    Reflect.set(methods, name, looking);
  }
  return methods;
}

function stateHypothesis(id: string, says: string, vary: () => Variation): Hypothesis {
  return {
    id: `state.${id}`,
    says,
    refutedBy: "a block in which this changes an account, and which matches what it declares",
    cost: 1.5,
    vary,
  };
}
