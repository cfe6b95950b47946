/**
 * Copies the bundled database with one fault in it: a block that declares a unit of gas more than its execution uses,
 * with the root block over it hashed anew. For learning what the program says of such a thing.
 *
 *   npm run seed-fault -- FOLDER
 */
import { cpSync, existsSync } from "node:fs";
import { FixtureChain, withMeta } from "../replay/checkdb/twin-chain.testkit.ts";

const SHARD = 1;

const [folder] = process.argv.slice(2);
if (folder === undefined || existsSync(folder)) {
  console.error(folder === undefined ? "name a folder that is not there yet" : `${folder} is there already`);
  process.exit(1);
}
const chain = new FixtureChain();
// The newest block: no contract has read the hash of it yet, and nothing else differs.
const height = chain.tipHeight(SHARD);
const twin = chain.forge({
  minor: {
    fullShardId: SHARD,
    height,
    change: (block) => withMeta(block, { gasUsed: block.meta.gasUsed + 1n }),
  },
});
cpSync(twin.dir, folder, { recursive: true });
twin.remove();
chain.close();
console.log(`${folder}: block ${height} of shard ${SHARD} declares one unit of gas too many`);
