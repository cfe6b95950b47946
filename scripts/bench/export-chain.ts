/**
 * Writes a database's chain into one file, of which scripts/bench/goquarkchain/import_chain.go makes a database of
 * goquarkchain's own:
 *
 *     node --import tsx scripts/bench/export-chain.ts DB FILE
 *
 * Each block is its kind (1 byte: 0 root, 1 minor), its length (4 bytes, big-endian) and its bytes. A root block stands
 * behind the minor blocks that it confirms; genesis blocks are left out.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { encodeMinorBlock } from "../../node/chain/minor-block.ts";
import { encodeRootBlock } from "../../node/chain/root-block.ts";
import { RootChain } from "../../node/cl/root-chain.ts";
import { concatBytes, uint32ToBytes } from "../../node/codec/bytes.ts";
import { openDatabase } from "../../replay/database/open-database.ts";

const ROOT = 0;
const MINOR = 1;

const [db, file] = process.argv.slice(2);
const { source, rootTip } = openDatabase({
  db,
  configPath: undefined,
  rootTip: undefined,
  verifyChecksums: "default",
});
const rootBlocks = source.rootBlocks();
const rootChain = new RootChain(rootBlocks, rootTip);
const out = openSync(file, "w");
const tip = rootBlocks.rootHeader(rootTip).height;
for (let height = 1; height <= tip; height++) {
  const { block, minorHashes } = rootChain.blockAt(height);
  for (const [i, header] of block.minorHeaders.entries()) {
    if (header.height > 0) write(MINOR, encodeMinorBlock(source.shard(header.branch).minorBlock(minorHashes[i])));
  }
  write(ROOT, encodeRootBlock(block));
}
closeSync(out);
source.close();

function write(kind: number, block: Uint8Array): void {
  writeSync(out, concatBytes(Uint8Array.of(kind), uint32ToBytes(block.length), block));
}
