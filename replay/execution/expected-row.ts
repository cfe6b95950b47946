import { bytesEqual } from "../../node/codec/bytes.ts";

/** A row that has to be there, and what it has to say. */
export interface ExpectedRow {
  readonly key: Uint8Array;
  readonly what: string;
  /** May throw CodecError: what does not even decode is not right. */
  readonly isRight: (value: Uint8Array) => boolean;
  /** Whether the database keeps rows of this kind here: a client may have been run without. */
  readonly isKept: () => boolean;
}

export const ALWAYS = () => true;

export function always(key: Uint8Array, what: string, expected: Uint8Array): ExpectedRow {
  return { key, what, isRight: (value) => bytesEqual(value, expected), isKept: ALWAYS };
}
