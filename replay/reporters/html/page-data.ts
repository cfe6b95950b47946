import type { CallsOfUnit } from "../../report/calls-schema.ts";
import { callLines, gasLines } from "../../report/calls-text.ts";
import { coinbasePatch } from "../../report/coinbase-text.ts";
import { cursorLines, stakingLines } from "../../report/consensus-text.ts";
import { divergenceId } from "../../report/divergence-id.ts";
import type { Divergence, Report } from "../../report/schema.ts";
import { showAgain } from "../../report/show-again.ts";
import type { Triage } from "../../report/triage-schema.ts";
import { shardHex } from "../../text/block-name.ts";
import { unifiedDiff } from "../../text/unified-diff.ts";
import { fieldsPatch } from "../fields-patch.ts";
import { divergenceTitle, placeOf, type RootSpan, rootSpans } from "../places.ts";
import { statePatch } from "./state-patch.ts";

const STRIP_COLUMNS = 120;

/** What the page's script works on. */
export interface PageData {
  readonly strip: { readonly spans: readonly RootSpan[]; readonly rows: readonly StripRow[] };
  readonly divergences: readonly PageDivergence[];
}

/** Diverging blocks of one chain by span; the last number is of those that no root block confirms yet. */
interface StripRow {
  /** Empty for the root chain. */
  readonly shard: string;
  readonly counts: readonly number[];
}

interface PageDivergence {
  readonly id: string;
  readonly place: string;
  readonly shard: string;
  readonly height: number;
  readonly hash: string;
  readonly root: number | null;
  readonly title: string;
  readonly fields: readonly string[];
  readonly class: string;
  readonly allowed: string | null;
  readonly command: string;
  readonly patch: string;
  readonly violations: Divergence["violations"];
  readonly triage:
    | (Triage & {
        readonly receiptPatch: string;
        readonly statePatch: string;
        readonly depositPatches: readonly string[];
        /** The amounts, and below them what the computed one is the sum of. */
        readonly coinbasePatches: readonly string[];
        readonly cursorText: string;
        readonly stakingText: string;
        /** Two executions as a diff, one as it is. */
        readonly callsPatch: string;
        /** Of the last one. */
        readonly callsGas: string;
      })
    | null;
}

export function pageData(report: Report): PageData {
  return {
    strip: stripOf(report),
    divergences: report.divergences.map((divergence) => pageDivergence(report, divergence)),
  };
}

function pageDivergence(report: Report, divergence: Divergence): PageDivergence {
  const { fullShardId, height, hash, rootHeight, fields, violations, allowed, triage } = divergence;
  const command = showAgain(report, divergence);
  return {
    id: triage?.id ?? divergenceId(divergence),
    place: placeOf(divergence),
    shard: fullShardId === null ? "" : shardHex(fullShardId),
    height,
    hash,
    root: rootHeight,
    title: divergenceTitle(divergence),
    fields: [...fields.map(({ field }) => field), ...violations.map(({ code }) => code)],
    class: divergence.class ?? "",
    allowed,
    command,
    patch: fields.length === 0 ? "" : fieldsPatch(fields),
    violations,
    triage: triage === null ? null : withPatches({ ...triage, command }),
  };
}

function withPatches(triage: Triage): PageDivergence["triage"] {
  const { receipt, state, deposits = [], coinbase = [], cursor, staking, calls = [] } = triage;
  const depositPatches = deposits.map(
    ({ fullShardId, index, txHash, fields }) =>
      `@@ deposit ${index} to shard ${shardHex(fullShardId)}, transaction ${txHash} @@\n${fieldsPatch(fields)}`,
  );
  const receiptPatch = receipt === null ? "" : fieldsPatch(receipt.fields);
  const callsGas = calls.slice(-1).flatMap(gasLines).join("\n");
  const coinbasePatches = coinbase.map(coinbasePatch);
  const patches = { receiptPatch, statePatch: statePatch(state.differences), depositPatches, coinbasePatches };
  const texts = {
    cursorText: cursor === undefined ? "" : cursorLines(cursor).join("\n"),
    stakingText: staking === undefined ? "" : stakingLines(staking).join("\n"),
  };
  return { ...triage, ...patches, ...texts, callsPatch: callsPatch(calls), callsGas };
}

function callsPatch(calls: readonly CallsOfUnit[]): string {
  const sides = calls.map((side) => ({ name: side.execution, lines: callLines(side) }));
  const [before, after] = sides;
  if (after === undefined || before.lines.join("\n") === after.lines.join("\n"))
    return sides[0]?.lines.join("\n") ?? "";
  return unifiedDiff(before, after, before.lines.length + after.lines.length);
}

function stripOf({ range, divergences }: Report): PageData["strip"] {
  if (range === null) return { spans: [], rows: [] };
  const spans = rootSpans(range, STRIP_COLUMNS);
  const length = spans[0].to - spans[0].from + 1;
  const chains: (number | null)[] = [null, ...range.shards];
  const rows = chains.map((chain) => {
    const counts = new Array<number>(spans.length + 1).fill(0);
    for (const { fullShardId, rootHeight } of divergences) {
      if (fullShardId !== chain) continue;
      const column = rootHeight === null ? spans.length : Math.floor((rootHeight - range.rootFrom) / length);
      counts[column]++;
    }
    return { shard: chain === null ? "" : shardHex(chain), counts };
  });
  return { spans, rows };
}
