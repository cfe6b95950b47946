import { withPlaces } from "../text/command-text.ts";
import type { Divergence, Report } from "./schema.ts";

/** The one command that shows a divergence again, with all that the run was told about the database. */
export function showAgain(report: Report, divergence: Divergence): string {
  return commandAgain(report, divergence.triage?.command ?? narrowed(divergence));
}

/** A command that a report names, as it is to be typed. */
export function commandAgain(report: Report, command: string): string {
  const { databasePath: db, configPath, program } = report.timing;
  return withPlaces(command, { program, db, configPath, more: flagsFor(report, command) });
}

/** The smallest check that meets the divergence again; DIR stands for the database's folder. */
function narrowed({ fullShardId, rootHeight }: Divergence): string {
  const span =
    rootHeight === null ? ["--last", "1", "--unconfirmed"] : ["--from", `${rootHeight}`, "--to", `${rootHeight}`];
  const shard = fullShardId === null ? [] : ["--shard", `${fullShardId}`];
  return `qkc checkdb --db DIR ${[...span, ...shard, "--json"].join(" ")}`;
}

function flagsFor({ provenance }: Report, command: string): string[] {
  const { verifyPow, checkArchive, rootTip, verifyChecksums } = provenance.flags;
  const isCheck = command.startsWith("qkc checkdb ");
  const isLook = isCheck || command.startsWith("qkc diff ");
  return [
    ...(isLook && rootTip !== null ? ["--root-tip", rootTip] : []),
    ...(isCheck && verifyPow ? ["--verify-pow"] : []),
    ...(isCheck && checkArchive ? ["--check-archive"] : []),
    ...(isCheck && verifyChecksums === "all" ? ["--verify-checksums", "all"] : []),
  ];
}
