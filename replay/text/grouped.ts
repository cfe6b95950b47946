/** A number for people, with a comma at each thousand, whatever the machine's language. */
export function grouped(value: number | bigint): string {
  return value.toLocaleString("en-US");
}

/** The same of a difference: a positive one has its sign too. */
export function signedGrouped(value: bigint): string {
  return value > 0n ? `+${grouped(value)}` : grouped(value);
}
