declare module "snappyjs" {
  /** Decompresses a raw Snappy stream; the result is of the argument's kind. */
  export function uncompress(compressed: Uint8Array, maxLength?: number): Uint8Array;
  export function compress(bytes: Uint8Array): Uint8Array;
}
