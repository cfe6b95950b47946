import { RootChain } from "../../node/cl/root-chain.ts";
import { toHex } from "../../node/codec/bytes.ts";
import { UsageError } from "../../node/codec/errors.ts";
import { clientRows, type StoredBlock } from "../database/client-rows.ts";
import { confirmingRoot } from "../database/confirming-root.ts";
import { findMinorBlock } from "../database/find-block.ts";
import { type OpenRequest, openDatabase } from "../database/open-database.ts";
import { minorReference } from "../database/reference.ts";
import { readReproducerFile } from "../triage/reproducer/reproduce.ts";
import type { NarrowOptions } from "./narrow-check.ts";

/** Which block is meant: the one that a reproducer is of, or one that is named. */
export interface TargetRequest {
  /** File of a reproducer; otherwise `block` is given. */
  readonly reproducer: string | undefined;
  readonly block: string | undefined;
  readonly verifyPow: boolean;
}

/** The block that is exported, and the smallest check that meets it. */
export interface ExportTarget {
  readonly stored: StoredBlock;
  readonly options: NarrowOptions & { readonly from: number; readonly rootTip: string };
}

/** Throws UsageError where there is no such block. */
export function exportTarget(request: TargetRequest, open: OpenRequest): ExportTarget {
  const reference = minorReference(namedBlock(request));
  const database = openDatabase(open);
  const { source, config, rootTip } = database;
  try {
    const { hash, block } = findMinorBlock({ source, rows: clientRows(source), config, tokens: [] }, reference);
    const { branch, height } = block.header;
    if (height === 0) throw new UsageError(`block 0 of shard ${branch} is not executed: the configuration makes it`);
    const flags = { shard: [branch], verifyPow: request.verifyPow ? (true as const) : undefined };
    const rootChain = new RootChain(source.rootBlocks(), rootTip);
    const { rootHeight, rootHash } = confirmingRoot(rootChain, block, hash);
    const stored = { hash, block };
    if (rootHeight !== null && rootHash !== null) {
      return { stored, options: { ...flags, from: rootHeight, to: rootHeight, rootTip: rootHash } };
    }
    const { tipHeight: tip } = rootChain;
    return { stored, options: { ...flags, from: tip, to: tip, unconfirmed: true, rootTip: toHex(rootTip) } };
  } finally {
    source.close();
  }
}

function namedBlock({ reproducer, block }: TargetRequest): string {
  if (reproducer !== undefined && block === undefined) return toHex(readReproducerFile(reproducer).about.hash);
  if (block !== undefined && reproducer === undefined) return block;
  throw new UsageError("name one block: give a reproducer's file or --block");
}
