import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

/** Readers for fixtures/peers: see the README there. */

/** Blocks have names: 0 to `tip` are the canonical ones by height, 101 and 102 a branch on block `fork`. */
export interface ServedVectors {
  readonly tip: number;
  readonly fork: number;
  readonly answers: readonly (HeadersVector | HeadersWithSkipVector)[];
}

export interface HeadersVector {
  readonly hash: number;
  readonly branch: number;
  readonly limit: number;
  readonly direction: number;
  readonly headers: readonly number[] | null;
}

export interface HeadersWithSkipVector {
  readonly type: number;
  /** Hexadecimal: a name or a height. */
  readonly data: string;
  readonly limit: number;
  readonly skip: number;
  readonly direction: number;
  readonly headers: readonly number[] | null;
}

export interface ConnectionLife {
  readonly roots: readonly { readonly totalDifficulty: number; readonly height: number; readonly isKnown: boolean }[];
  readonly blocks: readonly { readonly height: number; readonly branch: number; readonly root: number }[];
  readonly events: readonly ConnectionEvent[];
}

/** Roots and blocks by their places. */
type ConnectionEvent =
  | { readonly kind: "start"; readonly root: number; readonly block: number }
  | {
      readonly kind: "announce";
      readonly root: number;
      readonly blocks: readonly number[];
      readonly result: "close" | "sync" | "none";
    }
  | { readonly kind: "push"; readonly block: number }
  | {
      readonly kind: "tip";
      readonly root: number;
      readonly block: number;
      /** Root block of the newest confirmed block. */
      readonly confirmedOn: number | null;
      readonly result: boolean;
    };

export const readServed = (): ServedVectors => read("served");

export const readAnnouncements = (): Record<"announced" | "pushed", readonly ConnectionLife[]> => read("announcements");

function read<T>(name: string): T {
  const path = fileURLToPath(new URL(`../../fixtures/peers/${name}.json.gz`, import.meta.url));
  return JSON.parse(gunzipSync(readFileSync(path)).toString("utf8")) as T;
}
