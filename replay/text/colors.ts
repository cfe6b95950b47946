import pc from "picocolors";

export type Colors = ReturnType<typeof pc.createColors>;

/** Colours for a stream: only on a terminal, never under NO_COLOR; FORCE_COLOR asks for them anywhere. */
export function colorsFor(isTerminal: boolean, env: NodeJS.ProcessEnv): Colors {
  if (env.NO_COLOR) return pc.createColors(false);
  if (env.FORCE_COLOR) return pc.createColors(true);
  return pc.createColors(isTerminal && env.TERM !== "dumb");
}
