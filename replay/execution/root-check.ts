import type { SealVerifier } from "../../node/cl/pow/seal.ts";
import type { RootChain, RootChainBlock } from "../../node/cl/root-chain.ts";
import { RootCl } from "../../node/cl/root-cl.ts";
import { queryRootStakes, type RootStakes, STAKING_SHARD } from "../../node/cl/root-stakes.ts";
import { differencesOf } from "../../node/cl/rule-violation.ts";
import { sealViolations } from "../../node/cl/seal-check.ts";
import type { Address, Hash32 } from "../../node/codec/bytes.ts";
import { DatabaseDamagedError } from "../../node/codec/errors.ts";
import type { OpenDatabase } from "../database/open-database.ts";
import type { DerivedRowsCheck } from "./derived-rows-check.ts";
import type { CheckedBlock, Findings, Violation } from "./findings.ts";
import type { ShardRigs } from "./shard-rig.ts";

/** The state that a shard's block leaves for what builds on it. */
type StateAfter = (fullShardId: number, minorHash: Hash32) => Promise<Hash32>;

/** Checks root blocks: rules, staking, seal. */
export class RootCheck {
  readonly #rigs: ShardRigs;
  readonly #findings: Findings;
  readonly #seals: SealVerifier | undefined;
  readonly #cl: RootCl;
  readonly #database: OpenDatabase;
  readonly #stateAfter: StateAfter;
  readonly #rows: DerivedRowsCheck | undefined;

  constructor(
    database: OpenDatabase,
    rootChain: RootChain,
    rigs: ShardRigs,
    findings: Findings,
    seals: SealVerifier | undefined,
    stateAfter: StateAfter,
    rows?: DerivedRowsCheck,
  ) {
    this.#rows = rows;
    this.#database = database;
    this.#rigs = rigs;
    this.#stateAfter = stateAfter;
    this.#findings = findings;
    this.#seals = seals;
    this.#cl = new RootCl({
      config: database.config.quarkchain,
      rootChain,
      // A confirmed block that is not there says nothing against the root block: it is damage.
      isMinorKnown: () => true,
      stakesAfter: (minorHash, coinbase) => this.#stakesAfter(minorHash, coinbase),
    });
  }

  /** Whatever is wrong with the block goes to the findings. */
  async check(root: RootChainBlock): Promise<void> {
    const { height } = root.block.header;
    const place: CheckedBlock = { fullShardId: null, height, hash: root.hash, root: { height, hash: root.hash } };
    const { clock } = this.#findings;
    this.#findings.rootBlocks++;
    clock.start();
    try {
      this.#checkMinorBlocksStored(place, root);
      const violations = this.#cl.violationsOf(root);
      const all: Violation[] = [...violations, ...(await this.#checkStaking(root))];
      this.#findings.addDivergence(place, differencesOf(violations), all);
      if (all.length === 0) this.#rows?.checkRoot(place, root);
      clock.lap("root");
    } catch (error) {
      this.#findings.addError(place, error);
    }
  }

  #checkMinorBlocksStored(place: CheckedBlock, { block, minorHashes, minorHeaderBytes }: RootChainBlock): void {
    block.minorHeaders.forEach((header, i) => {
      const { branch, height } = header;
      if (!this.#rigs.has(branch)) return;
      const { source } = this.#rigs.of(branch);
      // Its row will begin with the header that was read, and hashed, here.
      const bytes = minorHeaderBytes?.[i];
      if (source.hasMinorBlock(minorHashes[i], bytes && { header, bytes })) return;
      const message = `missing row in ${source.name}: minor block ${height}, which this root block confirms, not found`;
      this.#findings.addDamage(place, new DatabaseDamagedError(message, { key: source.minorBlockKey(minorHashes[i]) }));
    });
  }

  /** pyquarkchain judges the staking of every root block, also where seals are not checked (master.py check_db). */
  async #checkStaking(root: RootChainBlock): Promise<readonly Violation[]> {
    if (!this.#rigs.has(STAKING_SHARD) && this.#database.config.quarkchain.root.posw.enabled) {
      this.#findings.warnings.add(
        `shard ${STAKING_SHARD} is not there: the stakes and seals of root blocks are not checked`,
      );
      return [];
    }
    const { target, violation } = await this.#cl.sealTargetOf(root);
    if (violation !== undefined) return [violation];
    if (this.#seals === undefined) return [];
    return sealViolations(
      this.#seals.verify(this.#cl.sealOf(root, target.difficulty)),
      target,
      root.block.header.difficulty,
    );
  }

  async #stakesAfter(minorHash: Hash32, coinbase: Address): Promise<RootStakes> {
    const { engine } = this.#rigs.of(STAKING_SHARD);
    const stateRoot = await this.#stateAfter(STAKING_SHARD, minorHash);
    return queryRootStakes(this.#database.config.quarkchain, (call) => engine.call(call), stateRoot, coinbase);
  }
}
