/** GitHub shows this many annotations of a kind for each step. */
const PER_KIND = 10;

type Kind = "error" | "warning" | "notice";

export interface Annotation {
  readonly title: string;
  readonly message: string;
}

/** Annotations of one kind as commands of a job; the last place names what is left out. */
export function annotationLines(name: Kind, annotations: readonly Annotation[]): string[] {
  const shown = annotations.length > PER_KIND ? annotations.slice(0, PER_KIND - 1) : annotations;
  const rest = annotations.length - shown.length;
  const more = rest === 0 ? [] : [{ title: "qkc", message: `${rest} more: see the report` }];
  return [...shown, ...more].map(({ title, message }) => `::${name} title=${property(title)}::${data(message)}\n`);
}

function data(raw: string): string {
  return raw.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(raw: string): string {
  return data(raw).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
