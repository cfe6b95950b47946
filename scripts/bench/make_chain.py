"""Makes the databases that the speed of checkdb is measured on: a chain of two shards, executed and stored by
pyquarkchain itself (RootState and ShardState over RocksDB). The same arguments give the same blocks.

usage:  PYTHONPATH=<pyquarkchain checkout> python make_chain.py KIND MINOR_BLOCKS OUT

KIND is what the transactions of a block are: empty (none), transfers (10), contracts (10 calls of a token contract),
deposits (10 transfers to the other shard, so that each block also receives 10), loops (10 calls of 40 SSTORE, 40 SHA3
and 10,000 steps of arithmetic), mixed (0 to 6 of all of these) or accounts (a large state: in the first shard a block
gives 160 new accounts a balance and 1,200 rows that nothing names come beside it; its last 300 blocks are 10 transfers
to any of these accounts. 13,600 blocks make a million accounts and about 5.5 GB, in half an hour). OUT is created, with
cluster_config.json in it.
"""
import asyncio
import json
import os
import random
import sys

from quarkchain.cluster.cluster_config import ClusterConfig, P2PConfig, SlaveConfig
from quarkchain.cluster.root_state import RootState
from quarkchain.cluster.shard_state import ShardState
from quarkchain.core import Address, CrossShardTransactionList, Identity, SerializedEvmTransaction, TypedTransaction
from quarkchain.db import PersistentDb
from quarkchain.env import Env
from quarkchain.evm import utils
from quarkchain.evm.messages import mk_contract_address
from quarkchain.evm.transactions import Transaction
from quarkchain.utils import token_id_encode

SHARDS = [1, 0x10001]
MINORS_PER_ROOT = 5
START_TIME = 1640000000  # later than every feature time of mainnet
SENDERS = [Identity.create_from_key(utils.sha3(b"bench-sender-%d" % i)) for i in range(200)]
SENDER_KEYS = [utils.sha3(b"bench-sender-%d" % i) for i in range(200)]
RECIPIENTS = 20_000
QKC = token_id_encode("QKC")


def push(value, width):
    return bytes([0x5F + width]) + value.to_bytes(width, "big")


def creation(runtime):
    """Init code that returns what follows it."""
    head = push(len(runtime), 2) + bytes([0x80]) + push(12, 1) + push(0, 1) + bytes([0x39]) + push(0, 1) + bytes([0xF3])
    return head + runtime


def mapping_slot():
    """Key on the stack -> keccak(key, 0)."""
    return push(0, 1) + b"\x52" + push(64, 1) + push(0, 1) + b"\x20"


# token: balances[caller] += 1000000 - amount; balances[to] += amount; log3(Transfer, caller, to); calldata = to, amount
TOKEN = b"".join([
    b"\x33", mapping_slot(), b"\x80\x54", push(1_000_000, 3), b"\x01", push(32, 1), b"\x35\x90\x03\x90\x55",
    push(0, 1), b"\x35", mapping_slot(), b"\x80\x54", push(32, 1), b"\x35\x01\x90\x55",
    push(32, 1), b"\x35", push(0, 1), b"\x52", push(0, 1), b"\x35\x33", bytes([0x7F]) + utils.sha3(b"Transfer"),
    push(32, 1), push(0, 1), b"\xa3\x00",
])
# loops: for i in 40: sstore(i, calldata + sha3(i)); then 1,250 turns of 8 steps
LOOPS = b"".join([
    push(40, 1), b"\x5b", push(1, 1), b"\x90\x03",  # 2: i -= 1
    b"\x80", push(0, 1), b"\x52", push(32, 1), push(0, 1), b"\x20", push(0, 1), b"\x35\x01", b"\x81\x55",
    b"\x80", push(2, 1), b"\x57", b"\x50",
    push(1250, 2), bytes([0x5B]), push(1, 1), b"\x90\x03\x80", push(0, 1), b"\x57\x00",
])
# spread: for i in NEW_ACCOUNTS: call(gas 0, to sha3(calldata, i), 1 wei)
NEW_ACCOUNTS = 160
SPREAD = b"".join([
    push(0, 1), b"\x35", push(0, 1), b"\x52", push(NEW_ACCOUNTS, 2), b"\x5b", push(1, 1), b"\x90\x03",  # 9: i -= 1
    b"\x80", push(32, 1), b"\x52", push(0, 1) * 4, push(1, 1), push(64, 1), push(0, 1), b"\x20", push(0, 1), b"\xf1\x50",
    b"\x80", push(9, 1), b"\x57\x00",
])
UNNAMED_ROWS = 1_200
VISITING_BLOCKS = 300
LOOPS = LOOPS.replace(push(0, 1) + b"\x57\x00", push(LOOPS.index(push(1250, 2)) + 3, 1) + b"\x57\x00")


class Chain:
    def __init__(self, kind, out):
        self.kind = kind
        self.random = random.Random(20260501)
        self.env = make_env()
        self.config = self.env.cluster_config.QUARKCHAIN
        with open(os.path.join(out, "cluster_config.json"), "w") as file:
            json.dump(json.loads(self.env.cluster_config.to_json()), file, indent=1, sort_keys=True)
        self.databases = []
        self.root = RootState(self.env_with(out, "master.db"))
        self.shards = {}
        self.heads = {}
        for shard in SHARDS:
            env = self.env_with(out, "shard-%d.db" % shard)
            state = ShardState(env=env, full_shard_id=shard, db=env.db)
            block, coinbase = state.init_genesis_state(self.root.get_tip_block())
            self.root.add_validated_minor_block_hash(block.header.get_hash(), coinbase.balance_map)
            self.shards[shard] = state
            self.heads[shard] = [block.header]
        self.nonces = {shard: [0] * len(SENDERS) for shard in SHARDS}
        self.contracts = {shard: {} for shard in SHARDS}
        self.time = START_TIME
        self.next_sender = 0
        self.seeds = []

    def env_with(self, out, name):
        env = self.env.copy()
        env.db = PersistentDb(os.path.join(out, name), clean=True)
        self.databases.append(env.db)
        return env

    def run(self, minor_blocks):
        self.add_root()
        deploying = self.kind in ("contracts", "loops", "mixed", "accounts")
        self.blocks_left = minor_blocks
        done = 0
        while done < minor_blocks:
            for _ in range(MINORS_PER_ROOT):
                self.time += 3
                for shard in SHARDS:
                    self.add_minor(shard, self.deployments(shard) if deploying else self.transactions(shard))
                    done += 1
                    self.blocks_left -= 1
                deploying = False
            self.time += 5
            self.add_root()
        for database in self.databases:
            database.close()

    def add_root(self):
        headers = [header for shard in SHARDS for header in self.heads[shard]]
        self.heads = {shard: [] for shard in SHARDS}
        miner = Address.create_from_identity(SENDERS[0], full_shard_key=0)
        block = self.root.create_block_to_mine(headers, address=miner, create_time=self.time)
        block.tracking_data = b""
        coinbase = self.root._calculate_root_block_coinbase([h.get_hash() for h in headers], block.header.height)
        block = block.finalize(coinbase_tokens=coinbase, coinbase_address=miner)
        self.root.add_block(block)
        for state in self.shards.values():
            state.add_root_block(block)

    def add_minor(self, shard, transactions):
        state = self.shards[shard]
        for transaction in transactions:
            if not state.add_tx(transaction):
                raise ValueError("pyquarkchain does not accept a transaction of shard %d" % shard)
        miner = Address.create_from_identity(SENDERS[state.header_tip.height % 6], full_shard_key=shard & ~0xFFFF)
        block = state.create_block_to_mine(create_time=self.time, address=miner)
        block.tracking_data = b""
        sent, coinbase = state.add_block(block, skip_if_too_old=False)
        block_hash = block.header.get_hash()
        self.root.add_validated_minor_block_hash(block_hash, coinbase.balance_map)
        for other in SHARDS:
            if other == shard:
                continue
            deposits = [d for d in sent if d.to_address.full_shard_key >> 16 == other >> 16]
            self.shards[other].add_cross_shard_tx_list_by_minor_block_hash(block_hash, CrossShardTransactionList(deposits))
        state.commit_by_hash(block_hash)
        self.heads[shard].append(block.header)

    def transactions(self, shard):
        if self.kind == "empty":
            return []
        if self.kind == "accounts":
            return self.growing(shard)
        if self.kind != "mixed":
            return [self.transaction(self.kind, shard) for _ in range(10)]
        kinds = ["transfers", "transfers", "transfers", "contracts", "contracts", "deposits", "deposits"]
        if self.random.randrange(20) == 0:
            kinds = ["loops"]
        return [self.transaction(self.random.choice(kinds), shard) for _ in range(self.random.randrange(7))]

    def growing(self, shard):
        """Blocks of the second shard are empty, so that a shard's state grows by every other block."""
        if shard != SHARDS[0]:
            return []
        if self.blocks_left <= VISITING_BLOCKS * len(SHARDS):
            return [self.visit(shard) for _ in range(10)]
        seed = utils.sha3(b"bench-accounts-%d" % len(self.seeds))
        self.seeds.append(seed)
        database = self.shards[shard].env.db
        for _ in range(UNNAMED_ROWS):
            row = self.random.randbytes(self.random.randrange(100, 1_000))
            database.put(utils.sha3(row), row)
        sender = len(self.seeds) % len(SENDERS)
        contract = self.contracts[shard]["spread"]
        return [self.signed(shard, sender, contract, value=NEW_ACCOUNTS, data=seed, gas=6_000_000)]

    def visit(self, shard):
        self.next_sender = (self.next_sender + 1) % len(SENDERS)
        seed, i = self.random.choice(self.seeds), self.random.randrange(NEW_ACCOUNTS)
        return self.signed(shard, self.next_sender, utils.sha3(seed + i.to_bytes(32, "big"))[12:], value=1)

    def deployments(self, shard):
        sent = []
        for name, code in (("contracts", TOKEN), ("loops", LOOPS), ("spread", SPREAD)):
            self.contracts[shard][name] = mk_contract_address(SENDERS[0].recipient, self.nonces[shard][0], shard & ~0xFFFF)
            sent.append(self.signed(shard, 0, b"", data=creation(code), gas=500_000))
        return sent

    def transaction(self, kind, shard):
        self.next_sender = (self.next_sender + 1) % len(SENDERS)
        recipient = utils.sha3(b"bench-recipient-%d" % self.random.randrange(RECIPIENTS))[12:]
        amount = self.random.randrange(1, 1_000_000)
        if kind == "transfers":
            return self.signed(shard, self.next_sender, recipient, value=amount)
        if kind == "deposits":
            return self.signed(shard, self.next_sender, recipient, value=amount, to_shard=SHARDS[shard == SHARDS[0]])
        words = bytes(12) + recipient + amount.to_bytes(32, "big")
        return self.signed(shard, self.next_sender, self.contracts[shard][kind], data=words, gas=1_200_000)

    def signed(self, shard, sender, to, value=0, data=b"", gas=30_000, to_shard=None):
        transaction = Transaction(
            nonce=self.nonces[shard][sender], gasprice=10**9, startgas=gas, to=to, value=value, data=data,
            from_full_shard_key=shard & ~0xFFFF, to_full_shard_key=(to_shard or shard) & ~0xFFFF,
            network_id=self.config.NETWORK_ID, gas_token_id=QKC, transfer_token_id=QKC, version=0,
        )
        self.nonces[shard][sender] += 1
        transaction.set_quark_chain_config(self.config)
        transaction.sign(key=SENDER_KEYS[sender])
        return TypedTransaction(SerializedEvmTransaction.from_evm_tx(transaction))


def make_env():
    env = Env()
    env.set_network_id(1234567890)
    cluster = ClusterConfig()
    config = cluster.QUARKCHAIN
    config.update(2, 1, 10, 3, "QKC")
    config.NETWORK_ID = 1234567890
    config.MIN_TX_POOL_GAS_PRICE = config.MIN_MINING_GAS_PRICE = 0
    config.ROOT.GENESIS.DIFFICULTY = 10_000
    config.ROOT.MAX_STALE_ROOT_BLOCK_HEIGHT_DIFF = 22_500
    cluster.DB_PATH_ROOT = ""
    # cluster.py --check_db looks into the one and not into the other.
    cluster.SIMPLE_NETWORK, cluster.P2P = None, P2PConfig()
    for i, shard in enumerate(SHARDS):
        slave = SlaveConfig()
        slave.ID, slave.HOST, slave.PORT, slave.FULL_SHARD_ID_LIST = "S%d" % i, "127.0.0.1", 38100 + i, [shard]
        cluster.SLAVE_LIST = [*cluster.SLAVE_LIST, slave] if i else [slave]
    for shard, shard_config in config.shards.items():
        genesis = config.CHAINS[shard >> 16].GENESIS
        for sender in SENDERS:
            address = Address.create_from_identity(sender, full_shard_key=shard & ~0xFFFF)
            genesis.ALLOC[address.serialize().hex()] = {"QKC": 10**27}
        genesis.DIFFICULTY = 1000
        shard_config.GENESIS.ALLOC, shard_config.GENESIS.DIFFICULTY = genesis.ALLOC, genesis.DIFFICULTY
    env.cluster_config = cluster
    return env


async def main():
    kind, minor_blocks, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    if kind not in ("empty", "transfers", "contracts", "deposits", "loops", "mixed", "accounts"):
        sys.exit("unknown kind of chain: " + kind)
    os.makedirs(out)
    Chain(kind, out).run(minor_blocks)


asyncio.run(main())
