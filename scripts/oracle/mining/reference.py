"""A small cluster of pyquarkchain's own states that takes blocks made elsewhere: one JSON request a line, one answer a line.

Usage: PYQUARKCHAIN=<checkout> python -W ignore reference.py
"""
import asyncio
import json
import os
import sys
from contextlib import redirect_stdout

sys.path.insert(0, os.environ["PYQUARKCHAIN"])

from quarkchain.cluster.cluster_config import ClusterConfig  # noqa: E402
from quarkchain.cluster.root_state import RootState  # noqa: E402
from quarkchain.cluster.shard_state import ShardState  # noqa: E402
from quarkchain.core import (  # noqa: E402
    Address,
    CrossShardTransactionList,
    MinorBlock,
    TypedTransaction,
)
from quarkchain.db import InMemoryDb  # noqa: E402
from quarkchain.env import Env  # noqa: E402
from quarkchain.evm.utils import privtoaddr  # noqa: E402
from quarkchain.utils import Logger, sha3_256  # noqa: E402

T0 = 1556639999
SHARDS = (0x1, 0x10001)
KEYS = [sha3_256(b"mining %d" % n) for n in range(12)]
STAKER = b"\x33" * 20
RESERVE = bytes.fromhex("514b430000000000000000000000000000000003")
# Prices an odd token at 1 and an even one at 0, refund rate 100.
RESERVE_CODE = "0x600435600116602052606460005260406000f3"
# Counts its calls in slot 0, logs, and reverts when the value sent is odd.
COUNTER = b"\x44" * 20
COUNTER_CODE = "0x6001341660165760016000540160005560006000a0005b60006000fd"


def genesis(chain_id):
    key = "%08x" % (chain_id << 16)
    alloc = {
        RESERVE.hex() + key: {"balances": {"QKC": 10**24}, "code": RESERVE_CODE},
        COUNTER.hex() + key: {"balances": {}, "code": COUNTER_CODE},
        # Mines some of the blocks, with stakes for three in a row.
        STAKER.hex() + key: {"QKC": 3 * 10**20},
    }
    for n, secret in enumerate(KEYS):
        alloc[privtoaddr(secret).hex() + key] = {"QKC": 10**20, "A": 10**20, "B": 10**20 if n % 2 else 0}
    return alloc


def config():
    cluster = json.loads(ClusterConfig().to_json())
    quarkchain = cluster["QUARKCHAIN"]
    chains = []
    for chain_id in range(2):
        chain = json.loads(json.dumps(quarkchain["CHAINS"][0]))
        chain.update(
            CHAIN_ID=chain_id,
            SHARD_SIZE=1,
            CONSENSUS_TYPE="POW_SIMULATE",
            EXTRA_SHARD_BLOCKS_IN_ROOT_BLOCK=20,
            EPOCH_INTERVAL=100,
            COINBASE_ADDRESS="11" * 20 + "00000000",
        )
        chain["CONSENSUS_CONFIG"]["TARGET_BLOCK_TIME"] = 10
        chain["POSW_CONFIG"].update(
            ENABLED=True, WINDOW_SIZE=8, TOTAL_STAKE_PER_BLOCK=10**20, ENABLE_TIMESTAMP=T0 + 600
        )
        chain["GENESIS"].update(TIMESTAMP=T0, DIFFICULTY=10000, ROOT_HEIGHT=0, GAS_LIMIT=700000, ALLOC=genesis(chain_id))
        chains.append(chain)
    quarkchain.update(
        CHAIN_SIZE=2,
        CHAINS=chains,
        NETWORK_ID=255,
        ENABLE_TX_TIMESTAMP=T0 + 100,
        TX_WHITELIST_SENDERS=[privtoaddr(KEYS[0]).hex()],
        ENABLE_EVM_TIMESTAMP=T0 + 300,
        ENABLE_EIP155_SIGNER_TIMESTAMP=T0 + 900,
        ENABLE_NON_RESERVED_NATIVE_TOKEN_TIMESTAMP=0,
        ENABLE_GENERAL_NATIVE_TOKEN_TIMESTAMP=T0 + 1200,
        MIN_TX_POOL_GAS_PRICE=1,
        MIN_MINING_GAS_PRICE=3,
        DISABLE_POW_CHECK=True,
    )
    quarkchain["ROOT"]["GENESIS"].update(TIMESTAMP=T0, DIFFICULTY=1000)
    quarkchain["ROOT"]["CONSENSUS_CONFIG"]["TARGET_BLOCK_TIME"] = 60
    cluster["SLAVE_LIST"] = []
    cluster["MONITORING"]["CLUSTER_ID"] = "the cluster"
    return cluster


class Cluster:
    def __init__(self, cluster):
        self.env = Env()
        self.env.cluster_config = ClusterConfig.from_json(json.dumps(cluster))
        self.root = RootState(self.env)
        self.genesis_root = self.root.get_tip_block()
        self.shards, self.unconfirmed = {}, {}
        for shard_id in SHARDS:
            state = ShardState(self.env, shard_id, db=InMemoryDb())
            self.shards[shard_id] = state
            block, amounts = state.init_genesis_state(self.genesis_root)
            self.root.add_validated_minor_block_hash(block.header.get_hash(), amounts.balance_map)
            self.unconfirmed[shard_id] = [block.header]

    def transaction(self, shard, typed):
        return {"accepted": self.shards[shard].add_tx(TypedTransaction.deserialize(bytes.fromhex(typed)))}

    def template(self, shard, time, coinbase):
        address = Address.create_from(bytes.fromhex(coinbase))
        block = self.shards[shard].create_block_to_mine(create_time=time, address=address)
        difficulty = self.shards[shard].posw_diff_adjust(block)
        return {
            "block": bytes(block.serialize()).hex(),
            "tracking": json.loads(block.tracking_data),
            "difficulty": str(block.header.difficulty if difficulty is None else difficulty),
            "pooled": pooled(self.shards[shard]),
        }

    def block(self, shard, encoded):
        state = self.shards[shard]
        block = MinorBlock.deserialize(bytes.fromhex(encoded))
        state.validate_block(block)
        deposits, amounts = state.add_block(block)
        self.root.add_validated_minor_block_hash(block.header.get_hash(), amounts.balance_map)
        self.unconfirmed[shard].append(block.header)
        if block.header.hash_prev_root_block != self.genesis_root.header.get_hash():
            for other, target in self.shards.items():
                if other != shard:
                    target.add_cross_shard_tx_list_by_minor_block_hash(
                        block.header.get_hash(), CrossShardTransactionList(deposits)
                    )
        return {
            "isTip": state.header_tip == block.header,
            "stateRoot": state.evm_state.trie.root_hash.hex(),
            "deposits": len(deposits),
            "pooled": pooled(state),
        }

    def leave_out(self, shard, hash):
        """The next root blocks do not confirm this block."""
        self.unconfirmed[shard] = [h for h in self.unconfirmed[shard] if h.get_hash().hex() != hash]
        return {}

    def root_block(self, time, coinbase):
        parent = self.root.get_tip_block()
        create_time = max(time, parent.header.create_time + 1)
        difficulty = self.root.diff_calc.calculate_diff_with_parent(parent.header, create_time)
        address = Address.create_from(bytes.fromhex(coinbase))
        block = parent.header.create_block_to_append(create_time=create_time, difficulty=difficulty, address=address)
        for shard_id in SHARDS:
            block.minor_block_header_list += self.unconfirmed[shard_id][:20]
            self.unconfirmed[shard_id] = self.unconfirmed[shard_id][20:]
        hashes = [header.get_hash() for header in block.minor_block_header_list]
        tokens = self.root._calculate_root_block_coinbase(hashes, block.header.height)
        block.finalize(coinbase_tokens=tokens, coinbase_address=address)
        self.root.add_block(block)
        for state in self.shards.values():
            state.add_root_block(block)
        return {
            "block": bytes(block.serialize()).hex(),
            "shards": [
                {"head": state.header_tip.get_hash().hex(), "pooled": pooled(state)} for state in self.shards.values()
            ],
        }


def pooled(state):
    return [tx.tx.get_hash().hex() for tx in state.tx_queue.txs]


async def main():
    cluster_config = config()
    cluster = Cluster(cluster_config)
    say({"config": json.dumps(cluster_config), "keys": [key.hex() for key in KEYS]})
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        request = json.loads(line)
        op = request.pop("op")
        try:
            with redirect_stdout(sys.stderr):
                answer = getattr(cluster, op)(**request)
        except Exception as error:
            answer = {"error": "{}: {}".format(type(error).__name__, error)}
        say(answer)


def say(answer):
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


Logger.set_logging_level("CRITICAL")
asyncio.run(main())
