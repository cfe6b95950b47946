import { z } from "zod";
import type { DebugOptions, PreState, PreStateAccount } from "../tracing-engine.ts";
import {
  addressField,
  bytesField,
  countField,
  dataToJson,
  hashField,
  quantityToJson,
  tokenBalancesField,
  tokenBalancesToJson,
  uint32Field,
  uint256Field,
} from "./json-fields.ts";
import { longListField } from "./long-list.ts";

export const debugOptionsSchema = z
  .strictObject({ limitBytes: countField.nullable().optional() })
  .transform(({ limitBytes }): DebugOptions => ({ limitBytes: limitBytes ?? undefined }))
  .meta({ id: "DebugOptionsQKCV1" });

export function debugOptionsToJson({ limitBytes }: DebugOptions): z.input<typeof debugOptionsSchema> {
  return { limitBytes: limitBytes === undefined ? null : quantityToJson(limitBytes) };
}

const storageField = z
  .array(z.strictObject({ slot: uint256Field, value: uint256Field }))
  .transform((rows, context): ReadonlyMap<bigint, bigint> => {
    const storage = new Map(rows.map(({ slot, value }) => [slot, value]));
    if (storage.size !== rows.length) context.addIssue("the same slot twice");
    return storage;
  });

const accountSchema = z
  .strictObject({
    address: addressField,
    exists: z.boolean(),
    nonce: uint256Field,
    fullShardKey: uint32Field,
    balances: tokenBalancesField,
    codeHash: hashField,
    code: bytesField.nullable(),
    storage: storageField,
  })
  .transform((json): PreStateAccount => json);

export const preStateSchema = z
  .strictObject({ accounts: longListField(accountSchema) })
  .transform((json): PreState => json)
  .meta({ id: "PreStateQKCV1" });

export function preStateToJson({ accounts }: PreState) {
  return { accounts: accounts.map(preStateAccountToJson) };
}

export function preStateAccountToJson(account: PreStateAccount): z.input<typeof accountSchema> {
  const { address, exists, nonce, fullShardKey, balances, codeHash, code, storage } = account;
  return {
    address: dataToJson(address),
    exists,
    nonce: quantityToJson(nonce),
    fullShardKey: quantityToJson(fullShardKey),
    balances: tokenBalancesToJson(balances),
    codeHash: dataToJson(codeHash),
    code: code === null ? null : dataToJson(code),
    storage: [...storage].map(([slot, value]) => ({ slot: quantityToJson(slot), value: quantityToJson(value) })),
  };
}
