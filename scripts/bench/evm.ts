/*
 * Our interpreter beside @ethereumjs/evm on the same programs: npx tsx scripts/bench/evm.ts
 * Prints microseconds per run, best of several rounds, and fails if the two disagree on gas.
 */
import { createEVM } from "@ethereumjs/evm";
import { Account, createAddressFromString } from "@ethereumjs/util";
import {
  type Address,
  addressFromHex,
  bigIntToBytes,
  concatBytes,
  fromHex,
  toHex,
  ZERO_ADDRESS,
} from "../../node/codec/bytes.ts";
import { EMPTY_TRIE_ROOT, keccak256 } from "../../node/codec/keccak.ts";
import type { ExecutionContext } from "../../node/el/evm/context.ts";
import { applyMessage } from "../../node/el/evm/message.ts";
import { precompileSchedule } from "../../node/el/evm/precompiles/schedule.ts";
import { QUARKCHAIN_RULES } from "../../node/el/evm/rules.ts";
import { WorldState } from "../../node/el/state/world-state.ts";
import { MemoryNodeStore } from "../../node/el/trie/trie.testkit.ts";

interface Program {
  readonly name: string;
  readonly code: string;
  readonly data: string;
  readonly storage: readonly (readonly [bigint, bigint])[];
}

const SENDER = addressFromHex("aa".repeat(20));
const CONTRACT = addressFromHex("c0".repeat(20));
const GAS = 12_000_000;
const ROUNDS = 15;
const ROUND_MILLISECONDS = 100;

/** A balance mapping's slot in Solidity: keccak(address ‖ 0). */
function balanceSlot(owner: Address): bigint {
  return BigInt(`0x${toHex(keccak256(bigIntToBytes(BigInt(`0x${toHex(owner)}`), 32), new Uint8Array(32)))}`);
}

/** solc 0.5.17, optimised, petersburg: balanceOf and transfer with checks and the Transfer event. */
const ERC20 =
  "608060405234801561001057600080fd5b50600436106100365760003560e01c806370a082311461003b578063a9059cbb14610073575b600080" +
  "fd5b6100616004803603602081101561005157600080fd5b50356001600160a01b03166100b3565b60408051918252519081900360200190f35b" +
  "61009f6004803603604081101561008957600080fd5b506001600160a01b0381351690602001356100c5565b604080519115158252519081900360" +
  "200190f35b60006020819052908152604090205481565b60006001600160a01b038316610111576040805162461bcd60e51b815260206004820152" +
  "600c60248201526b7a65726f206164647265737360a01b604482015290519081900360640190fd5b33600090815260208190526040902054821115" +
  "61015f576040805162461bcd60e51b815260206004820152600760248201526662616c616e636560c81b604482015290519081900360640190fd5b" +
  "33600090815260208190526040808220805485900390556001600160a01b03851682529020548201828110156101c7576040805162461bcd60e51b" +
  "81526020600482015260086024820152676f766572666c6f7760c01b604482015290519081900360640190fd5b6001600160a01b03841660008181" +
  "5260208181526040918290208490558151868152915133927fddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef9290" +
  "8290030190a350600193925050505600";

const PROGRAMS: readonly Program[] = [
  {
    // i = 10000; do { x = (i + 7) * 3; i = i − 1 } while (i)
    name: "loop over small numbers, 130k instructions",
    code: "6127105b8060070160030250600190038060035700",
    data: "",
    storage: [],
  },
  {
    // x = 2^256 − 3; 10000 times x = x * x + x
    name: "loop over 256-bit numbers, 130k instructions",
    code: `7f${"ff".repeat(31)}fd6127105b908080020190600190038060245700`,
    data: "",
    storage: [],
  },
  {
    // 200 slots get their own number
    name: "200 SSTORE",
    code: "60c85b808055600190038060025700",
    data: "",
    storage: [],
  },
  {
    name: "ERC-20 transfer (solc 0.5.17)",
    code: ERC20,
    data: `a9059cbb${"bb".repeat(20).padStart(64, "0")}${"5".padStart(64, "0")}`,
    storage: [[balanceSlot(SENDER), 1000n]],
  },
];

function ownRun(program: Program): () => number {
  const state = new WorldState(new MemoryNodeStore(), EMPTY_TRIE_ROOT);
  state.setNonce(CONTRACT, 1n);
  state.setCode(CONTRACT, fromHex(program.code));
  for (const [slot, value] of program.storage) state.setStorage(CONTRACT, slot, value);
  state.commit();
  const context: ExecutionContext = {
    state,
    chain: {
      rules: QUARKCHAIN_RULES,
      schedule: precompileSchedule({
        enableEvmTimestamp: 0,
        enableNonReservedNativeTokenTimestamp: 0,
        enableGeneralNativeTokenTimestamp: 0,
      }),
      defaultChainToken: 35760n,
    },
    block: {
      coinbase: ZERO_ADDRESS,
      timestamp: 1,
      number: 1,
      difficulty: 1n,
      ancestorHash: () => undefined,
      senderDisallowMap: new Map(),
    },
    transaction: { origin: SENDER, gasPrice: 1n, blockGasLimit: BigInt(GAS), chainId: 0 },
  };
  const data = fromHex(program.data);
  return () => {
    const snapshot = state.snapshot();
    const result = applyMessage(context, {
      sender: SENDER,
      to: CONTRACT,
      codeAddress: CONTRACT,
      value: 0n,
      transferTokenId: 35760n,
      gas: GAS,
      data,
      depth: 0,
      transfersValue: true,
      isStatic: false,
      toFullShardKey: 0,
    });
    if (!result.success) throw new Error(`${program.name}: ${result.failure}`);
    state.revert(snapshot);
    return GAS - result.gasLeft;
  };
}

async function otherRun(program: Program): Promise<() => Promise<number>> {
  const evm = await createEVM();
  evm.common.setHardfork("petersburg");
  const to = createAddressFromString(`0x${toHex(CONTRACT)}`);
  const caller = createAddressFromString(`0x${toHex(SENDER)}`);
  await evm.stateManager.putAccount(caller, new Account());
  await evm.stateManager.putAccount(to, new Account(1n));
  await evm.stateManager.putCode(to, fromHex(program.code));
  for (const [slot, value] of program.storage) {
    await evm.stateManager.putStorage(to, bigIntToBytes(slot, 32), concatBytes(bigIntToBytes(value, 2)));
  }
  const data = fromHex(program.data);
  return async () => {
    await evm.stateManager.checkpoint();
    const { execResult } = await evm.runCall({ caller, to, data, gasLimit: BigInt(GAS) });
    await evm.stateManager.revert();
    if (execResult.exceptionError) throw new Error(`${program.name}: ${execResult.exceptionError.error}`);
    return Number(execResult.executionGasUsed);
  };
}

/** Microseconds per run of the best round. */
async function measure(run: () => number | Promise<number>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    let runs = 0;
    do {
      const pending = run();
      if (typeof pending !== "number") await pending;
      runs++;
    } while (performance.now() - start < ROUND_MILLISECONDS);
    best = Math.min(best, ((performance.now() - start) * 1000) / runs);
  }
  return best;
}

for (const program of PROGRAMS) {
  const own = ownRun(program);
  const other = await otherRun(program);
  const gas = own();
  const otherGas = await other();
  if (gas !== otherGas) throw new Error(`${program.name}: ${gas} gas here, ${otherGas} in @ethereumjs/evm`);
  const ownTime = await measure(own);
  const otherTime = await measure(other);
  console.log(
    `${program.name.padEnd(46)} ${String(gas).padStart(8)} gas   ours ${ownTime.toFixed(1).padStart(8)} us` +
      `   @ethereumjs/evm ${otherTime.toFixed(1).padStart(9)} us   ${(otherTime / ownTime).toFixed(1)}x`,
  );
}
