export const REPORTER_NAMES = ["html", "markdown", "junit", "github"] as const;

export type ReporterName = (typeof REPORTER_NAMES)[number];
