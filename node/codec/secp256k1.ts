import { createRequire } from "node:module";
import { dirname } from "node:path";
import { operations } from "../measure/operations.ts";

/** The functions of the secp256k1 package; they check their arguments and throw for what cannot be. */
type Secp256k1 = typeof import("secp256k1");

/** What its native part offers beneath them: no checks, an answer of 0 where it went well. */
interface Binding {
  ecdsaRecover(publicKey: Uint8Array, signature: Uint8Array, recoveryId: number, hash: Uint8Array): number;
}

/** Which build of the package is loaded: its JavaScript fallback is 30 times slower. */
export type Secp256k1Backend = "native" | "elliptic";

interface Loaded {
  readonly functions: Secp256k1;
  readonly binding: Binding | undefined;
}

const require = createRequire(import.meta.url);
let loaded: Loaded | undefined;

// A recovery ends before the next one begins: one key serves the thread.
const publicKey = new Uint8Array(65);
const point = publicKey.subarray(1);

/** The package, once a thread: its tables take 50 ms to make, so a thread that needs no signature makes none. */
export function secp256k1(): Secp256k1 {
  loaded ??= load();
  return loaded.functions;
}

/**
 * The 64 bytes x ‖ y of the key that a signature gives for a hash, good until the next call; undefined where there is no
 * such point. `signature`: 64 bytes r ‖ s, both from 1 to the group order less 1; `recoveryId`: 0 to 3; `hash`: 32 bytes.
 */
export function recoverPoint(signature: Uint8Array, recoveryId: number, hash: Uint8Array): Uint8Array | undefined {
  operations.recoveries++;
  loaded ??= load();
  const { binding, functions } = loaded;
  // The package spends some microseconds on checks of what is right by construction.
  if (binding !== undefined)
    return binding.ecdsaRecover(publicKey, signature, recoveryId, hash) === 0 ? point : undefined;
  try {
    functions.ecdsaRecover(signature, recoveryId, hash, false, publicKey);
    return point;
  } catch {
    return undefined;
  }
}

export function secp256k1Backend(): Secp256k1Backend {
  try {
    nativePart();
    return "native";
  } catch {
    return "elliptic";
  }
}

function load(): Loaded {
  try {
    const { Secp256k1 } = nativePart();
    const binding = new Secp256k1();
    return { functions: require("secp256k1/lib/index.js")(binding), binding };
  } catch {
    return { functions: require("secp256k1/elliptic.js"), binding: undefined };
  }
}

/** Throws where there is none for this platform. */
function nativePart(): { readonly Secp256k1: new () => Binding } {
  const place = require.resolve("secp256k1/package.json");
  return createRequire(place)("node-gyp-build")(dirname(place));
}
