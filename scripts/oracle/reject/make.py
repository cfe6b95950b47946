"""Blocks and bytes with one fault each, and what pyquarkchain says to them. See README.md."""

import asyncio
import copy
import gzip
import json
import os
import sys

sys.path.insert(0, os.environ["PYQUARKCHAIN"])

from quarkchain.cluster.cluster_config import ClusterConfig  # noqa: E402
from quarkchain.cluster.root_state import RootState  # noqa: E402
from quarkchain.cluster.shard_state import ShardState  # noqa: E402
from quarkchain.core import (  # noqa: E402
    Address,
    Branch,
    CrossShardTransactionList,
    MinorBlock,
    MinorBlockHeader,
    RootBlock,
    SerializedEvmTransaction,
    TypedTransaction,
    XshardTxCursorInfo,
)
from quarkchain.db import InMemoryDb  # noqa: E402
from quarkchain.env import Env  # noqa: E402
from quarkchain.evm.transactions import Transaction  # noqa: E402
from quarkchain.evm.utils import ecrecover_to_pub, privtoaddr  # noqa: E402
from quarkchain.utils import Logger, sha3_256, token_id_encode  # noqa: E402

import rlp  # noqa: E402

T0 = 1556639999
SHARDS = (0x1, 0x10001)
LATE = 0x20001
KEY = sha3_256(b"rejects")
POOR_KEY = sha3_256(b"rejects, poor")
SENDER = privtoaddr(KEY)
MINER = b"\x33" * 20
TARGET = b"\x44" * 20
OVERDRAWN = b"\x55" * 20
RESERVE = bytes.fromhex("514b430000000000000000000000000000000003")
QKC, EVEN, ODD = token_id_encode("QKC"), token_id_encode("A"), token_id_encode("B")
# Prices an odd token at 1 and an even one at 0, refund rate 100.
RESERVE_CODE = "0x60043560011660205260646000526040 6000f3".replace(" ", "")
# LOG0 over memory that is there, as the last instruction: ends with negative gas.
OVERDRAWN_CODE = "0x6001610800526108006000a0"


def config():
    cluster = json.loads(ClusterConfig().to_json())
    quarkchain = cluster["QUARKCHAIN"]
    chain = quarkchain["CHAINS"][0]
    chains = []
    for chain_id in range(3):
        c = copy.deepcopy(chain)
        c.update(CHAIN_ID=chain_id, SHARD_SIZE=1, CONSENSUS_TYPE="POW_SIMULATE", EXTRA_SHARD_BLOCKS_IN_ROOT_BLOCK=1)
        c["CONSENSUS_CONFIG"]["TARGET_BLOCK_TIME"] = 10
        key = "%08x" % (chain_id << 16)
        c["GENESIS"].update(
            TIMESTAMP=T0,
            DIFFICULTY=10000,
            ROOT_HEIGHT=5 if chain_id == 2 else 0,
            ALLOC={
                SENDER.hex() + key: {"balances": {"QKC": 10**20, "A": 10**20, "B": 10**20}},
                RESERVE.hex() + key: {"balances": {"QKC": 100}, "code": RESERVE_CODE},
                OVERDRAWN.hex() + key: {"balances": {}, "code": OVERDRAWN_CODE},
            },
        )
        chains.append(c)
    quarkchain.update(
        CHAIN_SIZE=3,
        CHAINS=chains,
        NETWORK_ID=255,
        ENABLE_TX_TIMESTAMP=T0 + 5,
        ENABLE_EVM_TIMESTAMP=T0 + 15,
        ENABLE_EIP155_SIGNER_TIMESTAMP=T0 + 45,
        ENABLE_NON_RESERVED_NATIVE_TOKEN_TIMESTAMP=0,
        ENABLE_GENERAL_NATIVE_TOKEN_TIMESTAMP=0,
        DISABLE_POW_CHECK=True,
    )
    quarkchain["ROOT"]["GENESIS"].update(TIMESTAMP=T0, DIFFICULTY=1000)
    quarkchain["ROOT"]["CONSENSUS_CONFIG"]["TARGET_BLOCK_TIME"] = 10
    cluster["SLAVE_LIST"] = []
    return json.dumps({"QUARKCHAIN": quarkchain, "SLAVE_LIST": []}), cluster


class Net:
    """Two shards and the root chain over databases in memory."""

    def __init__(self, cluster):
        self.env = Env()
        self.env.cluster_config = ClusterConfig.from_json(json.dumps(cluster))
        self.config = self.env.quark_chain_config
        self.root = RootState(self.env)
        self.roots, self.lists = [], []
        self.shards, self.blocks = {}, {}
        for shard_id in SHARDS:
            self.shards[shard_id] = ShardState(self.env, shard_id, db=InMemoryDb())
            self.blocks[shard_id] = []
        self.genesis_root = self.root.get_tip_block()
        self.roots.append(self.genesis_root)
        for shard_id, state in self.shards.items():
            block, coinbase = state.init_genesis_state(self.genesis_root)
            self.root.add_validated_minor_block_hash(block.header.get_hash(), coinbase.balance_map)
            self.blocks[shard_id].append(block)
            self.broadcast(block, [])

    def broadcast(self, block, deposits):
        for shard_id, state in self.shards.items():
            if shard_id == block.header.branch.get_full_shard_id():
                continue
            if block.header.height == 0 or block.header.hash_prev_root_block == self.genesis_root.header.get_hash():
                continue
            lst = CrossShardTransactionList(deposits)
            state.add_cross_shard_tx_list_by_minor_block_hash(block.header.get_hash(), lst)
            self.lists.append([shard_id, block.header.get_hash().hex(), bytes(lst.serialize()).hex()])

    def draft(self, parent, root, seconds=10, txs=(), extra=b""):
        state = self.shards[parent.header.branch.get_full_shard_id()]
        create_time = parent.header.create_time + seconds
        block = parent.create_block_to_append(
            create_time=create_time,
            address=Address(MINER, parent.header.branch.get_chain_id() << 16),
            difficulty=state.diff_calc.calculate_diff_with_parent(parent.header, create_time),
            extra_data=extra,
        )
        block.header.evm_gas_limit, block.meta.evm_xshard_gas_limit = state.get_gas_limit_all()
        block.header.hash_prev_root_block = root.header.get_hash()
        block.tx_list = list(txs)
        return seal(block)

    def finish(self, block):
        state = self.shards[block.header.branch.get_full_shard_id()]
        evm_state = state.run_block(block)
        amounts = state.get_coinbase_amount_map(block.header.height)
        amounts.add(evm_state.block_fee_tokens)
        return block.finalize(evm_state=evm_state, coinbase_amount_map=amounts)

    def add(self, block):
        shard_id = block.header.branch.get_full_shard_id()
        deposits, amounts = self.shards[shard_id].add_block(block)
        self.root.add_validated_minor_block_hash(block.header.get_hash(), amounts.balance_map)
        self.blocks[shard_id].append(block)
        self.broadcast(block, deposits)
        return block

    def draft_root(self, parent, headers, seconds=10, extra=b""):
        create_time = parent.header.create_time + seconds
        difficulty = self.root.diff_calc.calculate_diff_with_parent(parent.header, create_time)
        block = parent.header.create_block_to_append(
            create_time=create_time, difficulty=difficulty, address=Address(MINER, 0), extra_data=extra
        )
        block.minor_block_header_list = list(headers)
        return self.finish_root(block)

    def finish_root(self, block):
        hashes = [header.get_hash() for header in block.minor_block_header_list]
        tokens = self.root._calculate_root_block_coinbase(hashes, block.header.height)
        return block.finalize(coinbase_tokens=tokens, coinbase_address=Address(MINER, 0))

    def add_root(self, block):
        self.root.add_block(block)
        for state in self.shards.values():
            state.add_root_block(block)
        self.roots.append(block)
        return block


def seal(block):
    """Makes Merkle root and meta hash right again."""
    block.finalize_merkle_root()
    block.header.hash_meta = block.meta.get_hash()
    return block


def transaction(key=KEY, change=None, raw=None, **fields):
    values = dict(
        nonce=0, gasprice=1, startgas=60000, to=TARGET, value=1, data=b"", network_id=255, from_full_shard_key=0,
        to_full_shard_key=0, gas_token_id=QKC, transfer_token_id=QKC, version=0,
    )
    values.update(fields)
    tx = Transaction(**values)
    tx.sign(key=key)
    if change:
        tx._in_mutable_context = True
        for name, value in change.items():
            setattr(tx, name, value)
    encoded = rlp.encode(tx)
    if raw:
        items = rlp.decode(encoded)
        encoded = raw(items) if callable(raw) else raw
    return TypedTransaction(SerializedEvmTransaction(0, encoded))


def with_field(index, value):
    def change(items):
        items = list(items)
        items[index] = value
        return rlp.encode(items)

    return change


def verdict(call):
    try:
        call()
    except BaseException as error:  # noqa: B902: whatever pyquarkchain raises is its verdict
        return {"class": type(error).__name__, "message": str(error)}
    return None


def twin(kind, obj):
    return kind.deserialize(bytes(obj.serialize()))


def second_point(message_hash):
    """An r that recovery id 2 finds a point for."""
    return next(r for r in range(1, 100) if ecrecover_to_pub(message_hash, 29, r, 1) != bytes(64))


def transactions(eip155):
    """Name, transaction, seconds after the parent (None: as usual)."""
    v2 = dict(version=2, network_id=eip155)
    odd_r = second_point(transaction(**v2).tx.to_evm_tx().hash_unsigned)
    r_zero, order = {"r": 0}, 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    return [
        ("network id of another network", transaction(network_id=1), None),
        ("version 2 with the network's own id", transaction(version=2, network_id=255), None),
        ("version 1 with the Ethereum chain id", transaction(version=1, network_id=eip155), None),
        ("sender of another chain", transaction(from_full_shard_key=0x10000, to_full_shard_key=0x10000), None),
        ("target shard not born", transaction(to_full_shard_key=0x20000), None),
        ("target chain unknown", transaction(to_full_shard_key=0x90000), None),
        ("start gas above the cross-shard limit", transaction(to_full_shard_key=0x10000, startgas=6000001), None),
        ("signature r is 0", transaction(change=r_zero), None),
        ("signature s is 0", transaction(change={"s": 0}), None),
        ("signature r is the group order", transaction(change={"r": order}), None),
        ("signature s is the group order", transaction(change={"s": order}), None),
        ("signature v is 26", transaction(change={"v": 26}), None),
        ("signature v is 31", transaction(change={"v": 31}), None),
        ("signature r is no point", transaction(change={"r": 5}), None),
        ("version 3", transaction(change={"version": 3}), None),
        ("version 2 with v too small", transaction(**v2, change={"v": 30}), 100),
        ("version 2 with v too large", transaction(**v2, change={"v": 37 + 2 * eip155}), 100),
        ("version 2 with recovery id 2", transaction(**v2, change={"r": odd_r, "s": 1, "v": 37 + 2 * eip155}), 100),
        ("version 2 too early", transaction(**v2), None),
        ("version 2 across chains", transaction(**v2, to_full_shard_key=0x10000), 100),
        ("version 2 with shard keys", transaction(**v2, from_full_shard_key=1, to_full_shard_key=1), 100),
        ("version 2 with another gas token", transaction(**v2, gas_token_id=ODD), 100),
        ("version 2 with another transfer token", transaction(**v2, transfer_token_id=ODD), 100),
        ("start gas above 128 bits", transaction(startgas=2**128, gasprice=0), None),
        ("gas price above 128 bits", transaction(gasprice=2**128), None),
        ("nonce one ahead", transaction(nonce=1), None),
        ("nonce 64 ahead", transaction(nonce=64), None),
        ("nonce 65 ahead", transaction(nonce=65), None),
        ("start gas below the intrinsic gas", transaction(startgas=20999), None),
        ("start gas without the 9000 of a crossing", transaction(startgas=29999, to_full_shard_key=0x10000), None),
        ("no balance of the transfer token", transaction(transfer_token_id=ODD + 1, value=0), None),
        ("no balance of the gas token", transaction(gas_token_id=ODD + 1, gasprice=0), None),
        ("no balance at all", transaction(key=POOR_KEY), None),
        ("value beyond the balance", transaction(value=2 * 10**20), None),
        ("gas token priced at 0", transaction(gas_token_id=EVEN), None),
        ("gas token beyond the reserve", transaction(gas_token_id=ODD), None),
        ("start gas beyond the block's", transaction(startgas=12000001), None),
        ("message ends with negative gas", transaction(to=OVERDRAWN, startgas=24000, value=0), None),
        ("no RLP", transaction(raw=b"\xb8"), None),
        ("RLP of a string", transaction(raw=b"\x01"), None),
        ("RLP with bytes behind", transaction(raw=lambda items: rlp.encode(items) + b"\x00"), None),
        ("14 fields", transaction(raw=lambda items: rlp.encode(items[:-1])), None),
        ("16 fields", transaction(raw=lambda items: rlp.encode(items + [b""])), None),
        ("number with a leading zero", transaction(raw=with_field(0, b"\x00\x01")), None),
        ("recipient of 19 bytes", transaction(raw=with_field(3, b"\x11" * 19)), None),
        ("shard key of 3 bytes", transaction(raw=with_field(7, b"\x00" * 3)), None),
        ("list for data", transaction(raw=with_field(5, [])), None),
        ("value of 257 bits", transaction(raw=with_field(4, b"\x01" + bytes(32))), None),
        ("nonce of 257 bits", transaction(raw=with_field(0, b"\x01" + bytes(32))), None),
        ("token id above ZZZZZZZZZZZZ", transaction(raw=with_field(9, (4873763662273663092).to_bytes(8, "big"))), None),
    ]


def minor_faults(net, m1b, m2, m3, roots):
    root0, root1, fork = roots
    good = net.finish(net.draft(m2, root1, seconds=10, txs=[transaction()]))
    yield "valid", good

    def header(name, **fields):
        block = twin(MinorBlock, good)
        for key, value in fields.items():
            setattr(block.header, key, value)
        return name, block

    def meta(name, **fields):
        block = twin(MinorBlock, good)
        for key, value in fields.items():
            setattr(block.meta, key, value)
        block.header.hash_meta = block.meta.get_hash()
        return name, block

    yield header("version 1", version=1)
    yield header("height 0", height=0)
    yield header("height two above the parent's", height=good.header.height + 1)
    yield header("parent unknown", hash_prev_minor_block=b"\x01" * 32)
    yield header("branch of another shard", branch=Branch(SHARDS[1]))
    yield header("time far in the future", create_time=2**40)
    yield header("time of the parent", create_time=m2.header.create_time)
    yield header("meta hash wrong", hash_meta=b"\x02" * 32)
    yield header("extra data too long", extra_data=bytes(1025))
    block = twin(MinorBlock, good)
    block.tracking_data = bytes(1025)
    yield "tracking data too long", block
    yield header("gas limit higher", evm_gas_limit=good.header.evm_gas_limit + 1)
    yield meta("cross-shard gas limit equals the gas limit", evm_xshard_gas_limit=good.header.evm_gas_limit)
    yield meta("cross-shard gas limit lower", evm_xshard_gas_limit=good.meta.evm_xshard_gas_limit - 1)
    yield meta("Merkle root wrong", hash_merkle_root=b"\x03" * 32)
    block = twin(MinorBlock, good)
    block.tx_list = []
    yield "transaction missing", block
    yield header("coinbase of another chain", coinbase_address=Address(MINER, 0x10000))
    yield header("difficulty higher", difficulty=good.header.difficulty + 1)
    yield header("root block unknown", hash_prev_root_block=b"\x04" * 32)
    yield "root height decreasing", net.draft(m3, root0)
    yield "root block of another branch", net.draft(m3, fork)
    yield "confirmed block is no ancestor", net.draft(m1b, root1)
    cursor = good.meta.xshard_tx_cursor_info
    yield meta("cursor one deposit earlier", xshard_tx_cursor_info=XshardTxCursorInfo(cursor.root_block_height - 1, 0, 1))
    yield meta("state root wrong", hash_evm_state_root=b"\x05" * 32)
    yield meta("receipt root wrong", hash_evm_receipt_root=b"\x06" * 32)
    yield meta("gas used higher", evm_gas_used=good.meta.evm_gas_used + 1)
    yield meta("cross-shard gas used higher", evm_cross_shard_receive_gas_used=good.meta.evm_cross_shard_receive_gas_used + 1)
    block = twin(MinorBlock, good)
    block.header.coinbase_amount_map.balance_map[QKC] += 1
    yield "coinbase amount higher", block
    block = twin(MinorBlock, good)
    block.header.coinbase_amount_map.balance_map[ODD] = 1
    yield "coinbase amount of another token", block
    yield header("bloom with one bit more", bloom=good.header.bloom ^ 1)
    for name, tx, seconds in transactions(net.config.BASE_ETH_CHAIN_ID + 1):
        yield "transaction: " + name, net.draft(m2, root1, seconds=seconds or 10, txs=[tx])
    two = [transaction(), transaction()]
    yield "transaction: the same nonce twice", net.draft(m2, root1, txs=two)
    full = [transaction(startgas=5000000), transaction(nonce=1, startgas=6000000)]
    yield "transaction: limits leave no room for the second", net.draft(m2, root1, txs=full)


def early_faults(net, root0):
    """On genesis, before transactions and contracts are enabled."""
    genesis = net.blocks[SHARDS[0]][0]
    yield "transaction: sender not listed", net.draft(genesis, root0, seconds=4, txs=[transaction()])
    data = transaction(data=b"\x01")
    yield "transaction: data before contracts", net.draft(genesis, root0, seconds=10, txs=[data])
    creation = transaction(to=b"", startgas=100000, value=0)
    yield "transaction: creation before contracts", net.draft(genesis, root0, seconds=10, txs=[creation])


def root_faults(net, m3, n2, n3, stray, fork_block, roots):
    root0, root1, _ = roots
    headers = [m3[0].header, m3[1].header, n2.header]
    good = net.draft_root(root1, headers, seconds=60)
    yield "valid", good

    def header(name, **fields):
        block = twin(RootBlock, good)
        for key, value in fields.items():
            setattr(block.header, key, value)
        return name, block

    def confirming(name, *minors, seconds=60, parent=root1):
        return name, net.draft_root(parent, minors, seconds=seconds)

    yield header("height 0", height=0)
    yield header("version 1", version=1)
    yield header("parent unknown", hash_prev_block=b"\x01" * 32)
    yield header("height two above the parent's", height=good.header.height + 1)
    yield header("time far in the future", create_time=2**40)
    yield header("time of the parent", create_time=root1.header.create_time)
    yield header("extra data too long", extra_data=bytes(1025))
    more = good.header.difficulty + 1
    yield header("difficulty higher", difficulty=more, total_difficulty=good.header.total_difficulty + 1)
    yield header("total difficulty higher", total_difficulty=good.header.total_difficulty + 1)
    block = twin(RootBlock, good)
    block.tracking_data = bytes(1025)
    yield "tracking data too long", block
    yield header("Merkle root wrong", hash_merkle_root=b"\x03" * 32)
    yield header("state root of genesis", hash_evm_state_root=bytes(32))
    block = twin(RootBlock, good)
    block.header.coinbase_amount_map.balance_map[QKC] += 1
    yield "coinbase amount higher", block
    block = twin(RootBlock, good)
    block.header.coinbase_amount_map.balance_map[ODD] = 1
    yield "coinbase amount of another token", block
    yield confirming("minor block later than the root block", *headers, n3.header)
    yield confirming("minor block on another root chain", fork_block.header)
    yield confirming("shards not in order", n2.header, m3[0].header)
    yield confirming("too many minor blocks", *[block.header for block in m3])
    yield confirming("minor block skipped", m3[1].header)
    yield confirming("minor block of a side chain", stray.header)
    yield confirming("genesis block not first", net.blocks[SHARDS[0]][1].header, parent=root0, seconds=60)
    late = twin(MinorBlockHeader, n2.header)
    late.branch = Branch(LATE)
    net.root.add_validated_minor_block_hash(late.get_hash(), late.coinbase_amount_map.balance_map)
    yield confirming("shard not born", late)
    late = twin(MinorBlockHeader, n2.header)
    late.branch = Branch(0x90001)
    net.root.add_validated_minor_block_hash(late.get_hash(), late.coinbase_amount_map.balance_map)
    yield confirming("shard that does not exist", late)
    unknown = twin(MinorBlockHeader, m3[0].header)
    unknown.nonce += 1
    block = twin(RootBlock, good)
    block.minor_block_header_list = [unknown]
    yield "minor block unknown", block.finalize(good.header.coinbase_amount_map.balance_map, Address(MINER, 0))


def decodings(minor, root, deposits):
    """Bytes that are no block or list. Bytes behind an object are not among them: pyquarkchain does not look."""
    minor, root = bytes(minor.serialize()), bytes(root.serialize())
    for name, kind, data in (("minor block", "minor", minor), ("root block", "root", root), ("deposit list", "deposits", deposits)):
        cuts = sorted({0, 1, 3, len(data) // 3, len(data) // 2, len(data) - 5, len(data) - 1})
        for cut in cuts:
            yield "%s of %d bytes" % (name, cut), kind, data[:cut]
    at = minor.index(b"\x00\x00\x00\x01\x00\x00\x00\x00", 600)
    yield "transaction type 1", "minor", minor[: at + 4] + b"\x01" + minor[at + 5 :]
    yield "more transactions than bytes", "minor", minor[:at] + b"\x00\xff\xff\xff" + minor[at + 4 :]
    yield "deposit list of version 2", "deposits", deposits[:-1] + b"\x02"
    yield "more deposits than bytes", "deposits", b"\x00\xff\xff\xff" + deposits[4:]


DECODERS = {
    "minor": lambda data: MinorBlock.deserialize(data),
    "root": lambda data: RootBlock.deserialize(data),
    "deposits": lambda data: CrossShardTransactionList.from_data(data),
}


async def make():
    Logger.set_logging_level("error")
    ours, cluster = config()
    net = Net(cluster)
    one, two = SHARDS
    root0 = net.genesis_root
    g, h = net.blocks[one][0], net.blocks[two][0]
    early = [[name, block, verdict(lambda: net.shards[one].add_block(block, force=True, write_db=False))] for name, block in early_faults(net, root0)]
    m1 = net.add(net.finish(net.draft(g, root0)))
    m1b = net.add(net.finish(net.draft(g, root0, extra=b"side")))
    root1 = net.add_root(net.draft_root(root0, [g.header, m1.header, h.header], seconds=30))
    fork = net.add_root(net.draft_root(root0, [g.header, h.header], seconds=30, extra=b"fork"))
    send = transaction(from_full_shard_key=0x10000, to_full_shard_key=0, startgas=90000)
    n1 = net.add(net.finish(net.draft(h, root1, seconds=20, txs=[send])))
    on_fork = net.add(net.finish(net.draft(g, fork, seconds=20)))
    root2 = net.add_root(net.draft_root(root1, [n1.header], seconds=10))
    m2 = net.add(net.finish(net.draft(m1, root1)))
    m3 = net.add(net.finish(net.draft(m2, root2, extra=b"third")))
    m4 = net.add(net.finish(net.draft(m3, root2)))
    n2 = net.add(net.finish(net.draft(n1, root2)))
    n3 = net.add(net.finish(net.draft(n2, root2, seconds=1000)))
    roots = (root0, root2, net.add_root(net.draft_root(fork, [])))
    minor = []
    for name, block in minor_faults(net, m1b, m2, m3, roots):
        minor.append([name, block, verdict(lambda: net.shards[one].add_block(block, force=True, write_db=False))])
    root = []
    for name, block in root_faults(net, [m2, m3, m4], n2, n3, m1b, on_fork, roots):
        root.append([name, block, verdict(lambda: net.root.add_block(block, write_db=False))])
    hexed = lambda rows: [dict(name=name, block=bytes(b.serialize()).hex(), error=error) for name, b, error in rows]
    broken = [
        dict(name=name, kind=kind, bytes=data.hex(), error=verdict(lambda: DECODERS[kind](data)))
        for name, kind, data in decodings(minor[0][1], root[0][1], bytes.fromhex(net.lists[0][2]))
    ]
    return dict(
        config=ours,
        roots=[bytes(block.serialize()).hex() for block in net.roots],
        blocks={str(k): [bytes(block.serialize()).hex() for block in v] for k, v in net.blocks.items()},
        lists=[dict(shard=shard, source=source, list=data) for shard, source, data in net.lists],
        minor=hexed(early + minor),
        root=hexed(root),
        bytes=broken,
    )


if __name__ == "__main__":
    result = asyncio.run(make())
    with open(sys.argv[1], "wb") as file:
        file.write(gzip.compress(json.dumps(result, indent=0).encode(), 9, mtime=0))
    for group in ("minor", "root", "bytes"):
        for row in result[group]:
            print(group, "|", row["name"], "|", row["error"])
