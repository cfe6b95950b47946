"""Re-execute every confirmed canonical minor block of a pyquarkchain database with pyquarkchain.

usage: PYQUARKCHAIN=<checkout> python reexecute.py --db DIR [--config FILE] --out FILE

DIR holds master.db and shard-<full shard id>.db. It is copied first, because pyquarkchain writes to what it opens.
Each block is validated and run on its parent's archived state; unlike pyquarkchain's own check, which stops at the
first wrong field, all fields are compared. Seals are not checked. The output is described in README.md.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile

import oracle_env

oracle_env.use_pyquarkchain()

from quarkchain.cluster.cluster_config import ClusterConfig
from quarkchain.cluster.neighbor import is_neighbor
from quarkchain.cluster.root_state import RootState
from quarkchain.cluster.shard_state import ShardState
from quarkchain.core import Branch, CrossShardTransactionList, RootBlock, mk_receipt_sha
from quarkchain.db import PersistentDb
from quarkchain.env import DEFAULT_ENV
from quarkchain.utils import Logger
from unit_effects import UnitEffects

SCHEMA = "qkc-reference-reexecution/1"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", required=True, help="folder with master.db and shard-*.db")
    parser.add_argument("--config", help="cluster_config.json (default: in or beside the database folder)")
    parser.add_argument("--out", required=True, help="file to write")
    parser.add_argument("--units", help="what the units did when the blocks were made: names the first other one")
    args = parser.parse_args()
    effects = UnitEffects() if args.units else None
    result = reexecute(args.db, args.config or find_config(args.db))
    if effects is not None:
        with open(args.units) as f:
            made = json.load(f)
        for divergence in result["divergences"]:
            divergence["unit"] = effects.first_difference(made, divergence["hash"])
    with open(args.out, "w") as f:
        json.dump(result, f, indent=1)
        f.write("\n")
    print(
        "%s: %d minor blocks, %d divergent; %d root blocks, %d refused"
        % (
            args.db,
            result["minorBlocks"],
            len(result["divergences"]),
            result["rootBlocks"],
            len(result["rootDivergences"]),
        )
    )


def find_config(db_dir):
    """cluster_config.json in the database folder or in the one above."""
    for folder in (db_dir, os.path.join(db_dir, os.pardir)):
        path = os.path.join(folder, "cluster_config.json")
        if os.path.isfile(path):
            return path
    raise SystemExit("no cluster_config.json in or beside %s; use --config" % db_dir)


def reexecute(db_dir, config_path):
    """Return the report for one database as a JSON-ready dict."""
    with open(config_path) as f:
        config = f.read()
    scratch = tempfile.mkdtemp(prefix="reexecute-")
    try:
        for name in os.listdir(db_dir):
            if name.endswith(".db"):
                shutil.copytree(os.path.join(db_dir, name), os.path.join(scratch, name))
        return asyncio.run(_reexecute_copy(scratch, config))
    finally:
        shutil.rmtree(scratch)


async def _reexecute_copy(db_dir, config):
    archive = Archive(db_dir, config)
    chain = archive.root_chain()
    archive.start_shards(chain[-1])
    divergences, root_divergences, minor_blocks = [], [], 0
    for root_block in chain[1:]:
        for header in root_block.minor_block_header_list:
            if header.height == 0:
                continue
            minor_blocks += 1
            found = archive.check_minor(header, root_block)
            if found:
                divergences.append(found)
        refused = archive.check_root(root_block)
        if refused:
            root_divergences.append(refused)
        await asyncio.sleep(0)
    archive.close()
    return {
        "schema": SCHEMA,
        "rootTip": {"height": chain[-1].header.height, "hash": chain[-1].header.get_hash().hex()},
        "rootBlocks": len(chain) - 1,
        "minorBlocks": minor_blocks,
        "divergences": divergences,
        "rootDivergences": root_divergences,
    }


class Archive:
    """pyquarkchain's root state and shard states over one database folder."""

    def __init__(self, db_dir, config):
        Logger.set_logging_level("critical")
        self.db_dir = db_dir
        self.env = DEFAULT_ENV.copy()
        self.env.cluster_config = ClusterConfig.from_json(config)
        self.qkc = self.env.quark_chain_config
        self.qkc.DISABLE_POW_CHECK = True
        self.dbs = []
        self.env.db = self._open("master.db")
        self.root = RootState(self.env)
        self.shards = {}

    def _open(self, name):
        path = os.path.join(self.db_dir, name)
        if not os.path.isdir(path):
            raise SystemExit("%s is missing" % name)
        db = PersistentDb(path)
        self.dbs.append(db)
        return db

    def close(self):
        for db in self.dbs:
            db.close()

    def root_chain(self):
        """Root blocks from genesis to the tip. The tip is `tipHash` itself: pyquarkchain restarts from its parent,
        but the minor blocks that the tip confirms are confirmed."""
        key = self.env.db.get(b"tipHash")
        chain = []
        while True:
            block = RootBlock.deserialize(self.env.db.get(b"rblock_" + key))
            chain.append(block)
            if block.header.height == 0:
                return chain[::-1]
            key = block.header.hash_prev_block

    def start_shards(self, root_tip):
        for full_shard_id in self.qkc.get_full_shard_ids():
            state = ShardState(self.env.copy(), full_shard_id, self._open("shard-%d.db" % full_shard_id))
            state.init_from_root_block(root_tip)
            self.shards[full_shard_id] = state

    def check_root(self, root_block):
        try:
            self.root.validate_block(root_block)
            return None
        except Exception as e:
            return {
                "height": root_block.header.height,
                "hash": root_block.header.get_hash().hex(),
                "error": describe(e),
            }

    def check_minor(self, header, root_block):
        """None when the block re-executes to what it declares, else one entry of `divergences`."""
        state = self.shards[header.branch.get_full_shard_id()]
        found = {
            "fullShardId": header.branch.get_full_shard_id(),
            "height": header.height,
            "hash": header.get_hash().hex(),
            "rootHeight": root_block.header.height,
        }
        block = state.get_block_by_hash(header.get_hash())
        try:
            state.validate_block(block)
            evm_state = state.run_block(block)
        except Exception as e:
            self._expect_verdict(state, block, False)
            return dict(found, error=describe(e))
        wrong = self._compare(state, block, evm_state)
        self._expect_verdict(state, block, all(w["field"] == "xshard_sends" for w in wrong))
        return dict(found, fields=wrong) if wrong else None

    @staticmethod
    def _expect_verdict(state, block, accepted):
        """pyquarkchain's own verdict has to agree with what was collected here."""
        try:
            state.add_block(block, force=True, write_db=False, skip_if_too_old=False)
            verdict = True
        except Exception:
            verdict = False
        if verdict != accepted:
            raise RuntimeError(
                "add_block %s block %s, the comparison does not agree"
                % ("accepts" if verdict else "refuses", block.header.get_hash().hex())
            )

    def _compare(self, state, block, evm_state):
        header, meta = block.header, block.meta
        coinbase = state.get_coinbase_amount_map(header.height)
        coinbase.add(evm_state.block_fee_tokens)
        receipts = evm_state.receipts + evm_state.xshard_deposit_receipts
        pairs = [
            ("hash_evm_state_root", meta.hash_evm_state_root, evm_state.trie.root_hash, bytes.hex),
            ("hash_evm_receipt_root", meta.hash_evm_receipt_root, mk_receipt_sha(receipts, evm_state.db), bytes.hex),
            ("bloom", header.bloom, evm_state.get_bloom(), lambda v: v.to_bytes(256, "big").hex()),
            ("evm_gas_used", meta.evm_gas_used, evm_state.gas_used, int),
            (
                "evm_cross_shard_receive_gas_used",
                meta.evm_cross_shard_receive_gas_used,
                evm_state.xshard_receive_gas_used,
                int,
            ),
            ("xshard_tx_cursor_info", meta.xshard_tx_cursor_info, evm_state.xshard_tx_cursor_info, cursor_json),
            ("coinbase_amount_map", header.coinbase_amount_map.balance_map, coinbase.balance_map, amounts_json),
        ]
        wrong = [
            {"field": name, "declared": show(declared), "computed": show(computed)}
            for name, declared, computed, show in pairs
            if declared != computed
        ]
        return wrong + self._compare_sends(block, evm_state.xshard_list)

    def _compare_sends(self, block, deposits):
        """The deposits that the block sends, per destination, against the list that each destination has stored."""
        header = block.header
        prev_root = self.shards[header.branch.get_full_shard_id()].db.get_root_block_header_by_hash(
            header.hash_prev_root_block
        )
        ids = self.qkc.get_initialized_full_shard_ids_before_root_height(prev_root.height)
        computed = {
            i: [] for i in ids if Branch(i) != header.branch and is_neighbor(header.branch, Branch(i), len(ids))
        }
        for deposit in deposits:
            to = self.qkc.get_full_shard_id_by_full_shard_key(deposit.to_address.full_shard_key)
            computed.setdefault(to, []).append(deposit)
        declared_wrong, computed_wrong = {}, {}
        for to, sent in sorted(computed.items()):
            stored = self.shards[to].db.get_minor_block_xshard_tx_list(header.get_hash())
            want = None if stored is None else stored.serialize().hex()
            have = CrossShardTransactionList(sent).serialize().hex()
            if want != have:
                declared_wrong[str(to)], computed_wrong[str(to)] = want, have
        if not computed_wrong:
            return []
        return [{"field": "xshard_sends", "declared": declared_wrong, "computed": computed_wrong}]


def cursor_json(cursor):
    return [cursor.root_block_height, cursor.minor_block_index, cursor.xshard_deposit_index]


def amounts_json(balance_map):
    return {str(token): str(amount) for token, amount in sorted(balance_map.items())}


def describe(error):
    """Class and message of an exception, and the transaction (or deposit) at which the block was given up."""
    out = {"type": type(error).__name__, "message": str(error)}
    trace = error.__traceback__
    while trace:
        code, local = trace.tb_frame.f_code, trace.tb_frame.f_locals
        if code.co_name == "run_block" and "idx" in local:
            out["txIndex"] = local["idx"]
        if code.co_name.endswith("__run_cross_shard_tx_with_cursor") and local.get("tx_list"):
            out["depositIndex"] = len(local["tx_list"]) - 1
        trace = trace.tb_next
    return out


if __name__ == "__main__":
    sys.exit(main())
