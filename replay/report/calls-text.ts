import { grouped } from "../text/grouped.ts";
import { textTable } from "../text/table.ts";
import { amountText } from "../text/values.ts";
import type { CallsOfUnit, CallView, SentDeposit } from "./calls-schema.ts";

const MOST_INDENTED = 10;

/** A unit's calls for people: a line each, indented by depth. */
export function callLines({ unit, success, gasUsed, calls, omitted, sent }: CallsOfUnit): string[] {
  const { kind, index, hash } = unit;
  const end = success === null ? "refused: the block is invalid" : success ? "success" : "failure";
  const used = gasUsed === null ? "" : `, ${grouped(BigInt(gasUsed))} gas`;
  return [
    `${kind} ${index}${hash === null ? "" : `  ${hash}`}  ${end}${used}`,
    ...calls.map(callLine),
    ...(omitted === 0 ? [] : [`  … and ${grouped(omitted)} more calls`]),
    ...sent.map(sentLine),
  ];
}

/** What each contract's functions used themselves. */
export function gasLines({ gas }: CallsOfUnit): string[] {
  if (gas.length === 0) return [];
  const rows = gas.map((row) => [grouped(BigInt(row.gas)), `${row.calls}`, row.contract, row.function]);
  return textTable([["gas", "calls", "contract", "function"], ...rows], [0, 1]).split("\n");
}

function callLine(call: CallView): string {
  const { kind, depth, to, contract, value, token, gasIn, gasOut, ownGas, failure } = call;
  const target = to === null ? "(no address)" : contract === null ? to : `${contract} (${to})`;
  const paid = value === "0" ? "" : `  value ${amountText(BigInt(value), token)}`;
  const gas = `  gas ${grouped(BigInt(gasIn))} → ${grouped(BigInt(gasOut))}, own ${grouped(BigInt(ownGas))}`;
  const end = failure === null ? "" : `  ✗ ${failure}`;
  return `${indentOf(depth)}${kind} ${target}${functionText(call)}${paid}${gas}${end}`;
}

/** Beyond some depth it stands as a number: calls nest a thousand deep. */
function indentOf(depth: number): string {
  return depth <= MOST_INDENTED ? "  ".repeat(depth + 1) : `${"  ".repeat(MOST_INDENTED + 1)}[${depth}] `;
}

function functionText({ function: signature, arguments: values, selector, input }: CallView): string {
  if (signature === null) return selector === null ? "" : ` ${selector}`;
  const name = signature.slice(0, signature.indexOf("("));
  if (values === null) return ` ${name}(${input})`;
  const texts = values.map((argument) =>
    argument.name === "" ? argument.value : `${argument.name}: ${argument.value}`,
  );
  return ` ${name}(${texts.join(", ")})`;
}

function sentLine({ to, createsContract, value, token, gas }: SentDeposit): string {
  const what = createsContract ? "deposit that creates" : "deposit to";
  return `  ${what} ${to}  value ${amountText(BigInt(value), token)}  gas ${grouped(BigInt(gas))}`;
}
