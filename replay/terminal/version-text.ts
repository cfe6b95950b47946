import { readFileSync } from "node:fs";
import { secp256k1Backend } from "../../node/codec/secp256k1.ts";
import { programVersion } from "../report/version.ts";

/** What a build says of itself: scripts/build.ts writes it beside the program. */
interface Build {
  /** Git's hash of the source; null where it was built outside of a checkout. */
  readonly commit: string | null;
  /** Whether the source had changes that no commit has. */
  readonly isModified: boolean;
}

/** The program's version and what it was made from, then what it runs on: what a report of a fault needs. */
export function versionText(): string {
  const build = readBuild();
  return [
    [programVersion(), ...(build === undefined ? ["(not built)"] : [buildText(build)])].join(" "),
    `node ${process.version}, ${process.platform} ${process.arch}, secp256k1 ${secp256k1Backend()}`,
  ].join("\n");
}

function buildText({ commit, isModified }: Build): string {
  if (commit === null) return "(built outside of a checkout)";
  return `(commit ${commit.slice(0, 12)}${isModified ? ", with changes" : ""})`;
}

function readBuild(): Build | undefined {
  try {
    return JSON.parse(readFileSync(new URL("../../build.json", import.meta.url), "utf8"));
  } catch {
    return undefined;
  }
}
