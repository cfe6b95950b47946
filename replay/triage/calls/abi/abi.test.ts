import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { addressFromHex, fromHex, toHex } from "../../../../node/codec/bytes.ts";
import { CodecError, UsageError } from "../../../../node/codec/errors.ts";
import {
  GENERAL_NATIVE_TOKEN_INIT_CODE,
  NON_RESERVED_NATIVE_TOKEN_INIT_CODE,
  ROOT_CHAIN_POSW_INIT_CODE,
} from "../../../../node/el/evm/precompiles/system-contract-code.ts";
import { decodeValues } from "./abi-decode.ts";
import { readAbiFiles } from "./abi-files.ts";
import { abiType, entryFromText, signatureOf } from "./abi-types.ts";
import { ContractNames, selectorOf } from "./contract-names.ts";
import { SYSTEM_CONTRACTS } from "./system-abi.ts";

const word = (value: number | string) =>
  typeof value === "number" ? value.toString(16).padStart(64, "0") : value.padEnd(64, "0");
const text = (value: string) => word(Buffer.from(value).toString("hex"));
const decode = (signature: string, words: readonly (number | string)[]) =>
  decodeValues(entryFromText(signature).inputs, fromHex(words.map(word).join("")));

/** The examples of Solidity's "Contract ABI Specification", with the selectors that it gives. */
const EXAMPLES = [
  { signature: "baz(uint32,bool)", selector: "cdcd77c0", words: [69, 1], values: ["69", "true"] },
  { signature: "bar(bytes3[2])", selector: "fce353f6", words: ["616263", "646566"], values: ["[0x616263, 0x646566]"] },
  {
    signature: "sam(bytes,bool,uint256[])",
    selector: "a5643bf2",
    words: [0x60, 1, 0xa0, 4, text("dave"), 3, 1, 2, 3],
    values: ["0x64617665", "true", "[1, 2, 3]"],
  },
  {
    signature: "f(uint256,uint32[],bytes10,bytes)",
    selector: "8be65246",
    words: [0x123, 0x80, text("1234567890"), 0xe0, 2, 0x456, 0x789, 13, text("Hello, world!")],
    values: ["291", "[1110, 1929]", "0x31323334353637383930", "0x48656c6c6f2c20776f726c6421"],
  },
  {
    signature: "g(uint256[][],string[])",
    selector: "2289b18c",
    words: [
      0x40,
      0x140,
      2,
      0x40,
      0xa0,
      2,
      1,
      2,
      1,
      3,
      3,
      0x60,
      0xa0,
      0xe0,
      3,
      text("one"),
      3,
      text("two"),
      5,
      text("three"),
    ],
    values: ["[[1, 2], [3]]", '["one", "two", "three"]'],
  },
];

describe("arguments", () => {
  test.each(EXAMPLES)("$signature", ({ signature, selector, words, values }) => {
    expect(selectorOf(entryFromText(signature))).toBe(selector);
    expect(decode(signature, words)).toEqual(values);
  });

  test("signed numbers, addresses and tuples", () => {
    expect(decode("f(int8,address)", ["f".repeat(64), `${"0".repeat(24)}${"ab".repeat(20)}`])).toEqual([
      "-1",
      `0x${"ab".repeat(20)}`,
    ]);
    const fields = [entryFromText("f(uint256,string)").inputs[0], { name: "", type: abiType("string") }];
    const type = abiType("tuple[]", fields);
    const data = fromHex([0x20, 1, 0x20, 7, 0x40, 2, text("ok")].map(word).join(""));
    expect(decodeValues([{ name: "", type }], data)).toEqual(['[(7, "ok")]']);
    expect(signatureOf({ name: "f", inputs: [{ name: "", type }] })).toBe("f((uint256,string)[])");
  });

  test("what does not fit a type is shown whole, not cut to it", () => {
    expect(decode("f(address,bytes4,bool)", ["f".repeat(64), "0102030405", 2])).toEqual([
      `0x${"f".repeat(64)}`,
      `0x${word("0102030405")}`,
      "2",
    ]);
  });

  test.each([
    ["too short", "f(uint256,uint256)", [1]],
    ["an offset out of the data", "f(bytes)", ["f".repeat(64)]],
    ["a length out of the data", "f(bytes)", [0x20, 64]],
    // Ten arrays at each of five levels, which are the same: 55 words that would be 111,110 values.
    [
      "arrays that share their items",
      "f(uint256[][][][][])",
      [0x20, ...new Array(4).fill([10, ...new Array(10).fill(320)]).flat(), 10, ...new Array(10).fill(1)],
    ],
    ["a long fixed array", "f(uint256[100000])", [1]],
  ])("%s is refused", (_, signature, words) => {
    expect(() => decode(signature, words)).toThrow(CodecError);
  });

  test.each(["uint7", "uint264", "bytes33", "bytes0", "fixed128x18", "uint256[", "Token"])("%s is no type", (name) => {
    expect(() => abiType(name)).toThrow(CodecError);
  });
});

describe("names", () => {
  const folder = mkdtempSync(join(tmpdir(), "qkc-abi-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, content: unknown) => {
    const path = join(folder, name);
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
    return path;
  };
  const abi = [
    { type: "constructor", inputs: [] },
    {
      type: "function",
      name: "transfer",
      inputs: [
        { name: "to", type: "address" },
        { name: "amount", type: "uint256" },
      ],
    },
    { type: "error", name: "TooLittle", inputs: [{ name: "have", type: "uint256" }] },
    { type: "function", name: "put", inputs: [{ type: "tuple", components: [{ type: "uint8" }, { type: "bytes" }] }] },
  ];
  const at = addressFromHex("11".repeat(20));

  test("of a plain ABI hold for every contract", () => {
    const names = new ContractNames(readAbiFiles([file("plain.json", abi)]));
    expect(names.functionOf(at, "a9059cbb")?.inputs.map(({ name }) => name)).toEqual(["to", "amount"]);
    expect(names.errorOf(selectorOf(entryFromText("TooLittle(uint256)")))?.name).toBe("TooLittle");
    expect(names.nameOf(at)).toBeUndefined();
  });

  test.each([
    ["a deployment's", { abi, contractName: "Token", address: `0x${toHex(at)}` }],
    [
      "Truffle's, with a full shard key",
      { abi, contractName: "Token", networks: { 1: { address: `0x${toHex(at)}00010001` } } },
    ],
  ])("%s artifact names its contract", (_, artifact) => {
    expect(new ContractNames(readAbiFiles([file("artifact.json", artifact)])).nameOf(at)).toBe("Token");
  });

  test("a file that is none says so", () => {
    for (const path of [
      file("text.json", "no json"),
      file("object.json", {}),
      file("type.json", [{ type: "function", name: "f", inputs: [{ type: "uint7" }] }]),
      join(folder, "absent.json"),
    ]) {
      expect(() => readAbiFiles([path])).toThrow(UsageError);
    }
  });

  test("of system contracts have their selectors in the contracts' code", () => {
    const codes = [ROOT_CHAIN_POSW_INIT_CODE, NON_RESERVED_NATIVE_TOKEN_INIT_CODE, GENERAL_NATIVE_TOKEN_INIT_CODE];
    for (const [i, { functions }] of SYSTEM_CONTRACTS.entries()) {
      // PUSH4, the selector, EQ: how a compiled contract finds its functions.
      const absent = functions.filter((entry) => !codes[i].includes(`63${selectorOf(entry)}14`)).map(signatureOf);
      expect(absent).toEqual([]);
    }
  });

  test("of precompiles stand at their addresses", () => {
    const names = new ContractNames();
    expect(names.precompileAt(addressFromHex("514b430002".padStart(40, "0")))?.name).toBe("transferToken");
    expect(names.nameOf(addressFromHex("02".padStart(40, "0")))).toBe("precompile");
  });
});
