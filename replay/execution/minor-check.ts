import { fullShardIdOf } from "../../node/chain/config.ts";
import type { CrossShardDeposit } from "../../node/chain/deposit.ts";
import { decodeEvmTransaction } from "../../node/chain/evm-transaction.ts";
import type { MinorBlock } from "../../node/chain/minor-block.ts";
import { minorHeaderHash } from "../../node/chain/minor-block.ts";
import { recoverSender } from "../../node/chain/sender.ts";
import { genesisBlockOf } from "../../node/cl/genesis-block.ts";
import type { SealVerifier } from "../../node/cl/pow/seal.ts";
import { differencesOf } from "../../node/cl/rule-violation.ts";
import { sealViolations } from "../../node/cl/seal-check.ts";
import { type Address, bytesEqual, type Hash32, toHex } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError } from "../../node/codec/errors.ts";
import type { NewPayloadResult } from "../../node/el/block-executor.ts";
import type { Rules } from "../../node/el/evm/rules.ts";
import type { ExecutionResult } from "../../node/el/payload.ts";
import { LostTokenTrieError } from "../../node/el/state/token-holdings.ts";
import { compareExecution, type FieldDifference } from "../../node/engine/compare-execution.ts";
import { COMPARE, EXECUTE, enterStage, leaveStage } from "../../node/measure/stages.ts";
import type { OpenDatabase } from "../database/open-database.ts";
import { type Cause, causeWithout } from "../report/classes/class-name.ts";
import { blockName } from "../text/block-name.ts";
import { ArchivedStates } from "./archived-states.ts";
import type { DerivedRowsCheck } from "./derived-rows-check.ts";
import type { CheckedBlock, Findings, Violation } from "./findings.ts";
import { formerTargetText } from "./former-target.ts";
import type { ShardRig, ShardRigs } from "./shard-rig.ts";
import { missingSends, storedSends } from "./stored-sends.ts";

type MinorBlockPlace = CheckedBlock & { readonly fullShardId: number };

/** A block whose execution does not match what it declares, with no rule broken. */
export interface DifferingBlock {
  readonly rig: ShardRig;
  readonly block: MinorBlock;
  readonly parentRoot: Hash32;
  readonly outcome: NewPayloadResult;
  readonly fields: readonly FieldDifference[];
}

/** Looks for the causes of divergences, one after the other in the order of the check. */
export interface CauseFinder {
  /** The cause of a block; null where the search fails, with a warning. */
  causeOf(place: CheckedBlock, differing: DifferingBlock): Cause | null;
  /** The switches of the other client's rules that explain the block, with a warning; none where they do not. */
  noteOtherRules(place: CheckedBlock, rig: ShardRig, block: MinorBlock, parentRoot: Hash32): readonly string[];
}

/** Makes the finder of one check; `tested` are the rules that blocks are executed by. */
export type FindCauses = (database: OpenDatabase, findings: Findings, tested: Rules) => CauseFinder;

export interface MinorCheckOptions {
  /** Undefined: seals are not checked. */
  readonly seals?: SealVerifier;
  readonly findCauses: FindCauses;
  /** Judges rows that nothing executes; undefined: they are not looked at. */
  readonly rows?: DerivedRowsCheck;
}

/** Checks minor blocks of any shard: rules, execution on the parent's archived state, comparison, seal. */
export class MinorCheck {
  readonly #database: OpenDatabase;
  readonly #rigs: ShardRigs;
  readonly #findings: Findings;
  readonly #seals: SealVerifier | undefined;
  readonly #states: ArchivedStates;
  readonly #causes: CauseFinder;
  readonly #rows: DerivedRowsCheck | undefined;

  constructor(
    database: OpenDatabase,
    rigs: ShardRigs,
    findings: Findings,
    { seals, findCauses, rows }: MinorCheckOptions,
  ) {
    this.#database = database;
    this.#rigs = rigs;
    this.#findings = findings;
    this.#seals = seals;
    this.#rows = rows;
    this.#causes = findCauses(database, findings, rigs.rules);
    this.#states = new ArchivedStates(database, rigs, findings.warnings);
  }

  /** Returns the gas that the block used. Whatever is wrong with the block goes to the findings. */
  async check(place: MinorBlockPlace): Promise<number> {
    this.#findings.clock.start();
    try {
      const rig = this.#rigs.of(place.fullShardId);
      const block = rig.cl.chain.read(place.hash);
      this.#findings.clock.lap("read");
      if (block.header.height === 0) return this.#checkGenesis(place, rig, block);
      return await this.#checkExecuted(place, rig, block);
    } catch (error) {
      this.#findings.addError(place, error);
      return 0;
    }
  }

  /** The state that a block leaves for what builds on it, see ArchivedStates. */
  stateAfter(fullShardId: number, hash: Hash32): Promise<Hash32> {
    return this.#states.stateAfter(fullShardId, hash);
  }

  async #checkExecuted(place: MinorBlockPlace, rig: ShardRig, block: MinorBlock): Promise<number> {
    const { clock } = this.#findings;
    const violations = rig.cl.violationsOf(block);
    clock.lap("rules");
    const parentRoot = await this.stateAfter(place.fullShardId, block.header.prevMinorBlockHash);
    this.#states.prepare(rig, block);
    let outcome: NewPayloadResult;
    const rules = enterStage(EXECUTE);
    try {
      outcome = await this.#states.execute(rig, block, parentRoot);
    } catch (error) {
      throw this.#knownDamage(error, place, rig, block, parentRoot);
    }
    leaveStage(rules);
    clock.lap("execute");
    const refusals: Violation[] = [...violations, ...(await this.#checkSeal(rig, block, parentRoot))];
    clock.lap("seal");
    const differences = differencesOf(violations);
    if (outcome.status === "INVALID") {
      const refusal = { code: "EXECUTION_INVALID", message: refusalText(outcome.rejection) };
      const former = formerTargetText(this.#database.config.quarkchain, place, block, outcome.rejection);
      if (former !== undefined) this.#findings.warnings.add(former);
      const cause =
        refusals.length === 0
          ? this.#causes.causeOf(place, { rig, block, parentRoot, outcome, fields: differences })
          : undefined;
      this.#findings.addDivergence(place, differences, [...refusals, refusal], cause);
      this.#count(place.fullShardId, block, 0, block.meta.gasUsed, block.meta.xshardReceiveGasUsed);
      return Number(block.meta.gasUsed);
    }
    const { computed } = outcome;
    enterStage(COMPARE);
    const found = [...differences, ...this.#compare(place, rig, block, computed)];
    this.#checkArchive(place, rig, block, computed);
    if (found.length + refusals.length === 0) this.#checkRows(place, rig, block, parentRoot, computed);
    const cause =
      found.length > 0 && refusals.length === 0
        ? this.#causes.causeOf(place, { rig, block, parentRoot, outcome, fields: found })
        : undefined;
    this.#findings.addDivergence(place, found, refusals, cause);
    leaveStage(rules);
    clock.lap("compare");
    this.#states.executed(rig, place.hash, computed.stateRoot);
    this.#count(place.fullShardId, block, computed.depositsConsumed, computed.gasUsed, computed.xshardReceiveGasUsed);
    return Number(computed.gasUsed);
  }

  /** goquarkchain never writes token tries with the state: an account's balances missing there is its own doing. */
  #knownDamage(error: unknown, place: MinorBlockPlace, rig: ShardRig, block: MinorBlock, parentRoot: Hash32): unknown {
    if (!(error instanceof LostTokenTrieError) || this.#database.source.kind !== "goquarkchain") return error;
    this.#causes.noteOtherRules(place, rig, block, parentRoot);
    const what = "the token trie of an account that held more than 16 tokens, whose balances are lost with it";
    const message = `damage that goquarkchain itself leaves in ${rig.source.name}: ${what}`;
    return new DatabaseDamagedError(message, error.location, { cause: error });
  }

  #compare(
    place: MinorBlockPlace,
    rig: ShardRig,
    block: MinorBlock,
    computed: ExecutionResult,
  ): readonly FieldDifference[] {
    const sends = rig.cl.sendsOf(block, computed.xshardSends);
    for (const fullShardId of sends.keys()) {
      if (this.#rigs.has(fullShardId)) continue;
      this.#findings.warnings.add(`shard ${fullShardId} is not there: what the others sent to it is not compared`);
    }
    const stored = storedSends(this.#database.source, place.hash, sends, (destination) => {
      if (place.root !== null || rig.source.isCommitted(place.hash)) {
        this.#findings.addDamage(place, missingSends(destination, place.hash, place.fullShardId));
      } else {
        this.#findings.warnings.add(neverCommitted(place));
      }
    });
    return compareExecution(block, computed, stored, (fullShardId) => sends.get(fullShardId) ?? []);
  }

  /** A computed state that the archive lacks, or rows of it that differ, are damage: the next block would not find them. */
  #checkArchive(place: MinorBlockPlace, rig: ShardRig, block: MinorBlock, computed: ExecutionResult): void {
    const faults = rig.nodes.takeFaults();
    if (!bytesEqual(block.meta.stateRoot, computed.stateRoot)) return;
    const isArchived = rig.nodes.isArchived(computed.stateRoot);
    if (!isArchived && this.#states.isPruned(rig, block.header.height)) return;
    const database = rig.source.name;
    for (const { hash, fault } of faults) {
      const what = "a trie node or code that this block's execution produced";
      this.#findings.addDamage(
        place,
        new DatabaseDamagedError(`${fault} row in ${database}: ${what}`, { key: toHex(hash) }),
      );
    }
    // goquarkchain stores a state without its token tries: there they are only in what execution produced.
    if (isArchived && this.#database.source.kind === "pyquarkchain") rig.nodes.dropProduced();
    if (faults.length > 0 || isArchived) return;
    const what = "the root node of the state after this block";
    this.#findings.addDamage(
      place,
      new DatabaseDamagedError(`missing row in ${database}: ${what}`, { key: toHex(computed.stateRoot) }),
    );
  }

  /** What a block that is as it declares consumed, and whom its transactions concern, decides further rows. */
  #checkRows(
    place: MinorBlockPlace,
    rig: ShardRig,
    block: MinorBlock,
    parentRoot: Hash32,
    { depositsConsumed }: ExecutionResult,
  ): void {
    if (this.#rows === undefined) return;
    const deposits: CrossShardDeposit[] = [];
    for (const { deposit } of rig.cl.payloadOf(block, parentRoot).deposits) {
      if (deposits.length === depositsConsumed) break;
      deposits.push(deposit);
    }
    const parties = block.transactions.map(({ rlp }) => this.#partiesOf(rlp, place.fullShardId));
    this.#rows.checkMinor(place, rig.source, { hash: place.hash, block, deposits, parties });
    this.#findings.clock.lap("rows");
  }

  #partiesOf(rlp: Uint8Array, fullShardId: number): Address[] {
    const transaction = decodeEvmTransaction(rlp);
    const { to, toFullShardKey } = transaction;
    const sender = recoverSender(transaction);
    const isHere = to !== undefined && fullShardIdOf(this.#database.config.quarkchain, toFullShardKey) === fullShardId;
    return [...(sender === undefined ? [] : [sender]), ...(isHere ? [to] : [])];
  }

  async #checkSeal(rig: ShardRig, block: MinorBlock, parentRoot: Hash32): Promise<readonly Violation[]> {
    if (this.#seals === undefined) return [];
    const target = await rig.cl.sealTargetOf(block, parentRoot, rig.engine);
    return sealViolations(this.#seals.verify(rig.cl.sealOf(block, target.difficulty)), target, block.header.difficulty);
  }

  /** A genesis block is not executed: it is what the configuration makes it on its root block. */
  #checkGenesis(place: MinorBlockPlace, rig: ShardRig, block: MinorBlock): number {
    const rootHeader = rig.source.rootHeader(block.header.prevRootBlockHash);
    const expected = genesisBlockOf(this.#database.config.quarkchain, place.fullShardId, rootHeader);
    const differences: FieldDifference[] = [];
    if (!bytesEqual(block.meta.stateRoot, expected.meta.stateRoot)) {
      const [declared, computed] = [toHex(block.meta.stateRoot), toHex(expected.meta.stateRoot)];
      differences.push({ field: "stateRoot", declared, computed });
    }
    const expectedHash = minorHeaderHash(expected.header);
    if (!bytesEqual(place.hash, expectedHash)) {
      differences.push({ field: "headerHash", declared: toHex(place.hash), computed: toHex(expectedHash) });
    }
    this.#findings.addDivergence(place, differences, [], causeWithout("genesis"));
    if (differences.length === 0) this.#rows?.checkGenesis(place, rig.source);
    this.#count(place.fullShardId, block, 0, 0n, 0n);
    return 0;
  }

  #count(fullShardId: number, block: MinorBlock, deposits: number, gas: bigint, xshardGas: bigint): void {
    this.#findings.count(fullShardId, { transactions: block.transactions.length, deposits, gas, xshardGas });
  }
}

/** What a crash, or a shard's folder copied after another one's, leaves (pyquarkchain cluster/shard.py add_block). */
function neverCommitted({ fullShardId, height, hash }: MinorBlockPlace): string {
  return (
    `${blockName({ fullShardId, height })}, ${toHex(hash)}, was stored and never committed: ` +
    "other shards have no list of what it sends, so that is not compared"
  );
}

/** Why a block is not executed, in a sentence. */
function refusalText({ transactionIndex, reason }: { transactionIndex?: number; reason: string }): string {
  return transactionIndex === undefined ? reason : `transaction ${transactionIndex}: ${reason}`;
}
