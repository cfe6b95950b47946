import { createEVM, type EVM } from "@ethereumjs/evm";
import { Account, type Address, bytesToUnprefixedHex, createAddressFromString } from "@ethereumjs/util";
import { bigIntToBytes, fromHex, toHex } from "../../../node/codec/bytes.ts";
import {
  type CaseAccount,
  type HardforkAnswer,
  type HardforkCase,
  SURROUNDINGS,
} from "../../../node/el/evm/hardforks/hardfork-case.testkit.ts";

/** What @ethereumjs/evm answers. */
export async function ethereumjsAnswer(hardforkCase: HardforkCase): Promise<HardforkAnswer> {
  const evm = await evmOf(hardforkCase.hardfork);
  await fillState(evm, hardforkCase);
  const caller = createAddressFromString(`0x${SURROUNDINGS.sender}`);
  const to = hardforkCase.to === null ? undefined : createAddressFromString(`0x${hardforkCase.to}`);
  warm(evm, caller, to);
  const { execResult, createdAddress } = await evm.runCall({
    caller,
    origin: caller,
    to,
    value: BigInt(hardforkCase.value),
    data: fromHex(hardforkCase.data),
    gasLimit: BigInt(hardforkCase.gas),
    gasPrice: SURROUNDINGS.gasPrice,
    block: block(),
  });
  const success = execResult.exceptionError === undefined;
  const destroyed = [...(execResult.selfdestruct ?? new Map()).keys()].filter(
    (address) => !evm.common.isActivatedEIP(6780) || execResult.createdAddresses?.has(address),
  );
  const output = success && to === undefined ? createdAddress?.bytes : execResult.returnValue;
  return {
    success,
    gasLeft: hardforkCase.gas - Number(execResult.executionGasUsed),
    output: toHex(output ?? new Uint8Array()),
    logs: (execResult.logs ?? []).map(([address, topics, data]) => [toHex(address), topics.map(toHex), toHex(data)]),
    refund: Number(execResult.gasRefund ?? 0n),
    accounts: await readAccounts(evm, new Set(destroyed.map((address) => address.slice(2)))),
  };
}

/** A new machine without accounts; its parameters follow from the hardfork when it is made. */
async function evmOf(hardfork: string): Promise<EVM> {
  const common = (await createEVM()).common.copy();
  common.setHardfork(hardfork);
  return createEVM({ common });
}

async function fillState(evm: EVM, hardforkCase: HardforkCase): Promise<void> {
  for (const [key, account] of Object.entries(hardforkCase.accounts)) {
    const address = createAddressFromString(`0x${key}`);
    await evm.stateManager.putAccount(address, new Account(BigInt(account.nonce), BigInt(account.balance)));
    if (account.code !== "") await evm.stateManager.putCode(address, fromHex(account.code));
    for (const [slot, value] of Object.entries(account.storage)) {
      await evm.stateManager.putStorage(address, fromHex(slot), fromHex(value.length % 2 ? `0${value}` : value));
    }
  }
}

/** What a transaction makes warm before its message (EIP-2929, EIP-3651). */
function warm(evm: EVM, caller: Address, to: Address | undefined): void {
  if (!evm.common.isActivatedEIP(2929)) return;
  for (const precompile of evm.precompiles.keys()) evm.journal.addAlwaysWarmAddress(precompile);
  evm.journal.addAlwaysWarmAddress(caller.toString());
  if (to !== undefined) evm.journal.addAlwaysWarmAddress(to.toString());
  if (evm.common.isActivatedEIP(3651)) evm.journal.addAlwaysWarmAddress(SURROUNDINGS.coinbase);
}

function block() {
  return {
    header: {
      number: BigInt(SURROUNDINGS.number),
      coinbase: createAddressFromString(`0x${SURROUNDINGS.coinbase}`),
      timestamp: BigInt(SURROUNDINGS.timestamp),
      difficulty: SURROUNDINGS.difficulty,
      // From the merge on 0x44 shows this in Ethereum.
      prevRandao: bigIntToBytes(SURROUNDINGS.difficulty, 32),
      gasLimit: SURROUNDINGS.blockGasLimit,
      baseFeePerGas: 0n,
      slotNumber: 0n,
      getBlobGasPrice: () => 1n,
    },
  };
}

/** The inside of the default state manager: it has no other way to list what it holds. */
interface Listing {
  readonly accountStack: Map<string, Account | undefined>[];
  readonly codeStack: Map<string, Uint8Array>[];
  /** Keys are `0xaddress_slot`. */
  readonly storageStack: Map<string, Uint8Array>[];
}

async function readAccounts(evm: EVM, destroyed: ReadonlySet<string>): Promise<Record<string, CaseAccount>> {
  const { accountStack, codeStack, storageStack } = evm.stateManager as unknown as Listing;
  const accounts: Record<string, CaseAccount> = {};
  for (const [key, account] of accountStack[accountStack.length - 1]) {
    const name = key.slice(2);
    if (account === undefined || account.isEmpty() || destroyed.has(name)) continue;
    const storage: Record<string, string> = {};
    const slots = [...storageStack[storageStack.length - 1]].filter(([slot]) => slot.startsWith(key)).sort();
    for (const [slot, value] of slots) {
      const number = BigInt(`0x0${bytesToUnprefixedHex(value)}`);
      if (number !== 0n) storage[slot.slice(-64)] = number.toString(16);
    }
    accounts[name] = {
      nonce: `${account.nonce}`,
      balance: `${account.balance}`,
      code: toHex(codeStack[codeStack.length - 1].get(key) ?? new Uint8Array()),
      storage,
    };
  }
  return accounts;
}
