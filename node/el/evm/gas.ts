/** Prices that are not an instruction's fixed fee (pyquarkchain quarkchain/evm/opcodes.py). */
export interface GasSchedule {
  /** Per word of memory; the quadratic part is words² / 512. */
  readonly memoryWord: number;
  readonly memoryQuadraticDivisor: number;
  readonly copyWord: number;
  readonly sha3Word: number;
  readonly expByte: number;
  readonly logByte: number;
  readonly storageSet: number;
  readonly storageChange: number;
  readonly storageClear: number;
  readonly storageClearRefund: number;
  readonly callNewAccount: number;
  readonly callValueTransfer: number;
  readonly callStipend: number;
  /** A child gets at most gas − floor(gas / this). */
  readonly childGasDivisor: number;
  readonly codeDepositByte: number;
  readonly ecrecover: number;
  readonly sha256Base: number;
  readonly sha256Word: number;
  readonly ripemd160Base: number;
  readonly ripemd160Word: number;
  readonly identityBase: number;
  readonly identityWord: number;
  readonly modexpDivisor: number;
  readonly bn256Add: number;
  readonly bn256Mul: number;
  readonly bn256PairingBase: number;
  readonly bn256PairingPair: number;
  readonly currentTokenId: number;
  readonly deploySystemContract: number;
  readonly tokenBalance: number;
}

export const QUARKCHAIN_GAS: GasSchedule = {
  memoryWord: 3,
  memoryQuadraticDivisor: 512,
  copyWord: 3,
  sha3Word: 6,
  expByte: 50,
  logByte: 8,
  storageSet: 20000,
  storageChange: 5000,
  storageClear: 5000,
  storageClearRefund: 15000,
  callNewAccount: 25000,
  callValueTransfer: 9000,
  callStipend: 2300,
  childGasDivisor: 64,
  codeDepositByte: 200,
  ecrecover: 3000,
  sha256Base: 60,
  sha256Word: 12,
  ripemd160Base: 600,
  ripemd160Word: 120,
  identityBase: 15,
  identityWord: 3,
  modexpDivisor: 20,
  bn256Add: 500,
  bn256Mul: 40000,
  bn256PairingBase: 100000,
  bn256PairingPair: 80000,
  currentTokenId: 3,
  deploySystemContract: 3,
  tokenBalance: 400,
};

/** Words of 32 bytes that `bytes` bytes take. */
export function wordCount(bytes: number): number {
  return Math.ceil(bytes / 32);
}
