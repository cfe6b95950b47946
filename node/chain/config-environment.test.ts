import { describe, expect, it } from "vitest";
import { ConfigError } from "../codec/errors.ts";
import { parseClusterConfig } from "./config-file.ts";
import { canonicalConfig } from "./config-hash.ts";
import type { JsonValue } from "./config-json.ts";
import { canonicalOperation, changedDefaults, EXPECTED, readFixtureConfig } from "./expected-configs.testkit.ts";
import { parsePythonLiteral } from "./python-literal.ts";

const parse = (environment: Record<string, string>, text = changedDefaults()) =>
  parseClusterConfig(text, "c.json", environment);

describe("variables QKC__…", () => {
  it("change what they change in pyquarkchain, and nothing else", () => {
    const { operation, quarkchain, slaves } = readFixtureConfig("varied.json", EXPECTED.environment);
    expect(canonicalOperation(operation)).toEqual(EXPECTED.underEnvironment.operation);
    expect(canonicalConfig(quarkchain)).toEqual(EXPECTED.underEnvironment.quarkchain);
    expect(slaves).toEqual(EXPECTED.underEnvironment.slaves);
  });

  it.each(EXPECTED.refusedVariables)("refuses %s=%s, which pyquarkchain cannot apply", (variable, value) => {
    const read = () => readFixtureConfig("varied.json", { [variable]: value });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(`the variable ${variable} `);
  });

  it("refuses what pyquarkchain takes and then does not heed", () => {
    expect(() => parse({ QKC__QUARKCHAIN__CHAIN_SIZE: "3" })).toThrow(/cannot change CHAIN_SIZE: change the config/);
    expect(() => parse({ QKC__SLAVE_LIST: "[]" })).toThrow(/cannot change SLAVE_LIST/);
    expect(() => parse({ QKC__MONITORING: "{}" })).toThrow(/must name a field of MONITORING, as in QKC__MONITORING__F/);
    expect(() => parse({ QKC__CLEAN: "'yes'" })).toThrow(/^c\.json: CLEAN must be true or false/);
  });

  it("sets fields of sections that the file leaves out, but not of one that is null", () => {
    const without = changedDefaults(["MONITORING", undefined], ["PROMETHEUS", undefined]);
    const { operation } = parse(
      { QKC__MONITORING__ERRORS: "'e'", QKC__PROMETHEUS__MONITOR_XSHARD_DEPOSIT: "1" },
      without,
    );
    expect([operation.monitoring.errorTopic, operation.prometheus.monitorXshardDeposit]).toEqual(["e", true]);
    const isNull = changedDefaults(["PROMETHEUS", null]);
    expect(() => parse({ QKC__PROMETHEUS__PORT: "1" }, isNull)).toThrow(/PROMETHEUS, which is null/);
    expect(parse({ QKC__PROMETHEUS: "None" }).operation.prometheus.monitorXshardDeposit).toBe(false);
  });
});

describe("parsePythonLiteral", () => {
  it.each(EXPECTED.literals)("reads %s as Python does", (text, json) => {
    const value = parsePythonLiteral(text, "it");
    expect(asJson(value)).toEqual(JSON.parse(json));
    // A float is no int, whatever JSON makes of it.
    if (typeof value === "number") expect(json).toMatch(/[.e]/);
  });

  it("keeps whole numbers exact", () => {
    expect(parsePythonLiteral("-10000000000000000000000001", "it")).toBe(-10000000000000000000000001n);
  });

  it("says what it met, and where", () => {
    expect(() => parsePythonLiteral("[1, x]", "it")).toThrow(
      /^it is no Python literal: expected a literal such as .* at character/,
    );
    expect(() => parsePythonLiteral("[".repeat(10_000), "it")).toThrow(/at most 100 nested levels/);
  });
});

function asJson(value: JsonValue): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, inner]) => [name, asJson(inner)]));
  return Array.isArray(value) ? value.map(asJson) : value;
}
