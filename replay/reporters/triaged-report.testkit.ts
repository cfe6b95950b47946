import { assembleReport, reportedDivergence } from "../report/assemble.ts";
import type { CallsOfUnit } from "../report/calls-schema.ts";
import { divergence, HASH, rangeResult, reportInput } from "../report/report.testkit.ts";
import type { Divergence, Report } from "../report/schema.ts";
import type { StepSide, Triage } from "../report/triage-schema.ts";

const ADDRESS = `0x${"aa".repeat(20)}`;
/** Text that would do harm wherever it is taken for markup. */
export const HOSTILE = `</script><img src=x onerror="alert(1)"> & "quoted" 'single' \`tick\` | pipe % \u0007 ]]> <!--`;

/** A report of `count` diverging blocks; the first is triaged in full. */
export function triagedReport(count: number): Report {
  const divergences = Array.from({ length: count }, (_, i): Divergence => {
    const shard = i % 2 === 0 ? 1 : 65537;
    const kind = i % 3 === 0 ? "gasUsed" : "stateRoot";
    return {
      ...reportedDivergence(divergence(1 + (i % 1000), shard, i)),
      hash: i.toString(16).padStart(64, "0"),
      fields: [{ field: kind, declared: `${i}`, computed: `${i + 1}` }],
      class: `EIP-${kind === "gasUsed" ? 2929 : 1884}`,
      triage: null,
    };
  });
  const [first, ...rest] = divergences;
  const all =
    first === undefined ? [] : [{ ...first, fields: [...first.fields, hostileField()], triage: triage() }, ...rest];
  const report = assembleReport(reportInput([rangeResult(0)]));
  return {
    ...report,
    verdict: count === 0 ? "clean" : "divergent",
    range: { rootFrom: 1, rootTo: 1000, shards: [1, 65537] },
    divergences: all,
    classes: [...new Set(all.map((item) => item.class ?? ""))].map((name) => ({
      name,
      explanation: `${name} ${HOSTILE}`,
      count: all.filter((item) => item.class === name).length,
      first: { fullShardId: 1, height: 0, hash: HASH },
      allowed: null,
    })),
    warnings: [HOSTILE],
  };
}

function hostileField(): Divergence["fields"][number] {
  return { field: "coinbaseAmounts", declared: HOSTILE, computed: `${HOSTILE}!` };
}

function triage(): Triage {
  const unit = { kind: "transaction" as const, index: 2, hash: HASH };
  const steps = (gas: number) => Array.from({ length: 5 }, (_, i) => step(i, gas - i * 3));
  return {
    id: "1-0-00000000",
    class: "EIP-2929",
    unit,
    receipt: { index: 2, fields: [{ field: "gasUsed", declared: "21000", computed: "22300" }] },
    state: {
      compared: true,
      differences: [
        {
          address: ADDRESS,
          addressHash: HASH,
          field: "balance",
          key: "QKC",
          keyHash: null,
          before: "5",
          declared: "4",
          computed: "3",
        },
      ],
      omitted: 7,
    },
    step: {
      unit,
      reference: "quarkchain",
      tested: "quarkchain+2929",
      what: "gas",
      contract: ADDRESS,
      callPath: [`CALL ${ADDRESS}`],
      referenceStep: step(2, 94),
      testedStep: step(2, 90),
      context: { reference: steps(100), tested: steps(96) },
      code: [
        { pc: 0, text: "PUSH1 0x00", here: false },
        { pc: 2, text: "SLOAD", here: true },
      ],
      traces: { reference: "traces/a.jsonl", tested: "traces/b.jsonl" },
    },
    calls: ["quarkchain+2929", "quarkchain"].map((execution, i) => callsBy(execution, 100 + i)),
    attribution: {
      switches: [{ name: "2929", title: "EIP-2929" }],
      explanation: "EIP-2929: SLOAD of a cold slot costs 2,100, gas +1,300 at pc 0x2",
    },
    reproducer: "reproducers/1-0-00000000.json",
    command: "qkc diff --db DIR --block 1:0",
  };
}

function step(index: number, gas: number): StepSide {
  return { step: index, pc: index, opcode: "SLOAD", gas: `${gas}`, gasCost: "3", depth: 1, stack: ["0x01", "0x02"] };
}

function callsBy(execution: string, gas: number): CallsOfUnit {
  const to = `0x${"ab".repeat(20)}`;
  return {
    execution,
    unit: { kind: "transaction", index: 0, hash: null },
    success: true,
    gasUsed: `${gas}`,
    calls: [
      {
        kind: "CALL",
        depth: 0,
        from: to,
        to,
        contract: null,
        selector: "0xa9059cbb",
        function: "transfer(address,uint256)",
        arguments: [{ name: "to", value: to }],
        input: "0xa9059cbb",
        value: "0",
        token: "QKC",
        gasIn: "1000",
        gasOut: "900",
        ownGas: `${gas}`,
        success: true,
        failure: null,
        output: "0x",
      },
    ],
    omitted: 0,
    sent: [],
    gas: [{ contract: to, function: "transfer(address,uint256)", calls: 1, gas: `${gas}` }],
  };
}
