import type { CrossShardDeposit } from "../../../node/chain/deposit.ts";
import { type Address, toHex } from "../../../node/codec/bytes.ts";
import type { CallArgument, CallsOfUnit, CallView, GasOfFunction, SentDeposit } from "../../report/calls-schema.ts";
import { tokenName } from "../../text/token-names.ts";
import { cutHex, qkcAddressText } from "../../text/values.ts";
import { unitView } from "../steps/step-views.ts";
import { decodedValues } from "./abi/abi-decode.ts";
import { type AbiEntry, SELECTOR_BYTES, signatureOf } from "./abi/abi-types.ts";
import type { ContractNames } from "./abi/contract-names.ts";
import type { CallRecord, UnitCalls } from "./call-record.ts";
import { revertReason } from "./revert-reason.ts";

const SHOWN_BYTES = 128;

/** A unit's calls with everything named that is known. `execution` says by whose rules. */
export function unitCallsView(
  { unit, outcome, calls, omitted, sent }: UnitCalls,
  execution: string,
  names: ContractNames,
): CallsOfUnit {
  const views = calls.map((call) => callView(call, names));
  return {
    execution,
    unit: unitView(unit),
    success: outcome === undefined ? null : (outcome.receipt?.success ?? true),
    gasUsed: outcome === undefined ? null : `${outcome.gasUsed}`,
    calls: views,
    omitted,
    sent: sent.map(sentDeposit),
    gas: gasByFunction(views),
  };
}

function callView(call: CallRecord, names: ContractNames): CallView {
  const { kind, depth, from, to, value, tokenId, gasIn, gasOut, ownGas, success } = call;
  const called =
    to === undefined || kind === "CREATE" || kind === "CREATE2" ? undefined : calledFunction(call, to, names);
  return {
    kind,
    depth,
    from: addressText(from),
    to: to === undefined ? null : addressText(to),
    contract: (to && names.nameOf(to)) ?? null,
    selector: called?.selector ?? null,
    function: called?.entry === undefined ? null : signatureOf(called.entry),
    arguments: called?.values ?? null,
    input: cutHex(call.input, SHOWN_BYTES, call.inputSize),
    value: `${value}`,
    token: tokenName(tokenId),
    gasIn: `${gasIn}`,
    gasOut: `${gasOut}`,
    ownGas: `${ownGas}`,
    success,
    failure: success ? null : failureText(call, names),
    output: cutHex(call.output, SHOWN_BYTES),
  };
}

interface CalledFunction {
  readonly selector?: string;
  readonly entry?: AbiEntry;
  readonly values?: CallArgument[];
}

function calledFunction({ input }: CallRecord, to: Address, names: ContractNames): CalledFunction {
  const precompile = names.precompileAt(to);
  if (precompile !== undefined) {
    // One whose input has no fields shows it as it is.
    return { entry: precompile, values: precompile.inputs.length === 0 ? undefined : argumentsOf(precompile, input) };
  }
  if (input.length < SELECTOR_BYTES) return {};
  const selector = toHex(input.subarray(0, SELECTOR_BYTES));
  const entry = names.functionOf(to, selector);
  const values = entry && argumentsOf(entry, input.subarray(SELECTOR_BYTES));
  // Another function may have the same selector: data that is not this one's shows it.
  if (entry !== undefined && values === undefined) return { selector: `0x${selector}` };
  return { selector: `0x${selector}`, entry, values };
}

function argumentsOf({ inputs }: AbiEntry, data: Uint8Array): CallArgument[] | undefined {
  const values = decodedValues(inputs, data);
  return values && inputs.map(({ name }, i) => ({ name, value: values[i] }));
}

/** A revert's own words say more than that it is one. */
function failureText({ failure = "failed", output }: CallRecord, names: ContractNames): string {
  const reason = revertReason(output, names);
  return reason === undefined ? failure : `${failure}: ${reason}`;
}

function sentDeposit({
  from,
  to,
  value,
  transferTokenId,
  gasRemained,
  createContract,
}: CrossShardDeposit): SentDeposit {
  return {
    from: `0x${qkcAddressText(from)}`,
    to: `0x${qkcAddressText(to)}`,
    createsContract: createContract,
    value: `${value}`,
    token: tokenName(transferTokenId),
    gas: `${gasRemained}`,
  };
}

/** What each contract's functions used themselves, most first. */
function gasByFunction(calls: readonly CallView[]): GasOfFunction[] {
  const sums = new Map<string, { contract: string; name: string; calls: number; gas: bigint }>();
  for (const { kind, to, contract, selector, function: signature, ownGas } of calls) {
    const where = contract ?? to ?? "(no address)";
    const name = kind.startsWith("CREATE") ? "(creation)" : (signature ?? selector ?? "(no function)");
    const key = `${where} ${name}`;
    const sum = sums.get(key) ?? { contract: where, name, calls: 0, gas: 0n };
    sums.set(key, { ...sum, calls: sum.calls + 1, gas: sum.gas + BigInt(ownGas) });
  }
  return [...sums.values()]
    .sort((a, b) => (a.gas === b.gas ? 0 : a.gas < b.gas ? 1 : -1))
    .map(({ contract, name, calls, gas }) => ({ contract, function: name, calls, gas: `${gas}` }));
}

function addressText(address: Uint8Array): string {
  return `0x${toHex(address)}`;
}
