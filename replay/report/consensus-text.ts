import type { CursorStep, CursorWalk, StakingWindow } from "./triage-schema.ts";

/** The walk of a block's cursor, a line for each deposit around both ends. */
export function cursorLines({ declared, computed, gasLimit, depositsDeclared, ...walk }: CursorWalk): string[] {
  const { depositsComputed, steps, omitted } = walk;
  const theirs = depositsDeclared === null ? "no place of the walk" : `behind ${deposits(depositsDeclared)}`;
  return [
    `cursor ${declared} declared, ${theirs}; ${computed} computed, behind ${deposits(depositsComputed)}; gas limit ${gasLimit}`,
    ...(omitted === 0 ? [] : [`… ${deposits(omitted)} left out`]),
    ...steps.map((step) => stepLine(step, depositsDeclared, depositsComputed)),
  ];
}

/** Whose stakes are locked, the unit's sender first. */
export function stakingLines({ blocks, perBlock, sender, locked }: StakingWindow): string[] {
  const own = locked.filter(({ address }) => address === sender);
  const others = locked.filter(({ address }) => address !== sender);
  return [
    `stakes locked by the window of ${blocks} blocks, ${perBlock} for each block that one mined:`,
    ...[...own, ...others].map(
      (one) =>
        `${one.address}: ${one.blocks} ${one.blocks === 1 ? "block" : "blocks"}, ${one.amount}${one.address === sender ? " (its sender)" : ""}`,
    ),
  ];
}

function stepLine(
  { index, cursor, txHash, gasUsed, total }: CursorStep,
  declared: number | null,
  computed: number,
): string {
  const gas = gasUsed === null ? "not reached" : `gas ${gasUsed}, ${total} in all`;
  const ends = [
    ...(declared === index + 1 ? ["the declared end"] : []),
    ...(computed === index + 1 ? ["the computed end"] : []),
  ];
  return `deposit ${index}, cursor ${cursor}, of ${txHash}: ${gas}${ends.length === 0 ? "" : ` — ${ends.join(", ")}`}`;
}

function deposits(count: number): string {
  return `${count} deposit${count === 1 ? "" : "s"}`;
}
