"""Answers of pyquarkchain's transaction queue and of its add_tx, as fixtures/pool/*.json.gz (see README.md there).

Usage: PYTHONPATH=<pyquarkchain> python generate.py <output folder> [seed]
"""
import asyncio
import gzip
import json
import random
import sys

from quarkchain.cluster.tests.test_shard_state import create_default_shard_state
from quarkchain.cluster.tests.test_utils import create_transfer_transaction, get_test_env
from quarkchain.core import Address, Branch, Identity, SerializedEvmTransaction, TypedTransaction
from quarkchain.evm.transaction_queue import TransactionQueue
from quarkchain.evm.transactions import Transaction as EvmTransaction
from quarkchain.utils import token_id_encode


def identity(number):
    return Identity.create_from_key(number.to_bytes(32, "big"))


SENDERS = [identity(n) for n in range(1, 7)]


def queue_tx(rng, n):
    sender = rng.randrange(len(SENDERS))
    tx = EvmTransaction(
        nonce=rng.randrange(4),
        startgas=rng.choice([21000, 30000, 50000]),
        gasprice=rng.randrange(5),
        value=n,
        data=b"",
        to=b"\x35" * 20,
        gas_token_id=0,
        transfer_token_id=0,
        from_full_shard_key=0,
        to_full_shard_key=0,
    )
    tx.sign(key=SENDERS[sender].get_key())
    return TypedTransaction(SerializedEvmTransaction.from_evm_tx(tx))


def order(queue):
    return [item.tx.get_hash().hex()[:8] for item in queue.txs]


def queue_case(rng):
    """Operations on one queue, each with the order after it. No transaction comes twice."""
    limit = rng.choice([4, 12, 40])
    queue = TransactionQueue(limit)
    nonces = {s.get_recipient(): 0 for s in SENDERS}
    operations = []
    for n in range(60):
        kind = rng.choice(["add"] * 6 + ["template", "diff"])
        if kind == "add":
            tx = queue_tx(rng, n)
            queue.add_transaction(tx)
            operation = {"add": tx.serialize().hex()}
        elif kind == "diff":
            txs = [item.tx for item in rng.sample(queue.txs, min(2, len(queue.txs)))]
            queue = queue.diff(txs)
            for tx in txs:
                evm = tx.tx.to_evm_tx()
                nonces[evm.sender] = max(nonces[evm.sender], evm.nonce + 1)
            operation = {"diff": [tx.serialize().hex() for tx in txs]}
        else:
            # As shard_state.py __add_transactions_to_block: what is taken is put back at the end.
            gas, taken = rng.choice([60000, 150000, 500000]), []
            now, start = dict(nonces), gas
            while gas > 0:
                tx = queue.pop_transaction(req_nonce_getter=lambda a: now[a], max_gas=gas)
                if tx is None:
                    break
                evm = tx.tx.to_evm_tx()
                gas -= evm.startgas
                now[evm.sender] += 1
                taken.append(tx)
            for tx in taken:
                queue.add_transaction(tx)
            operation = {"template": start, "taken": [tx.get_hash().hex()[:8] for tx in taken]}
        operation["nonces"] = {a.hex(): n for a, n in nonces.items()}
        operation["order"] = order(queue)
        operations.append(operation)
    return {"limit": limit, "operations": operations}


def admission_case(name, prepare=False):
    genesis = SENDERS[0]
    qkc, other = token_id_encode("QKC"), token_id_encode("QI")
    sender = Address.create_from_identity(genesis, full_shard_key=0)
    poor = Address.create_from_identity(SENDERS[1], full_shard_key=0)
    env = get_test_env(
        genesis_account=sender,
        genesis_minor_token_balances={"QKC": 10 ** 18, "QI": 10 ** 18},
        genesis_root_heights={2: 0, 3: 0, 65538: 0, 65539: 5},
    )
    env.quark_chain_config.MIN_TX_POOL_GAS_PRICE = 1000
    env.quark_chain_config.ENABLE_EVM_TIMESTAMP = env.quark_chain_config.ROOT.GENESIS.TIMESTAMP + 10 ** 6
    state = create_default_shard_state(env)
    if prepare:
        state.add_root_block(state.root_tip.create_block_to_append().finalize())
        env.quark_chain_config.MIN_TX_POOL_GAS_PRICE = 0
        tx = create_transfer_transaction(state, genesis.get_key(), sender, poor, 5, gas_price=1)
        assert state.add_tx(tx)
        state.finalize_and_add_block(state.create_block_to_mine(address=sender, create_time=state.header_tip.create_time + 100))
        env.quark_chain_config.MIN_TX_POOL_GAS_PRICE = 1000
    base = state.get_transaction_count(sender.recipient)
    limit = state.evm_state.gas_limit
    shard_limit = state.get_gas_limit()

    def make(**change):
        key = change.pop("key", genesis)
        fields = dict(
            nonce=base, gasprice=1000, startgas=21000, value=1, data=b"", to=b"\x35" * 20,
            from_full_shard_key=0, to_full_shard_key=0, network_id=env.quark_chain_config.NETWORK_ID,
            gas_token_id=qkc, transfer_token_id=qkc, version=0,
        )
        fields.update(change)
        tx = EvmTransaction(**fields)
        tx.set_quark_chain_config(env.quark_chain_config)
        tx.sign(key=key.get_key())
        return TypedTransaction(SerializedEvmTransaction.from_evm_tx(tx))

    table = [("plain", make())]
    table += [("again", table[0][1]), ("same nonce", make(value=2))]
    for ahead in (-1, 1, 2, 63, 64, 65, 66):
        if base + ahead >= 0:
            table.append(("nonce %+d" % ahead, make(nonce=base + ahead)))
    table += [
        ("ahead, no balance", make(key=SENDERS[1], nonce=9, value=10 ** 30)),
        ("ahead, startgas 1", make(nonce=base + 3, startgas=1)),
        ("ahead, startgas above every limit", make(nonce=base + 3, startgas=10 ** 12)),
        ("ahead, price too low", make(nonce=base + 3, gasprice=999)),
        ("ahead, wrong network", make(nonce=base + 3, network_id=5)),
        ("ahead, other shard", make(nonce=base + 3, from_full_shard_key=1)),
        ("ahead, unset token", make(nonce=base + 3, gas_token_id=other)),
        ("ahead, version 2 without its network id", make(nonce=base + 3, version=2)),
        ("no balance", make(key=SENDERS[2])),
        ("price 999", make(gasprice=999)), ("price 0", make(gasprice=0)),
        ("startgas 20999", make(startgas=20999)),
        ("startgas at the limit", make(startgas=limit)),
        ("startgas above the limit", make(startgas=limit + 1)),
        ("wrong network", make(network_id=1)),
        ("other shard", make(from_full_shard_key=1)),
        ("other chain", make(from_full_shard_key=1 << 16)),
        ("to the other shard", make(to_full_shard_key=1, startgas=30000)),
        ("to the other shard, intrinsic gas short", make(to_full_shard_key=1, startgas=29999)),
        ("to a shard not born", make(to_full_shard_key=(1 << 16) + 1, startgas=30000)),
        ("to a neighbour", make(to_full_shard_key=1 << 16, startgas=30000)),
        ("cross-shard limit", make(to_full_shard_key=1, startgas=shard_limit // 2)),
        ("above the cross-shard limit", make(to_full_shard_key=1, startgas=shard_limit // 2 + 1)),
        ("to a chain that is not", make(to_full_shard_key=9 << 16, startgas=30000)),
        ("creation before contracts", make(to=b"", data=b"\x00", startgas=100000)),
        ("data before contracts", make(data=b"\x01", startgas=100000)),
        ("gas in a token without exchange", make(gas_token_id=other)),
        ("transfer of a token", make(transfer_token_id=other)),
        ("version 2", make(version=2, network_id=env.quark_chain_config.CHAINS[0].ETH_CHAIN_ID)),
        ("all that it has", make(value=10 ** 18)),
    ]
    rows = []
    for title, tx in table:
        # Each for itself, but for those that ask about the one before.
        if title not in ("again", "same nonce"):
            state.tx_queue = TransactionQueue()
        try:
            answer = state.add_tx(tx)
        except Exception as e:
            answer = "raises " + type(e).__name__
        rows.append({"title": title, "typed": tx.serialize().hex(), "answer": answer})
    tip = state.header_tip
    for slave in env.cluster_config.SLAVE_LIST:
        slave.FULL_SHARD_ID_LIST = []
    env.cluster_config.SLAVE_LIST[0].FULL_SHARD_ID_LIST = [2, 3, 65538, 65539]
    return {
        "name": name,
        "config": env.cluster_config.to_json(),
        "fullShardId": state.full_shard_id,
        "accounts": {
            a.recipient.hex(): {
                "nonce": state.get_transaction_count(a.recipient),
                "balances": {str(k): str(v) for k, v in state.get_balances(a.recipient).items()},
            }
            for a in (sender, poor)
        },
        "tip": {
            "height": tip.height, "createTime": state.evm_state.timestamp, "difficulty": str(tip.difficulty),
            "gasLimit": str(limit), "rootHeight": state.root_tip.height,
        },
        "reachable": [
            s
            for s in env.quark_chain_config.get_initialized_full_shard_ids_before_root_height(state.root_tip.height)
            if state._is_neighbor(Branch(s))
        ],
        "rows": rows,
    }


def template_case(rng):
    """A block made of a pool in which much fails: cheap, without balance, with data before contracts, too much gas."""
    env = get_test_env()
    env.quark_chain_config.MIN_MINING_GAS_PRICE = 2
    env.quark_chain_config.ENABLE_EVM_TIMESTAMP = 10 ** 10
    for sender in SENDERS:
        address = Address.create_from_identity(sender, full_shard_key=0).serialize().hex()
        env.quark_chain_config.shards[2].GENESIS.ALLOC[address] = {"QKC": rng.choice([10 ** 5, 10 ** 6, 10 ** 18])}
    state = create_default_shard_state(env)
    accounts = {
        s.get_recipient().hex(): {
            "nonce": 0,
            "balances": {str(k): str(v) for k, v in state.get_balances(s.get_recipient()).items()},
        }
        for s in SENDERS
    }
    pooled, qkc = [], token_id_encode("QKC")
    for n in range(150):
        tx = EvmTransaction(
            nonce=rng.choice([0, 0, 1, 1, 2, 3, 4, 5]), gasprice=rng.randrange(6), value=rng.choice([n, 10 ** 5 + n, 10 ** 20 + n]),
            startgas=rng.choice([20000, 21000, 21000, 50000, 2000000, 10 ** 7]),
            data=rng.choice([b"", b"", b"", b"\x01"]), to=b"\x35" * 20, from_full_shard_key=0, to_full_shard_key=0,
            network_id=env.quark_chain_config.NETWORK_ID, gas_token_id=qkc, transfer_token_id=qkc, version=0,
        )
        tx.sign(key=rng.choice(SENDERS).get_key())
        tx = TypedTransaction(SerializedEvmTransaction.from_evm_tx(tx))
        state.tx_queue.add_transaction(tx)
        pooled.append(tx.serialize().hex())
    gas_limit = rng.choice([100000, 400000, 12000000])
    block = state.create_block_to_mine(
        create_time=state.header_tip.create_time + 10,
        address=Address.create_empty_account(0), gas_limit=gas_limit, xshard_gas_limit=0,
    )
    for slave in env.cluster_config.SLAVE_LIST:
        slave.FULL_SHARD_ID_LIST = []
    env.cluster_config.SLAVE_LIST[0].FULL_SHARD_ID_LIST = list(env.quark_chain_config.shards)
    return {
        "config": env.cluster_config.to_json(), "fullShardId": state.full_shard_id, "accounts": accounts,
        "createTime": block.header.create_time, "gasLimit": str(gas_limit), "leastGasPrice": "2",
        "pooled": pooled,
        "taken": [tx.get_hash().hex()[:8] for tx in block.tx_list],
        "gasUsed": str(block.meta.evm_gas_used),
        "order": order(state.tx_queue),
    }


def write(folder, name, value):
    with gzip.GzipFile("%s/%s.json.gz" % (folder, name), "wb", mtime=0) as file:
        file.write(json.dumps(value).encode())


async def main():
    folder, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
    rng = random.Random(seed)
    write(folder, "queue", [queue_case(rng) for _ in range(20)])
    write(folder, "templates", [template_case(rng) for _ in range(5)])
    write(folder, "admission", [admission_case("genesis"), admission_case("after a block", prepare=True)])


asyncio.run(main())
