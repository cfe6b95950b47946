/**
 * A run of nibbles inside a byte array. Keys, hex-prefix encodings and their tails share the bytes they came from:
 * walking a trie copies no path.
 */
export interface NibblePath {
  readonly bytes: Uint8Array;
  /** Index of the first nibble: twice its byte's index, plus one for the low half. */
  readonly from: number;
  /** Index behind the last nibble. */
  readonly to: number;
}

const LEAF_FLAG = 0x20;
const ODD_FLAG = 0x10;

export function nibbleAt(bytes: Uint8Array, index: number): number {
  const byte = bytes[index >> 1];
  return (index & 1) === 0 ? byte >> 4 : byte & 0x0f;
}

export function pathLength(path: NibblePath): number {
  return path.to - path.from;
}

/** The path from its `skip`-th nibble on. */
export function pathTail(path: NibblePath, skip: number): NibblePath {
  return { bytes: path.bytes, from: path.from + skip, to: path.to };
}

/** The first `count` nibbles of the path. */
export function pathHead(path: NibblePath, count: number): NibblePath {
  return { bytes: path.bytes, from: path.from, to: path.from + count };
}

/** How many nibbles `path` shares with the nibbles of `key` from `at` on. */
export function sharedNibbles(path: NibblePath, key: Uint8Array, at: number): number {
  const { bytes, from } = path;
  const limit = Math.min(path.to - from, key.length * 2 - at);
  let shared = 0;
  while (shared < limit && nibbleAt(bytes, from + shared) === nibbleAt(key, at + shared)) shared++;
  return shared;
}

/** `first` followed by `second`, in bytes of its own. */
export function joinPaths(first: NibblePath, second: NibblePath): NibblePath {
  const length = pathLength(first) + pathLength(second);
  const bytes = new Uint8Array((length + 1) >> 1);
  const next = copyNibbles(bytes, 0, first);
  return { bytes, from: 0, to: copyNibbles(bytes, next, second) };
}

/** A path of one nibble. */
export function singleNibble(nibble: number): NibblePath {
  return { bytes: Uint8Array.of(nibble), from: 1, to: 2 };
}

/** The nibbles as whole bytes. There must be an even number of them. */
export function pathBytes(path: NibblePath): Uint8Array {
  const out = new Uint8Array(pathLength(path) >> 1);
  copyNibbles(out, 0, path);
  return out;
}

/** Bytes that the hex-prefix encoding of the path takes. */
export function hexPrefixLength(path: NibblePath): number {
  return 1 + (pathLength(path) >> 1);
}

/** Writes the hex-prefix encoding (yellow paper, appendix C) at `at`. */
export function writeHexPrefix(out: Uint8Array, at: number, path: NibblePath, isLeaf: boolean): void {
  const { bytes, from, to } = path;
  let flags = isLeaf ? LEAF_FLAG : 0;
  let next = from;
  if (((to - from) & 1) === 1) flags |= ODD_FLAG | nibbleAt(bytes, next++);
  out[at] = flags;
  if ((next & 1) === 0) {
    for (let byte = next >> 1, put = at + 1; byte < to >> 1; byte++, put++) out[put] = bytes[byte];
    return;
  }
  for (let put = at + 1; next < to; next += 2, put++) {
    out[put] = (nibbleAt(bytes, next) << 4) | nibbleAt(bytes, next + 1);
  }
}

/** Whether a hex-prefix encoding belongs to a leaf, from its first byte. */
export function isLeafPrefix(firstByte: number): boolean {
  return (firstByte & LEAF_FLAG) !== 0;
}

/** The path that the hex-prefix encoding in bytes[start, end) stands for, sharing `bytes`. */
export function readHexPrefix(bytes: Uint8Array, start: number, end: number): NibblePath {
  const isOdd = (bytes[start] & ODD_FLAG) !== 0;
  return { bytes, from: start * 2 + (isOdd ? 1 : 2), to: end * 2 };
}

function copyNibbles(out: Uint8Array, at: number, path: NibblePath): number {
  for (let i = path.from; i < path.to; i++, at++) {
    const nibble = nibbleAt(path.bytes, i);
    out[at >> 1] |= (at & 1) === 0 ? nibble << 4 : nibble;
  }
  return at;
}
