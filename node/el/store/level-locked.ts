/** Whether LevelDB refused to open because another process has it open; classic-level says so in a cause. */
export function isLevelLocked(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ("code" in error && error.code === "LEVEL_LOCKED") || isLevelLocked(error.cause);
}
