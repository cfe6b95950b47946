import type { RuleDefinition } from "../rules.ts";

/** A rule for people: its name, and in one line what it does where it is in force. */
export interface RuleTitle {
  readonly title: string;
  readonly effect: string;
}

/** Titles are those of the proposals themselves. */
export const EIP_TITLES: ReadonlyMap<number, RuleTitle> = new Map([
  [
    2681,
    { title: "Limit account nonce to 2^64-1", effect: "an account whose nonce is 2^64 - 1 creates and sends nothing" },
  ],
  [
    7610,
    {
      title: "Revert creation in case of non-empty storage",
      effect: "a creation fails where there is storage already",
    },
  ],
  [152, { title: "BLAKE2 compression function", effect: "there is a precompile at address 9" }],
  [
    1108,
    { title: "Reduce alt_bn128 precompile gas costs", effect: "the precompiles at addresses 6, 7 and 8 cost less" },
  ],
  [1344, { title: "ChainID opcode", effect: "0x46 is CHAINID" }],
  [
    1884,
    {
      title: "Repricing for trie-size-dependent opcodes",
      effect: "SLOAD costs 800, BALANCE and EXTCODEHASH cost 700, and 0x47 is SELFBALANCE",
    },
  ],
  [
    2028,
    { title: "Transaction data gas cost reduction", effect: "a byte of calldata that is not zero costs 16 and not 68" },
  ],
  [
    2200,
    {
      title: "Structured definitions for net gas metering",
      effect:
        "SSTORE is charged by what it changes in the whole transaction, needs more than 2,300 gas, and SLOAD costs 800",
    },
  ],
  [2565, { title: "ModExp gas cost", effect: "MODEXP is priced by another formula" }],
  [
    2929,
    {
      title: "Gas cost increases for state access opcodes",
      effect: "the first look at an account costs 2,600, at a slot 2,100, and each later one 100",
    },
  ],
  [3198, { title: "BASEFEE opcode", effect: "0x48 is BASEFEE" }],
  [
    3529,
    {
      title: "Reduction in refunds",
      effect: "clearing a slot refunds 4,800, a self-destruct nothing, and refunds end at a fifth of the gas used",
    },
  ],
  [
    3541,
    { title: "Reject new contract code starting with the 0xEF byte", effect: "code that starts with 0xef is refused" },
  ],
  [3651, { title: "Warm COINBASE", effect: "the first look at the coinbase costs as a later one" }],
  [3855, { title: "PUSH0 instruction", effect: "0x5f is PUSH0" }],
  [
    3860,
    {
      title: "Limit and meter initcode",
      effect: "init code costs 2 gas a word and has at most 49,152 bytes",
    },
  ],
  [1153, { title: "Transient storage opcodes", effect: "0x5c is TLOAD and 0x5d is TSTORE" }],
  [4844, { title: "Shard blob transactions", effect: "0x49 is BLOBHASH, and there is a precompile at address 10" }],
  [5656, { title: "MCOPY - Memory copying instruction", effect: "0x5e is MCOPY" }],
  [
    6780,
    {
      title: "SELFDESTRUCT only in same transaction",
      effect: "SELFDESTRUCT removes a contract only in the transaction that created it",
    },
  ],
  [7516, { title: "BLOBBASEFEE opcode", effect: "0x4a is BLOBBASEFEE" }],
  [
    2537,
    {
      title: "Precompile for BLS12-381 curve operations",
      effect: "there are precompiles at addresses 11 to 17",
    },
  ],
  [
    7623,
    {
      title: "Increase calldata cost",
      effect: "a transaction uses at least 10 gas for each zero byte of calldata and 40 for each other",
    },
  ],
  [
    7702,
    {
      title: "Set Code for EOAs",
      effect: "a call of an account whose code is 0xef0100 and an address runs the code of that address",
    },
  ],
  [
    7823,
    {
      title: "Set upper bounds for MODEXP",
      effect: "MODEXP fails for a number of more than 1,024 bytes",
    },
  ],
  [7883, { title: "ModExp gas cost increase", effect: "MODEXP costs more" }],
  [7939, { title: "Count leading zeros (CLZ) opcode", effect: "0x1e is CLZ" }],
  [7951, { title: "Precompile for secp256r1 curve support", effect: "there is a precompile at address 0x100" }],
]);

/** Where clients differ apart from Ethereum's later rules; by the definition's field. */
export const BASE_TITLES: Readonly<Partial<Record<keyof RuleDefinition, RuleTitle>>> = {
  precompiles: { title: "Precompiles", effect: "other addresses are native code" },
  logDataGasChecked: { title: "Gas of LOG's data", effect: "LOG fails where its data costs more than is left" },
  create2HashGasChecked: {
    title: "Gas of CREATE2's hashing",
    effect: "CREATE2 fails where hashing its init code costs more than is left",
  },
  tokenIdMustBeQueried: {
    title: "Tokens that a contract did not ask for",
    effect: "a call that brings another token to a contract fails unless the contract asks for the token's id",
  },
  modexpEmptyBaseIsZero: { title: "MODEXP of nothing", effect: "an empty base to the power of zero is zero" },
  callsCheckDefaultToken: {
    title: "Token in which a call's value must be there",
    effect: "CALL, CALLCODE and CREATE look whether the default token covers their value, whatever token it is in",
  },
  foreignCreationKeepsNonce: {
    title: "Nonce of a refused creation",
    effect: "a creation refused for its token leaves the creator's nonce as it was",
  },
  delegatedTransferIsSenders: {
    title: "Token transfers under DELEGATECALL",
    effect: "a token transfer under DELEGATECALL is paid by the caller's sender",
  },
  delegatedLockIsSenders: {
    title: "Locked stakes under DELEGATECALL",
    effect: "a DELEGATECALL fails where the stake of the caller's sender is locked",
  },
  transferForgetsShardKey: {
    title: "Contracts created under a token transfer",
    effect: "what a token transfer calls creates contracts without the shard key in their addresses",
  },
  tokenIdsAreCut: {
    title: "Long token ids",
    effect: "minting and the token balance take a token id's low 64 bits",
  },
  gasLimitOfHeader: {
    title: "What GASLIMIT shows",
    effect: "GASLIMIT shows the header's limit, whatever deposits left of their share",
  },
  revertKeepsZeroBalances: {
    title: "Balances taken back",
    effect: "a balance that a call gave and its revert took back leaves an entry of zero",
  },
  revertKeepsTokenTrie: {
    title: "Token tries after a revert",
    effect: "an account keeps the balances of its token trie when a change of a balance is taken back",
  },
  readsCreateAccounts: {
    title: "Accounts that were only looked at",
    effect: "an absent account is kept, with the shard key in force, from its first look-up in a block on",
  },
  lostTokenTrieIsNoAccount: {
    title: "Accounts without their token trie",
    effect: "an account whose token trie is not stored reads as absent, and a change writes a new one over it",
  },
  depositsKeepTheirGas: {
    title: "Gas limit of transactions",
    effect: "what deposits leave of their share is no room for transactions",
  },
  hasSenderWhitelist: {
    title: "Who may send first",
    effect: "only listed senders may send before transactions are enabled",
  },
  xshardGasDdosFixRootHeightForZero: {
    title: "Root height of 0 for the gas of deposits",
    effect: "a configured root height of 0 for the gas of deposits stands for another one",
  },
  ripemdStaysTouched: {
    title: "Precompile 3 touched",
    effect: "a blank account at address 3 is removed even where the call that touched it was taken back",
  },
  selfDestructAtBlockEnd: {
    title: "When self-destructed contracts go",
    effect: "a self-destructed contract stays until the end of the block",
  },
};
