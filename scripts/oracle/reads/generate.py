"""Answers of pyquarkchain's reads, as fixtures/reads/*.json.gz (see README.md there).

Usage: PYTHONPATH=<pyquarkchain> python generate.py <output folder> [seed]
"""
import asyncio
import gzip
import json
import random
import sys
from types import SimpleNamespace

from quarkchain.cluster.log_filter import LogFilter
from quarkchain.cluster.shard_db_operator import TransactionHistoryMixin
from quarkchain.cluster.tests.test_shard_state import create_default_shard_state
from quarkchain.cluster.tests.test_utils import get_test_env
from quarkchain.core import Address, Branch, CrossShardTransactionDeposit, CrossShardTransactionList, Log
from quarkchain.core import SerializedEvmTransaction, TypedTransaction
from quarkchain.db import InMemoryDb
from quarkchain.evm.bloom import bloom
from quarkchain.evm.transactions import Transaction as EvmTransaction
from quarkchain.utils import sha3_256, token_id_encode


def address(n):
    return bytes([0xA0 + n]) * 20


def topic(n):
    return bytes([n]) * 32


def make_log(rng):
    return Log(address(rng.randrange(4)), [topic(rng.randrange(4)) for _ in range(rng.randrange(5))], b"\x01")


def log_case(rng):
    blocks = []
    for height in range(8):
        receipts = [[make_log(rng) for _ in range(rng.randrange(3))] for _ in range(rng.randrange(3))]
        bits = 0
        for logs in receipts:
            for log in logs:
                for value in [log.recipient] + log.topics:
                    bits |= bloom(value)
        blocks.append({"bits": bits, "receipts": receipts})
    candidates = [
        SimpleNamespace(
            header=SimpleNamespace(height=height, bloom=b["bits"], get_hash=lambda: b""),
            tx_list=b["receipts"],
            get_receipt=lambda db, i, hlist, b=b: SimpleNamespace(logs=b["receipts"][i]),
        )
        for height, b in enumerate(blocks)
    ]
    db = SimpleNamespace(db=None, get_xshard_deposit_hash_list=lambda h: None)
    queries = []
    for _ in range(12):
        addresses = [address(n) for n in rng.sample(range(4), rng.choice([0, 0, 1, 2]))]
        topics = [[topic(n) for n in rng.sample(range(4), rng.randrange(3))] for _ in range(rng.randrange(5))]
        found = LogFilter.create_from_block_candidates(
            db, [Address(a, 0) for a in addresses], topics, candidates
        ).run()
        places = [
            (height, i, j)
            for log in found
            for height, b in enumerate(blocks)
            for i, logs in enumerate(b["receipts"])
            for j, other in enumerate(logs)
            if other is log
        ]
        queries.append({
            "addresses": [a.hex() for a in addresses], "topics": [[t.hex() for t in ts] for ts in topics],
            "found": places,
        })
    return {
        "blocks": [
            {
                "bloom": b["bits"].to_bytes(256, "big").hex(),
                "receipts": [
                    [{"address": l.recipient.hex(), "topics": [t.hex() for t in l.topics]} for l in logs]
                    for logs in b["receipts"]
                ],
            }
            for b in blocks
        ],
        "queries": queries,
    }


def history_case(rng):
    """A store with the rows of some blocks, and pages of it."""
    env = SimpleNamespace(cluster_config=SimpleNamespace(ENABLE_TRANSACTION_HISTORY=True))
    operator = TransactionHistoryMixin()
    operator.env, operator.db, operator.branch = env, InMemoryDb(), Branch(1)
    blocks, exported = {}, []
    operator.get_minor_block_by_height = lambda height: blocks[height]
    # Deposit 5 below and its twin have one hash.
    deposit_hashes = [sha3_256(bytes([n])) for n in range(6)]
    for height in range(1, 9):
        deposits = [
            CrossShardTransactionDeposit(
                tx_hash=rng.choice(deposit_hashes) if not is_root else sha3_256(b"r%d" % height),
                from_address=Address(address(9 - 4), 1), to_address=Address(address(rng.randrange(3)), 1),
                value=rng.choice([0, 7]), gas_price=1, gas_token_id=1, transfer_token_id=rng.choice([5, 6]),
                is_from_root_chain=is_root,
            )
            for is_root in [True, False, False][: rng.randrange(4)]
        ]
        txs = []
        for n in range(rng.randrange(4)):
            tx = EvmTransaction(
                nonce=n, gasprice=1, startgas=height, to=rng.choice([b"", address(0), address(1), address(2)]),
                value=rng.choice([0, 3]), data=b"", gas_token_id=1, transfer_token_id=rng.choice([5, 6]),
                from_full_shard_key=1, to_full_shard_key=rng.choice([1, 1 << 16]), network_id=n,
            )
            tx.sign(key=rng.choice([b"\x01" * 32, b"\x02" * 32]))
            txs.append(TypedTransaction(SerializedEvmTransaction.from_evm_tx(tx)))
        block_hash = sha3_256(b"b%d" % height)
        blocks[height] = SimpleNamespace(
            header=SimpleNamespace(height=height, create_time=height, get_hash=lambda h=block_hash: h),
            tx_list=txs,
            get_receipt=lambda db, i, x_shard_receive_tx_list: SimpleNamespace(success=b"\x01"),
        )
        operator.put_confirmed_cross_shard_transaction_deposit_list(block_hash, deposits)
        for i, tx in enumerate(txs):
            operator.put_transaction_history_index(tx, height, i)
        operator.put_transaction_history_index_from_block(blocks[height])
        evms = [tx.tx.to_evm_tx() for tx in txs]
        exported.append({
            "height": height,
            "transactions": [
                {
                    "hash": tx.get_hash().hex(), "sender": e.sender.hex(), "to": e.to.hex(), "value": e.value,
                    "isToThisShard": operator.branch.is_in_branch(e.to_full_shard_key), "token": e.transfer_token_id,
                }
                for tx, e in zip(txs, evms)
            ],
            "deposits": [
                {
                    "hash": d.tx_hash.hex(), "to": d.to_address.recipient.hex(), "value": d.value,
                    "isFromRootChain": d.is_from_root_chain, "token": d.transfer_token_id,
                }
                for d in deposits
            ],
        })
    keys = sorted(k.hex() for k in operator.db.kv if k.startswith(b"index_"))
    pages = []
    senders = {tx.tx.to_evm_tx().sender for b in blocks.values() for tx in b.tx_list}
    for who in [None] + sorted(senders) + [address(n) for n in range(4)]:
        for limit in (0, 1, 3, 100):
            token = rng.choice([None, 5]) if who else None
            start = b""
            for _ in range(40):
                if who is None:
                    found, following = operator.get_all_transactions(start, limit)
                else:
                    found, following = operator.get_transactions_by_address(Address(who, 1), token, start, limit)
                pages.append({
                    "address": who and who.hex(), "token": token, "limit": limit, "start": start.hex(),
                    "found": [d.tx_hash.hex()[:8] for d in found], "next": following.hex(),
                })
                if not found:
                    break
                start = following
    return {"blocks": exported, "keys": keys, "pages": pages}


def balance_case(rng):
    env = get_test_env()
    accounts = {}
    for n in range(rng.choice([1, 40])):
        who = Address(bytes(rng.randrange(256) for _ in range(20)), 0)
        accounts[who.recipient.hex()] = balances = {t: rng.randrange(1, 1000) for t in rng.choice([["QKC"], ["QKC", "QI"], ["QI"]])}
        env.quark_chain_config.shards[2].GENESIS.ALLOC[who.serialize().hex()] = balances
    state = create_default_shard_state(env)
    pages, tip = [], state.header_tip.get_hash()
    for limit in (0, 1, 7, 1000):
        start = None
        for _ in range(60):
            total, following = state.get_total_balance(token_id_encode("QKC"), tip, None, limit, start)
            pages.append({"limit": limit, "start": start and start.hex(), "total": total, "next": following.hex()})
            if limit == 0 or following == bytes(32):
                break
            start = following
    dump = {}
    for key in list(env.quark_chain_config.shards[2].GENESIS.ALLOC):
        who = bytes.fromhex(key)[:20]
        dump[who.hex()] = {
            "nonce": 0, "balances": {str(k): str(v) for k, v in state.get_balances(who).items()},
        }
    return {
        "accounts": dump, "coinbase": state.header_tip.coinbase_address.recipient.hex(),
        "coinbaseBalances": {str(k): str(v) for k, v in state.get_balances(state.header_tip.coinbase_address.recipient).items()},
        "token": str(token_id_encode("QKC")), "pages": pages,
    }


# NUMBER, TIMESTAMP, COINBASE, DIFFICULTY, GASLIMIT, BLOCKHASH(NUMBER - 1), as six words.
CONTEXT = "43600052426020524160405244606052456080526001430340" + "60a052" + "60c06000f3"
CALLED = {"context": CONTEXT, "stores": "60016000556001600155", "reverts": "60006000fd", "loops": "5b600056"}


def call_case(rng, height):
    env = get_test_env()
    env.quark_chain_config.ENABLE_EVM_TIMESTAMP = None
    contracts = {name: bytes([0xC0 + n]) * 20 for n, name in enumerate(CALLED)}
    for name, who in contracts.items():
        env.quark_chain_config.shards[2].GENESIS.ALLOC[who.hex() + "00000000"] = {
            "balances": {"QKC": 0}, "code": CALLED[name], "storage": {},
        }
    state = create_default_shard_state(env)
    for n in range(height):
        block = state.create_block_to_mine(
            create_time=state.header_tip.create_time + 5 + n, address=Address(bytes([0x70 + n]) * 20, 0),
        )
        state.finalize_and_add_block(block)
    sender = Address(b"\x11" * 20, 0)
    qkc = token_id_encode("QKC")

    def make(**change):
        fields = dict(
            nonce=0, gasprice=0, startgas=0, value=0, data=b"", to=contracts["context"], from_full_shard_key=0,
            to_full_shard_key=0, network_id=env.quark_chain_config.NETWORK_ID, gas_token_id=qkc, transfer_token_id=qkc,
        )
        fields.update(change)
        tx = EvmTransaction(**fields)
        tx.set_quark_chain_config(env.quark_chain_config)
        return TypedTransaction(SerializedEvmTransaction.from_evm_tx(tx))

    limit = state.evm_state.gas_limit
    calls = []
    for at in [None] + list(range(height + 2)):
        for tx in (make(), make(startgas=limit), make(startgas=limit + 1), make(startgas=22000), make(gasprice=1),
                   make(to=contracts["reverts"]), make(network_id=5), make(from_full_shard_key=1 << 16)):
            output = state.execute_tx(tx, sender, at)
            calls.append({"height": at, "typed": tx.serialize().hex(), "output": None if output is None else output.hex()})
    estimates = []
    for tx in (
        [make(to=contracts[name], startgas=gas) for name in ("stores", "context", "reverts")
         for gas in (0, 20999, 21000, 21001, 61000, 61006, 61012, 100000, limit, limit + 1)]
        + [make(value=1), make(value=1, from_full_shard_key=1 << 16), make(gasprice=3, from_full_shard_key=1 << 16),
           make(to=contracts["loops"], startgas=30000), make(to=b"", data=b"\x00" * 9)]
    ):
        estimates.append({"typed": tx.serialize().hex(), "gas": state.estimate_gas(tx, sender)})
    headers = [state.db.get_minor_block_by_height(h).header for h in range(height + 1)]
    for slave in env.cluster_config.SLAVE_LIST:
        slave.FULL_SHARD_ID_LIST = []
    env.cluster_config.SLAVE_LIST[0].FULL_SHARD_ID_LIST = list(env.quark_chain_config.shards)
    return {
        "config": env.cluster_config.to_json(),
        "contracts": {who.hex(): CALLED[name] for name, who in contracts.items()},
        "tipGasLimit": str(limit), "tipTimestamp": state.evm_state.timestamp,
        "headers": [
            {
                "hash": h.get_hash().hex(), "height": h.height, "createTime": h.create_time, "difficulty": str(h.difficulty),
                "coinbase": h.coinbase_address.recipient.hex(), "gasLimit": str(h.evm_gas_limit),
            }
            for h in headers
        ],
        "calls": calls, "estimates": estimates,
    }


def write(folder, name, value):
    with gzip.GzipFile("%s/%s.json.gz" % (folder, name), "wb", mtime=0) as file:
        file.write(json.dumps(value).encode())


async def main():
    folder, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
    rng = random.Random(seed)
    write(folder, "logs", [log_case(rng) for _ in range(10)])
    write(folder, "history", [history_case(rng) for _ in range(3)])
    write(folder, "balances", [balance_case(rng) for _ in range(3)])
    write(folder, "calls", [call_case(rng, 0), call_case(rng, 3)])


asyncio.run(main())
