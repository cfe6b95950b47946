import { createEVM, type EVM } from "@ethereumjs/evm";
import { Account, type Address, bytesToUnprefixedHex, createAddressFromString } from "@ethereumjs/util";
import { bigIntToBytes, fromHex, type Hash32, toHex, utf8 } from "../../../node/codec/bytes.ts";
import { keccak256 } from "../../../node/codec/keccak.ts";
import { MemoryNodes } from "../../../node/el/store/memory-nodes.ts";
import { ethereumRoot, writeAccounts } from "../../statetest/accounts.ts";
import type { PreAccount, StateTest } from "../../statetest/format.ts";

/** The state root that @ethereumjs/evm comes to with the first transaction of a state test, by Petersburg's rules. */
export async function ethereumjsRoot({ env, pre, transaction }: StateTest): Promise<Hash32> {
  const evm = await petersburg();
  for (const [address, account] of Object.entries(pre)) await putAccount(evm, address, account);
  const caller = createAddressFromString(`0x${toHex(transaction.sender)}`);
  const coinbase = createAddressFromString(`0x${toHex(env.currentCoinbase)}`);
  const [data, gasLimit, value] = [transaction.data[0], transaction.gasLimit[0], transaction.value[0]];
  const to = transaction.to === "" ? undefined : createAddressFromString(transaction.to);
  const { gasPrice = 0n } = transaction;

  // runCall counts the nonce.
  const sender = (await evm.stateManager.getAccount(caller)) ?? new Account();
  sender.balance -= gasLimit * gasPrice;
  await evm.journal.putAccount(caller, sender);
  const intrinsic = intrinsicGas(data, to === undefined);
  const { execResult } = await evm.runCall({
    caller,
    origin: caller,
    to,
    value,
    data,
    gasLimit: gasLimit - intrinsic,
    gasPrice,
    block: {
      header: {
        number: env.currentNumber,
        coinbase,
        timestamp: env.currentTimestamp,
        difficulty: env.currentDifficulty,
        prevRandao: bigIntToBytes(env.currentDifficulty, 32),
        gasLimit: env.currentGasLimit,
        baseFeePerGas: 0n,
        slotNumber: 0n,
        getBlobGasPrice: () => 1n,
      },
    },
  });
  const used = intrinsic + execResult.executionGasUsed;
  const refund = execResult.exceptionError === undefined ? smaller(execResult.gasRefund ?? 0n, used / 2n) : 0n;
  await pay(evm, caller, (gasLimit - used + refund) * gasPrice);
  await pay(evm, coinbase, (used - refund) * gasPrice);
  for (const destroyed of (execResult.selfdestruct ?? new Map()).keys()) {
    await evm.journal.deleteAccount(createAddressFromString(destroyed));
  }
  await evm.journal.cleanup();
  const store = new MemoryNodes();
  return ethereumRoot(store, writeAccounts(store, accountsOf(evm)));
}

/** State tests have their ancestors hash to the keccak-256 of their number in decimal. */
const ANCESTORS = {
  getBlock: async (number: number) => ({ hash: () => keccak256(utf8(String(number))) }),
  putBlock: async () => {},
  shallowCopy: () => ANCESTORS,
};

async function petersburg(): Promise<EVM> {
  const common = (await createEVM()).common.copy();
  common.setHardfork("petersburg");
  return createEVM({ common, blockchain: ANCESTORS });
}

async function putAccount(evm: EVM, text: string, { nonce, balance, code, storage }: PreAccount): Promise<void> {
  const address = createAddressFromString(text);
  await evm.stateManager.putAccount(address, new Account(nonce, balance));
  if (code.length > 0) await evm.stateManager.putCode(address, code);
  for (const [slot, value] of Object.entries(storage)) {
    await evm.stateManager.putStorage(address, bigIntToBytes(BigInt(slot), 32), minimal(value));
  }
}

function minimal(value: bigint): Uint8Array {
  const digits = value.toString(16);
  return fromHex(digits.length % 2 === 0 ? digits : `0${digits}`);
}

async function pay(evm: EVM, address: Address, amount: bigint): Promise<void> {
  const account = (await evm.stateManager.getAccount(address)) ?? new Account();
  account.balance += amount;
  await evm.journal.putAccount(address, account);
}

function intrinsicGas(data: Uint8Array, isCreation: boolean): bigint {
  const bytes = data.reduce((sum, byte) => sum + (byte === 0 ? 4 : 68), 0);
  return BigInt(21000 + bytes + (isCreation ? 32000 : 0));
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** The inside of the default state manager: it has no other way to list what it holds. */
interface Listing {
  readonly accountStack: Map<string, Account | undefined>[];
  readonly codeStack: Map<string, Uint8Array>[];
  /** Keys are `0xaddress_slot`. */
  readonly storageStack: Map<string, Uint8Array>[];
}

function accountsOf(evm: EVM): Record<string, PreAccount> {
  const { accountStack, codeStack, storageStack } = evm.stateManager as unknown as Listing;
  const accounts: Record<string, PreAccount> = {};
  for (const [key, account] of accountStack[accountStack.length - 1]) {
    if (account === undefined || account.isEmpty()) continue;
    const slots = [...storageStack[storageStack.length - 1]].filter(([slot]) => slot.startsWith(key));
    const values = slots.map(
      ([slot, value]) => [`0x${slot.slice(-64)}`, BigInt(`0x0${bytesToUnprefixedHex(value)}`)] as const,
    );
    accounts[key] = {
      nonce: account.nonce,
      balance: account.balance,
      code: codeStack[codeStack.length - 1].get(key) ?? new Uint8Array(0),
      storage: Object.fromEntries(values.filter(([, value]) => value !== 0n)),
    };
  }
  return accounts;
}
