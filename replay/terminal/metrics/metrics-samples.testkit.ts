import { expect } from "vitest";

/** The format's grammar, as far as it is used here: every sample belongs to the family that was announced last. */
export function samplesOf(text: string): Map<string, number> {
  const lines = text.split("\n");
  expect(lines.slice(-2)).toEqual(["# EOF", ""]);
  const samples = new Map<string, number>();
  let family = "";
  let type = "";
  for (const line of lines.slice(0, -2)) {
    const announced = /^# TYPE ([a-z_]+) (counter|gauge|info|histogram)$/.exec(line);
    if (announced !== null) {
      [, family, type] = announced;
      continue;
    }
    if (line.startsWith("# UNIT ")) {
      const [, name, unit] = /^# UNIT ([a-z_]+) ([a-z]+)$/.exec(line) ?? [];
      expect([name, name?.endsWith(`_${unit}`)]).toEqual([family, true]);
      continue;
    }
    if (line.startsWith("# HELP ")) {
      expect(line).toMatch(new RegExp(`^# HELP ${family} .+\\.$`));
      continue;
    }
    const suffix = { counter: "_total", gauge: "", info: "_info", histogram: "_(?:bucket|sum|count)" }[type];
    expect(line).toMatch(
      new RegExp(`^${family}${suffix}(\\{[a-z]+="[^"\\\\]*"(,[a-z]+="[^"\\\\]*")*\\})? (NaN|[0-9.e+-]+)$`),
    );
    const end = line.lastIndexOf(" ");
    expect(samples.has(line.slice(0, end))).toBe(false);
    samples.set(line.slice(0, end), Number(line.slice(end + 1)));
  }
  return samples;
}
