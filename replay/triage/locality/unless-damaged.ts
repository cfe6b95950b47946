import { DatabaseDamagedError } from "../../../node/codec/errors.ts";

/** What a read gives; undefined where rows are missing or altered: what is left still tells something. */
export function unlessDamaged<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DatabaseDamagedError) return undefined;
    throw error;
  }
}
