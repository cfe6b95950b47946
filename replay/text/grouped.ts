// Not toLocaleString, which takes a tenth of a second to load the machine's languages.
const DIGITS_BEFORE_THOUSANDS = /\d(?=(\d{3})+(?!\d))/g;

/** A whole number for people, with a comma at each thousand, whatever the machine's language. */
export function grouped(value: number | bigint): string {
  return String(value).replace(DIGITS_BEFORE_THOUSANDS, "$&,");
}

/** The same of a difference: a positive one has its sign too. */
export function signedGrouped(value: bigint): string {
  return value > 0n ? `+${grouped(value)}` : grouped(value);
}

/** A count of things: "1 block", "2,000 blocks". */
export function counted(count: number, name: string): string {
  return `${grouped(count)} ${name}${count === 1 ? "" : "s"}`;
}
