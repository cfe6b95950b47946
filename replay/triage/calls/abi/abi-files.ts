import { z } from "zod";
import { asAddress, fromHex } from "../../../../node/codec/bytes.ts";
import { reasonOf, UsageError } from "../../../../node/codec/errors.ts";
import { readRegularFile } from "../../../../node/codec/regular-file.ts";
import { type AbiEntry, type AbiField, abiType } from "./abi-types.ts";
import type { ContractAbi } from "./contract-names.ts";

const MOST_BYTES = 32 * 1024 * 1024;
const ADDRESS_BYTES = 20;

interface Parameter {
  readonly name?: string;
  readonly type: string;
  readonly components?: readonly Parameter[];
}

const parameterSchema: z.ZodType<Parameter> = z.lazy(() =>
  z.object({ name: z.string().optional(), type: z.string(), components: z.array(parameterSchema).optional() }),
);
/** Entries of files made before "type" was always there are functions. */
const entrySchema = z.object({
  type: z.string().default("function"),
  name: z.string().optional(),
  inputs: z.array(parameterSchema).optional(),
});
const abiSchema = z.array(entrySchema);
/** 20 bytes, or 24 with a full shard key. */
const addressSchema = z.string().regex(/^0x([0-9a-fA-F]{40}|[0-9a-fA-F]{48})$/);
/** What Truffle, Hardhat, Foundry and deployment plugins write, as far as it is of use. */
const artifactSchema = z.object({
  abi: abiSchema,
  contractName: z.string().optional(),
  address: addressSchema.optional(),
  networks: z.record(z.string(), z.object({ address: addressSchema.optional() })).optional(),
});

/** Interfaces that compilers wrote: a list of entries, or an artifact that holds one. Throws UsageError. */
export function readAbiFiles(paths: readonly string[]): ContractAbi[] {
  return paths.map(readAbiFile);
}

function readAbiFile(path: string): ContractAbi {
  try {
    const bytes = readRegularFile(path, MOST_BYTES);
    if (bytes === undefined) throw new UsageError("there is no such file");
    return contractAbi(JSON.parse(bytes.toString("utf8")));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : reasonOf(error);
    throw new UsageError(`--abi ${path} cannot be used: ${reason}`);
  }
}

function contractAbi(json: unknown): ContractAbi {
  const artifact = Array.isArray(json) ? { abi: abiSchema.parse(json) } : artifactSchema.parse(json);
  const { abi, contractName, address, networks = {} }: z.infer<typeof artifactSchema> = artifact;
  const addresses = [address, ...Object.values(networks).map((network) => network.address)];
  return {
    name: contractName,
    addresses: addresses
      .filter((text) => text !== undefined)
      .map((text) => asAddress(fromHex(text.slice(2).toLowerCase()).slice(0, ADDRESS_BYTES))),
    functions: entriesOf(abi, "function"),
    errors: entriesOf(abi, "error"),
  };
}

function entriesOf(abi: z.infer<typeof abiSchema>, kind: string): AbiEntry[] {
  return abi
    .filter(({ type }) => type === kind)
    .map(({ name, inputs = [] }) => {
      if (name === undefined) throw new UsageError(`a ${kind} has no name`);
      return { name, inputs: inputs.map(fieldOf) };
    });
}

function fieldOf({ name = "", type, components = [] }: Parameter): AbiField {
  return { name, type: abiType(type, components.map(fieldOf)) };
}
