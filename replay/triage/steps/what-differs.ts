import { bytesEqual } from "../../../node/codec/bytes.ts";
import { wholeGas } from "../../../node/el/evm/gas-count.ts";
import type { Creation, Message, MessageResult } from "../../../node/el/evm/message.ts";
import type { TraceStep, UnitOutcome } from "../../../node/el/evm/tracer.ts";
import type { BlockEvent, Effect } from "./block-events.ts";
import { Digest } from "./digest.ts";
import { digestOfMessage } from "./event-digests.ts";
import type { Parting } from "./step-capture.ts";

/**
 * One word for what two executions differ in first: "end" (one goes on where the other halts), "pc", "opcode", "depth",
 * "stack", "memory", "returnData", "gas"; "state", "refund" or "logs" for what was written or noted; "message" and
 * "result" for how a message begins or ends, "outcome" for how a unit ends, "unit" for which one comes next.
 */
export function whatDiffers(ours: Parting, theirs: Parting): string {
  return (
    eventDifference(ours, theirs, ours.event, theirs.event) ??
    effectDifference(ours.effects, theirs.effects) ??
    // Memory beyond what is compared word by word was part of the digest alone.
    "memory"
  );
}

function eventDifference(
  ours: Parting,
  theirs: Parting,
  a: BlockEvent | undefined,
  b: BlockEvent | undefined,
): string | undefined {
  if (a?.kind === "step" && b?.kind === "step") {
    return stepDifference(a.step, b.step, bytesEqual(ours.memory, theirs.memory));
  }
  if (a?.kind === "enterMessage" && b?.kind === "enterMessage") return messageDifference(a.message, b.message);
  if (a?.kind === "leaveMessage" && b?.kind === "leaveMessage") return resultDifference(a.result, b.result);
  if (a?.kind === "leaveUnit" && b?.kind === "leaveUnit") return outcomeDifference(a.outcome, b.outcome);
  if (a?.kind === "enterUnit" && b?.kind === "enterUnit") return "unit";
  return "end";
}

function stepDifference(a: TraceStep, b: TraceStep, sameMemory: boolean): string | undefined {
  if (a.pc !== b.pc) return "pc";
  if (a.opcode !== b.opcode) return "opcode";
  if (a.depth !== b.depth) return "depth";
  if (a.stack.length !== b.stack.length || a.stack.some((word, i) => word !== b.stack[i])) return "stack";
  if (!sameMemory) return "memory";
  if (!bytesEqual(a.returnData, b.returnData)) return "returnData";
  return wholeGas(a.gas, a.gasReserve) === wholeGas(b.gas, b.gasReserve) ? undefined : "gas";
}

function messageDifference(a: Message | Creation, b: Message | Creation): string | undefined {
  if (isSameMessage(a, b)) return undefined;
  return isSameMessage(a, { ...b, gas: a.gas, gasReserve: a.gasReserve }) ? "gas" : "message";
}

function isSameMessage(a: Message | Creation, b: Message | Creation): boolean {
  const [first, second] = [new Digest(), new Digest()];
  digestOfMessage(first, a);
  digestOfMessage(second, b);
  return first.a === second.a && first.b === second.b;
}

function resultDifference(a: MessageResult, b: MessageResult): string | undefined {
  if (a.success !== b.success || !bytesEqual(a.output, b.output)) return "result";
  return wholeGas(a.gasLeft, a.gasReserve) === wholeGas(b.gasLeft, b.gasReserve) ? undefined : "gas";
}

function outcomeDifference(a: UnitOutcome, b: UnitOutcome): string | undefined {
  if (a.receipt?.success !== b.receipt?.success) return "outcome";
  return a.gasUsed === b.gasUsed ? undefined : "gas";
}

function effectDifference(a: readonly Effect[], b: readonly Effect[]): string | undefined {
  const at = a.findIndex(({ text }, i) => text !== b[i]?.text);
  return at >= 0 ? a[at].what : b[a.length]?.what;
}
