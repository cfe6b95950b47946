import { readFileSync } from "node:fs";

/** Bytes are hex, difficulties decimal; fixtures/pow/README.md says what each field is. */
type Checks = readonly (readonly [difficulty: string, accepted: boolean])[];

interface Case {
  readonly miningHash: string;
  readonly nonce: string;
}

interface ExpectedProof {
  readonly mixhash: string;
  readonly result: string;
}

interface DoubleSha256Vectors {
  readonly mined: readonly (Case & { readonly difficulty: string })[];
  readonly cases: readonly (Case & { readonly result: string; readonly checks: Checks })[];
}

interface EthashVectors {
  readonly sizes: readonly (readonly [epoch: number, seed: string, cacheBytes: number, datasetBytes: number])[];
  readonly caches: readonly {
    readonly epoch: number;
    readonly rows: number;
    readonly first: string;
    readonly last: string;
  }[];
  readonly cases: readonly (Case &
    ExpectedProof & {
      readonly height: number;
      readonly epoch: number;
      readonly checks: Checks;
      readonly rejectedMixhash: string;
    })[];
}

interface Epoch520Vectors {
  readonly cases: readonly (Case & {
    readonly height: number;
    readonly standard: ExpectedProof;
    readonly purePython: ExpectedProof;
  })[];
}

interface QkchashVectors {
  readonly caches: readonly {
    readonly epoch: number;
    readonly entries: number;
    readonly first: string;
    readonly middle: string;
    readonly last: string;
  }[];
  readonly cases: readonly (Case & {
    readonly height: number;
    readonly epoch: number;
    readonly qkchash: ExpectedProof & { readonly checks: Checks };
    readonly qkchashX: ExpectedProof & { readonly checks: Checks };
  })[];
}

interface Vectors {
  readonly "double-sha256": DoubleSha256Vectors;
  readonly ethash: EthashVectors;
  readonly "ethash-epoch-520": Epoch520Vectors;
  readonly qkchash: QkchashVectors;
}

export function powVectors<Name extends keyof Vectors>(name: Name): Vectors[Name] {
  const path = new URL(`../../../fixtures/pow/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8")) as Vectors[Name];
}
