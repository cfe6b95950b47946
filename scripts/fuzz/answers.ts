import { isDeepStrictEqual } from "node:util";

/** What one side answers: fields by name. */
export type Answer = Readonly<Record<string, unknown>>;

/** Our answer; what is thrown instead of answered is an answer that nobody else gives. */
export function answerOrError(answer: () => object): Answer {
  try {
    return { ...answer() };
  } catch (error) {
    return { thrown: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}

/** Fields in which two answers differ, for people. */
export function differencesOf(theirs: Answer, ours: Answer): string[] {
  return [...new Set([...Object.keys(theirs), ...Object.keys(ours)])]
    .filter((key) => !isDeepStrictEqual(theirs[key], ours[key]))
    .map((key) => `${key}: pyquarkchain ${JSON.stringify(theirs[key])}, ours ${JSON.stringify(ours[key])}`);
}
