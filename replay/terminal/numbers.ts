import { InvalidArgumentError } from "commander";

const MAX_UINT32 = 0xffff_ffff;
const MAX_WORKERS = 512;
/** A timer of more milliseconds than an int32 holds rings at once. */
const MAX_SECONDS = Math.floor(0x7fff_ffff / 1000);

/** A whole number, decimal or 0x. Throws InvalidArgumentError, which commander puts behind the option's name. */
export function parseWholeNumber(text: string): number {
  if (!/^(0[xX][0-9a-fA-F]+|[0-9]+)$/.test(text)) {
    throw new InvalidArgumentError("Expected a whole number, decimal or 0x.");
  }
  const value = Number(text);
  if (value > MAX_UINT32) throw new InvalidArgumentError(`The largest possible value is ${MAX_UINT32}.`);
  return value;
}

/** As parseWholeNumber, 1 at least. */
export function parsePositiveNumber(text: string): number {
  const value = parseWholeNumber(text);
  if (value === 0) throw new InvalidArgumentError("Expected 1 or more.");
  return value;
}

/** How long something may take, in whole seconds. */
export function parseSeconds(text: string): number {
  const value = parsePositiveNumber(text);
  if (value > MAX_SECONDS) throw new InvalidArgumentError(`The largest possible value is ${MAX_SECONDS}.`);
  return value;
}

/** Where to listen: an empty text would mean every address of the machine. */
export function parseHost(text: string): string {
  if (!/^\S+$/.test(text)) throw new InvalidArgumentError("Expected an address or a name of this machine.");
  return text;
}

/** One of several parts: "2/8". */
export function parsePart(text: string): { readonly index: number; readonly count: number } {
  const [index, count, ...more] = text.split("/");
  if (count === undefined || more.length > 0) throw new InvalidArgumentError("Expected a part of parts, such as 2/8.");
  const part = { index: parsePositiveNumber(index), count: parsePositiveNumber(count) };
  if (part.index > part.count) throw new InvalidArgumentError(`There is no part ${index} of ${count}.`);
  return part;
}

/** A number of threads. */
export function parseWorkers(text: string): number {
  const value = parsePositiveNumber(text);
  if (value > MAX_WORKERS) throw new InvalidArgumentError(`The largest possible value is ${MAX_WORKERS}.`);
  return value;
}

/** A number in the old commands' way: it may be negative, which means "not given". */
export function parseSignedNumber(text: string): number {
  return /^-[0-9]+$/.test(text) ? Number(text) : parseWholeNumber(text);
}

/** 32 bytes as 64 lower-case hex digits. */
export function parseHash(text: string): string {
  const digits = text.replace(/^0[xX]/, "").toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(digits)) throw new InvalidArgumentError("Expected a hash: 64 hex digits.");
  return digits;
}

/** Collects an option that may be given several times. */
export function collectShard(text: string, earlier: readonly number[] | undefined): number[] {
  return [...(earlier ?? []), parsePositiveNumber(text)];
}
