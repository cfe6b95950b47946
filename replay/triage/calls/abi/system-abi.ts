import {
  CURRENT_TOKEN_ID,
  DEPLOY_SYSTEM_CONTRACT,
  MINT_TOKEN,
  TOKEN_BALANCE,
  TRANSFER_TOKEN,
} from "../../../../node/el/evm/precompiles/addresses.ts";
import { SYSTEM_CONTRACT_ADDRESSES } from "../../../../node/el/evm/precompiles/system-contract-addresses.ts";
import { type AbiEntry, entryFromText } from "./abi-types.ts";
import type { ContractAbi } from "./contract-names.ts";

/** What the chain's own contracts answer to; each signature's selector stands in the contract's code (see the test). */
export const SYSTEM_CONTRACTS: readonly ContractAbi[] = [
  {
    name: "RootChainPoSWStaking",
    addresses: [SYSTEM_CONTRACT_ADDRESSES.rootChainPosw],
    errors: [],
    functions: [
      "lock()",
      "unlock()",
      "withdraw(uint256 amount)",
      "withdrawAll()",
      "setSigner(address signer)",
      "getLockedStakes(address staker)",
      "stakes(address staker)",
      "LOCK_DURATION()",
    ].map(entryFromText),
  },
  {
    name: "NonReservedNativeTokenManager",
    addresses: [SYSTEM_CONTRACT_ADDRESSES.nonReservedNativeToken],
    errors: [],
    functions: [
      "bidNewToken(uint128 tokenId, uint128 price, uint64 round)",
      "endAuction()",
      "mintNewToken(uint128 tokenId, uint256 amount)",
      "transferOwnership(uint128 tokenId, address newOwner)",
      "withdraw()",
      "getAuctionState()",
      "getNativeTokenInfo(uint128 tokenId)",
      "nativeTokens(uint128 tokenId)",
      "pauseAuction()",
      "resumeAuction()",
      "isPaused()",
      "setAuctionParams(uint64 minPriceInQKC, uint64 minIncrementInPercent, uint64 duration)",
      "auctionParams()",
      "whitelistTokenId(uint128 tokenId, bool whitelisted)",
      "whitelistedTokenId(uint128 tokenId)",
      "balances(address bidder)",
      "supervisor()",
      "updateSupervisor(address newSupervisor)",
    ].map(entryFromText),
  },
  {
    name: "GeneralNativeTokenManager",
    addresses: [SYSTEM_CONTRACT_ADDRESSES.generalNativeToken],
    errors: [],
    functions: [
      "calculateGasPrice(uint128 tokenId, uint128 gasPrice)",
      "payAsGas(uint128 tokenId, uint128 gas, uint128 gasPrice)",
      "proposeNewExchangeRate(uint128 tokenId, uint128 rateNumerator, uint128 rateDenominator)",
      "depositGasReserve(uint128 tokenId)",
      "withdrawGasReserve(uint128 tokenId)",
      "withdrawNativeToken(uint128 tokenId)",
      "setRefundPercentage(uint128 tokenId, uint64 refundPercentage)",
      "registerToken()",
      "requireTokenRegistration(bool required)",
      "registrationRequired()",
      "registeredTokens(uint128 tokenId)",
      "gasReserves(uint128 tokenId)",
      "gasReserveBalance(uint128 tokenId, address admin)",
      "nativeTokenBalance(uint128 tokenId, address admin)",
      "setMinGasReserve(uint128 minGasReserveMaintain, uint128 minGasReserveInit)",
      "minGasReserveMaintain()",
      "minGasReserveInit()",
      "payGasCaller()",
      "frozen()",
      "supervisor()",
      "updateSupervisor(address newSupervisor)",
    ].map(entryFromText),
  },
];

/** Names of precompiles by the number that their address is, with what can be read of their input. */
export const PRECOMPILE_INPUTS: ReadonlyMap<number, AbiEntry> = new Map(
  (
    [
      [1, "ecrecover(bytes32 hash, uint256 v, uint256 r, uint256 s)"],
      [2, "sha256()"],
      [3, "ripemd160()"],
      [4, "identity()"],
      [5, "modexp(uint256 baseSize, uint256 exponentSize, uint256 modulusSize)"],
      [6, "bn256Add(uint256 x1, uint256 y1, uint256 x2, uint256 y2)"],
      [7, "bn256Mul(uint256 x, uint256 y, uint256 factor)"],
      [8, "bn256Pairing()"],
      [CURRENT_TOKEN_ID, "currentTokenId()"],
      [TRANSFER_TOKEN, "transferToken(address to, uint256 tokenId, uint256 value)"],
      [DEPLOY_SYSTEM_CONTRACT, "deploySystemContract(uint256 index)"],
      [MINT_TOKEN, "mintToken(address minter, uint256 tokenId, uint256 amount)"],
      [TOKEN_BALANCE, "tokenBalance(address account, uint256 tokenId)"],
    ] as const
  ).map(([number, text]) => [number, entryFromText(text)]),
);
