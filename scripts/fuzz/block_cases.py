"""Block level: random blocks executed by pyquarkchain's own ShardState.run_block on a random state.

Only what run_block reads from the database is replaced: the state it starts from, its ancestors, and the inbox.
"""
import json
import random

import rlp
from quarkchain.cluster import shard_state
from quarkchain.cluster.cluster_config import ClusterConfig
from quarkchain.cluster.shard_state import ShardState
from quarkchain.config import QuarkChainConfig
from quarkchain.core import (
    Address, Branch, CrossShardTransactionDeposit, CrossShardTransactionList, MinorBlock, MinorBlockHeader,
    MinorBlockMeta, SerializedEvmTransaction, TypedTransaction, XshardTxCursorInfo, mk_receipt_sha,
)
from quarkchain.env import DEFAULT_ENV
from quarkchain.evm import exceptions
from quarkchain.evm.common import FakeHeader
from quarkchain.evm.transactions import Transaction
from quarkchain.evm.utils import privtoaddr
from quarkchain.utils import sha3_256

from explorer import Explorer, precompile_input
from machine import NEVER, build_state, hexed, schedule_specials
from message_cases import world_of_programs
from programs import assemble, returning
from random_cases import ADDRESSES, BUILTINS, COINBASE, CONTRACTS, PEOPLE, QKC, SYSTEM, TOKEN_MAX, TOKEN_BUILTINS, call_data

KEYS = [sha3_256(b"fuzz key %d" % i) for i in range(4)]
SIGNERS = [privtoaddr(key) for key in KEYS]
GAS_CONTRACT = SYSTEM[2]
NOW = 1600000000
UINT128 = 2 ** 128


# ---------------------------------------------------------------- generator
def switch(rng):
    """A time around the block's; rarely none at all."""
    return rng.choice([0, 0, 0, 1, NOW - 1, NOW, NOW, NOW + 1, None])


def config(rng):
    sizes = [rng.choice([1, 1, 2, 4]) for _ in range(rng.randint(1, 4))]
    chains = [
        {
            "CHAIN_ID": chain,
            "SHARD_SIZE": size,
            "CONSENSUS_TYPE": "POW_DOUBLESHA256",
            "CONSENSUS_CONFIG": {"TARGET_BLOCK_TIME": 10},
            "GENESIS": {"ROOT_HEIGHT": rng.choice([0, 0, 0, 0, 9, 10, 11]) if chain else 0, "ALLOC": {}},
            "POSW_CONFIG": {},
            "COINBASE_AMOUNT": rng.choice([5 * 10 ** 18, 0, 1, 3, 10 ** 30 + 7]),
            "EPOCH_INTERVAL": rng.choice([1, 3, 10, 100, 10 ** 6]),
        }
        for chain, size in enumerate(sizes)
    ]
    for chain in chains:
        if rng.random() < 0.06:
            chain["DEFAULT_CHAIN_TOKEN"] = "1"
    return {
        "CHAIN_SIZE": len(sizes),
        "GENESIS_TOKEN": "1" if rng.random() < 0.03 else "QKC",
        "NETWORK_ID": rng.choice([1, 3, 255]),
        "CHAINS": chains,
        "ROOT": {"CONSENSUS_TYPE": "POW_DOUBLESHA256", "CONSENSUS_CONFIG": {}, "GENESIS": {}, "POSW_CONFIG": {}},
        "REWARD_TAX_RATE": rng.choice([0.5, 0.5, 0.1, 0.33, 0.0, 0.99]),
        "BLOCK_REWARD_DECAY_FACTOR": rng.choice([0.5, 0.88, 1.0, 0.01]),
        "ENABLE_TX_TIMESTAMP": rng.choice([0, None, NOW - 1, NOW, NOW + 1]) if rng.random() < 0.4 else 0,
        "TX_WHITELIST_SENDERS": [signer.hex() for signer in SIGNERS[:2]],
        "ENABLE_EVM_TIMESTAMP": switch(rng) if rng.random() < 0.5 else 0,
        "ENABLE_EIP155_SIGNER_TIMESTAMP": switch(rng),
        "ENABLE_NON_RESERVED_NATIVE_TOKEN_TIMESTAMP": switch(rng),
        "ENABLE_GENERAL_NATIVE_TOKEN_TIMESTAMP": switch(rng),
        "XSHARD_GAS_DDOS_FIX_ROOT_HEIGHT": rng.choice([0, 9, 10, 11, 90000]),
    }


def gas_contract(rng):
    """Something that answers payAsGas(token, gas, price)."""
    kind = rng.random()
    if kind < 0.04:
        return assemble(0, 0, "REVERT")
    if kind < 0.11:
        return Explorer(rng, ADDRESSES, 1).program(3)
    price = assemble(rng.choice([1, 1, 2, 7]), 68, "CALLDATALOAD", "MUL")
    if rng.random() < 0.3:
        price = assemble(rng.choice([2, 10, 10 ** 12]), 68, "CALLDATALOAD", "DIV")
    effects = b""
    if rng.random() < 0.5:
        effects += assemble(rng.choice([0, 1]), rng.randrange(3), "SSTORE")
    if rng.random() < 0.3:
        effects += assemble(7, 5, 0, "LOG1")
    if rng.random() < 0.15:
        effects += assemble(0, 0, 0, 0, 1, rng.choice([7, 0xDEAD01]), "GAS", "CALL", "POP")
    if rng.random() < 0.1:
        effects += assemble("ADDRESS", "SELFDESTRUCT")
    rate = rng.choice([0, 1, 33, 60, 99, 100, 100, 100] + ([101, 255] if rng.random() < 0.3 else []))
    return effects + assemble(rate, 0, "MSTORE") + price + assemble(32, "MSTORE", 64, 0, "RETURN")


def accounts(rng, addresses):
    world = world_of_programs(rng)
    here = world["accounts"]
    for signer in SIGNERS:
        tokens = {QKC: rng.choice([10 ** 24] * 6 + [10 ** 15])}
        for token in (1, 2, TOKEN_MAX):
            if rng.random() < 0.7:
                tokens[token] = rng.choice([10 ** 24] * 5 + [5])
        here[signer] = dict(nonce=rng.choice([0, 0, 1, 7, 300]), balances=tokens, code=b"", storage={}, key=rng.choice([0, 1, 0x10001]))
    if rng.random() < 0.7:
        here[GAS_CONTRACT] = dict(
            nonce=1, code=gas_contract(rng), storage={0: 1, 1: 1}, key=0,
            balances={QKC: rng.choice([10 ** 24, 10 ** 24, 10 ** 24, 10 ** 15, 0]), 1: rng.choice([0, 5])},
        )
    return here


class Sender:
    """Writes transactions of one block: nonces count on."""

    def __init__(self, rng, qkc, full_shard_id, here):
        self.rng, self.qkc, self.here = rng, qkc, here
        self.full_shard_id = full_shard_id
        self.nonces = {}

    def key_in(self, full_shard_id):
        """Some full shard key of the shard."""
        size = self.qkc["CHAINS"][full_shard_id >> 16]["SHARD_SIZE"]
        low = self.rng.choice([0, 0, 0xABC0, self.rng.randrange(65536)])
        return full_shard_id >> 16 << 16 | low & ~(size - 1) & 0xFFFF | full_shard_id & (size - 1)

    def some_shard(self):
        chain = self.rng.choice(self.qkc["CHAINS"])
        return chain["CHAIN_ID"] << 16 | chain["SHARD_SIZE"] | self.rng.randrange(chain["SHARD_SIZE"])

    def payload(self):
        """(to, data) of a transaction or deposit."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.2:
            return rng.choice(SIGNERS + PEOPLE + [COINBASE, bytes(20), bytes([rng.randrange(256)]) * 20]), b""
        if kind < 0.35:
            program = Explorer(rng, ADDRESSES + SIGNERS * 3, 1).program(rng.randint(1, 6))
            return b"", program if rng.random() < 0.4 else returning(program)
        if kind < 0.45:
            number, data = precompile_input(rng, False)
            return BUILTINS[number - 1], data
        if kind < 0.55:
            return rng.choice(TOKEN_BUILTINS + SYSTEM), call_data(rng)
        return rng.choice(CONTRACTS[:1] * 3 + CONTRACTS), call_data(rng)

    def fields(self):
        rng = self.rng
        index = rng.randrange(len(SIGNERS)) if rng.random() < 0.6 else 0
        nonce = self.nonces.get(index, self.here[SIGNERS[index]]["nonce"])
        self.nonces[index] = nonce + 1
        to, data = self.payload()
        if self.qkc["ENABLE_EVM_TIMESTAMP"] in (NOW + 1,) and rng.random() < 0.9:
            to, data = to or SIGNERS[0], b""
        crosses = rng.random() < 0.25
        to_key = self.key_in(self.some_shard() if crosses else self.full_shard_id)
        price = rng.choice([0, 1, 10 ** 3, 10 ** 9, 7 * 10 ** 9 + 3])
        extra = rng.choice([0, 0, 9000, 50000, 100000, 300000, 1000000])
        zeros = data.count(0)
        gas = 30000 * (not to) + 4 * zeros + 68 * (len(data) - zeros) + 32000 + extra
        fields = dict(
            nonce=nonce, gasprice=price, startgas=gas, to=to, value=rng.choice([0, 0, 1, 3, 10 ** 6, 10 ** 18]), data=data,
            gas_token_id=self.token_of(index, GAS_CONTRACT in self.here), transfer_token_id=self.token_of(index, True),
            from_full_shard_key=self.key_in(self.full_shard_id), to_full_shard_key=to_key,
            network_id=self.qkc["NETWORK_ID"], version=rng.choice([0, 0, 1, 1, 2]),
        )
        if fields["version"] == 2:
            self.make_eip155(fields)
        return index, fields

    def token_of(self, index, foreign):
        """A token the signer has, or once in a while any other."""
        rng = self.rng
        if not foreign or rng.random() < 0.65:
            return QKC
        return rng.choice(list(self.here[SIGNERS[index]]["balances"]) if rng.random() < 0.98 else [1, 2, TOKEN_MAX])

    def make_eip155(self, fields):
        if self.full_shard_id & (self.qkc["CHAINS"][self.full_shard_id >> 16]["SHARD_SIZE"] - 1):
            fields["version"] = 0
            return
        key = self.full_shard_id >> 16 << 16
        fields.update(from_full_shard_key=key, to_full_shard_key=key, gas_token_id=QKC, transfer_token_id=QKC)
        fields["network_id"] = 100000 + (self.full_shard_id >> 16) + 1

    def spoil(self, fields):
        """One fault before signing."""
        rng = self.rng
        if fields["version"] == 2 and rng.random() < 0.6:
            key = fields["from_full_shard_key"]
            fields.update(rng.choice([
                {"gas_token_id": 1}, {"transfer_token_id": 1}, {"to_full_shard_key": key + 4},
                {"from_full_shard_key": key + 4}, {"to_full_shard_key": key ^ 0x10000},
            ]))
            return
        fields.update(rng.choice([
            {"nonce": fields["nonce"] + rng.choice([1, 64, 65])},
            {"nonce": max(0, fields["nonce"] - 1)},
            {"startgas": rng.choice([0, 20999, 21000, 29999, 30000])},
            {"startgas": rng.choice([12 * 10 ** 6, 12 * 10 ** 6 + 1, 6 * 10 ** 6, 6 * 10 ** 6 + 1, UINT128 - 1, UINT128])},
            {"gasprice": rng.choice([UINT128 - 1, UINT128, 2 ** 255])},
            {"value": rng.choice([10 ** 25, 2 ** 256 - 1])},
            {"network_id": rng.choice([0, 1, 2, 3, 100001, 100002, 2 ** 32])},
            {"from_full_shard_key": rng.choice([0, 1, 0x10000, 0x10001, 0x50000, 0xFFFFFFFF])},
            {"to_full_shard_key": rng.choice([0, 1, 0x10000, 0x10001])},
            {"to_full_shard_key": rng.choice([0x50000, 0xFFFFFFFF])},
            {"gas_token_id": rng.choice([3, 0, 77])},
            {"transfer_token_id": rng.choice([3, 0, 77])},
            {"version": rng.choice([0, 1, 2])},
        ]))

    def forge(self, tx):
        """One fault in the signature."""
        rng = self.rng
        order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
        v, r, s = tx.v, tx.r, tx.s
        v, r, s = rng.choice([
            (rng.choice([0, 1, 26, 29, 30, 31, 35, 36, 37, 38, 2 ** 64, 2 ** 256]), r, s),
            (v + rng.choice([-1, 1, 2]), r, s), (v, 0, s), (v, r, 0), (v, order, s), (v, r, order), (v, r, order - s), (v, 5, s),
            (v, r, s ^ 1),
        ])
        tx.set_signature(max(0, v), r, s)

    def transaction(self):
        """RLP in hex."""
        rng = self.rng
        index, fields = self.fields()
        fault = rng.random()
        if fault < 0.045:
            self.spoil(fields)
        tx = Transaction(**fields)
        tx.sign(KEYS[index])
        if 0.045 <= fault < 0.06:
            self.forge(tx)
        if 0.06 <= fault < 0.063:
            tx._in_mutable_context = True
            tx.version = rng.choice([0, 1, 2, 3, 2 ** 64])
        data = rlp.encode(tx)
        if 0.063 <= fault < 0.066:
            data = rng.choice([data[:-1], data + b"\0", b"", b"\xc0", data[:5]])
        return data.hex()

    def deposit(self, root_coinbase):
        rng = self.rng
        recipient = rng.choice(SIGNERS + PEOPLE + CONTRACTS[:1] + [COINBASE])
        here = self.key_in(self.full_shard_id)
        if root_coinbase:
            address = Address(recipient, rng.choice([here, self.key_in(self.some_shard())]))
            return CrossShardTransactionDeposit(
                tx_hash=bytes([rng.randrange(256)]) * 32, from_address=address, to_address=address,
                value=rng.choice([0, 10 ** 18, 12345]), gas_price=0, gas_token_id=QKC, transfer_token_id=QKC,
                is_from_root_chain=True,
            )
        to, data = self.payload()
        creates = not to
        to = to or rng.choice([bytes([rng.randrange(256)]) * 20] * 5 + [CONTRACTS[0], SIGNERS[0]])
        return CrossShardTransactionDeposit(
            tx_hash=bytes([rng.randrange(256)]) * 32,
            from_address=Address(rng.choice(SIGNERS + [PEOPLE[0], CONTRACTS[1]]), self.key_in(self.some_shard())),
            to_address=Address(to, here),
            value=rng.choice([0, 0, 1, 10 ** 6, 10 ** 18]),
            gas_price=rng.choice([0, 1, 10 ** 9]),
            gas_token_id=QKC if rng.random() < 0.99 else 1,
            transfer_token_id=rng.choice([QKC] * 5 + [1, 2]),
            gas_remained=rng.choice([0, 21000, 60000, 300000, 900000]),
            message_data=data,
            create_contract=creates,
            refund_rate=rng.choice([100, 100, 100, 0, 1, 60, 99, 255]),
        )

    def inbox(self, root_height):
        """Deposits in order, each with the cursor that names it."""
        rng = self.rng
        deposits, cursors = [], []
        for height in range(root_height - rng.choice([0, 1, 1, 2]), root_height + 1):
            if rng.random() < 0.85:
                deposits.append(self.deposit(True))
                cursors.append([height, 0, 1])
            for minor in range(1, rng.choice([1, 2, 3])):
                for index in range(rng.choice([0, 1, 2])):
                    deposits.append(self.deposit(False))
                    cursors.append([height, minor, index])
        return deposits, cursors


def case_of_seed(seed):
    rng = random.Random(seed)
    qkc = config(rng)
    here = accounts(rng, ADDRESSES)
    chain = rng.choice(qkc["CHAINS"])
    full_shard_id = chain["CHAIN_ID"] << 16 | chain["SHARD_SIZE"] | rng.randrange(chain["SHARD_SIZE"])
    sender = Sender(rng, qkc, full_shard_id, here)
    root_height = rng.choice([9, 10, 11])
    deposits, cursors = sender.inbox(root_height) if rng.random() < 0.7 else ([], [])
    locked = {}
    if rng.random() < 0.3:
        locked = {rng.choice(SIGNERS + CONTRACTS[:1] + PEOPLE[:1]): rng.choice([0, 1, 10 ** 18, 10 ** 24, 10 ** 25]) for _ in range(2)}
    gas_limit = rng.choice([12000000] * 8 + [1000000, 200000])
    case = {
        "name": "seed %d" % seed,
        "config": json.dumps({"QUARKCHAIN": qkc}),
        "fullShardId": full_shard_id,
        "rootTipHeight": rng.choice([10, 10, 11, 12]),
        "rootHeight": root_height,
        "accounts": json_accounts(here),
        "block": {
            "height": rng.choice([1, 3, 10, 299, 301]),
            "timestamp": NOW,
            "coinbase": rng.choice([COINBASE, COINBASE, bytes(20), SIGNERS[0], CONTRACTS[0]]).hex(),
            "difficulty": str(rng.choice([1, 10 ** 12])),
            "gasLimit": str(gas_limit),
            "xshardGasLimit": str(rng.choice([gas_limit // 2] * 4 + [0, 9000, 40000, gas_limit])),
            "disallow": {address.hex(): str(stake) for address, stake in locked.items()},
            "hashes": [(bytes([i % 251 + 1]) * 32).hex() for i in range(rng.choice([1, 3, 260]))],
            "transactions": [sender.transaction() for _ in range(rng.choice([1, 2, 3, 5, 8, 12]))],
        },
        "deposits": CrossShardTransactionList(deposits).serialize().hex(),
        "cursors": cursors,
    }
    return without_refused(rng, run_again(case))


def without_refused(rng, case):
    """Mostly the block without the transaction that makes it invalid and without those behind it."""
    refused = case["expected"].get("refused")
    if refused is None or refused[1] is None or rng.random() < 0.4:
        return case
    shorter = dict(case["block"], transactions=case["block"]["transactions"][: refused[1]])
    return run_again(dict(case, block=shorter))


def json_accounts(here):
    return {
        hexed(address): {
            "nonce": row["nonce"],
            "balances": {str(token): str(amount) for token, amount in row["balances"].items()},
            "code": hexed(row["code"]),
            "storage": {str(slot): str(value) for slot, value in row["storage"].items()},
            "key": row["key"],
        }
        for address, row in here.items()
    }


# ---------------------------------------------------------------- reference
class Inbox:
    """In the place of XshardTxCursor: the case's deposits."""

    case = None

    def __init__(self, shard, header):
        self.deposits = CrossShardTransactionList.deserialize(bytes.fromhex(Inbox.case["deposits"])).tx_list
        self.at = -1
        self.rblock = None

    def get_next_tx(self):
        self.at += 1
        if self.at >= len(self.deposits):
            self.rblock = None
            return None
        self.rblock = MinorBlock(MinorBlockHeader(height=Inbox.case["cursors"][self.at][0]), MinorBlockMeta())
        return self.deposits[self.at]

    def get_cursor_info(self):
        if self.at >= len(self.deposits):
            return XshardTxCursorInfo(Inbox.case["rootHeight"] + 1, 0, 0)
        return XshardTxCursorInfo(*Inbox.case["cursors"][self.at])


class Tip:
    def __init__(self, height):
        self.height = height


def run_again(case):
    return dict(case, expected=answer(case))


def answer(case):
    cluster = ClusterConfig()
    cluster.QUARKCHAIN = QuarkChainConfig.from_dict(json.loads(case["config"])["QUARKCHAIN"])
    # A switch that the configuration leaves out is not reset by the setter.
    schedule_specials(0, NEVER, NEVER)
    env = DEFAULT_ENV.copy()
    env.cluster_config = cluster
    built = build_state(read_accounts(case), "QKC")
    shard = ShardState(env, case["fullShardId"], built.db)
    shard.root_tip = Tip(case["rootTipHeight"])
    row = case["block"]
    coinbase = Address(bytes.fromhex(row["coinbase"]), case["fullShardId"])
    header = MinorBlockHeader(
        height=row["height"], create_time=row["timestamp"], branch=Branch(case["fullShardId"]), coinbase_address=coinbase,
        difficulty=int(row["difficulty"]), evm_gas_limit=int(row["gasLimit"]),
    )
    transactions = [TypedTransaction(SerializedEvmTransaction(0, bytes.fromhex(data))) for data in row["transactions"]]
    block = MinorBlock(header, MinorBlockMeta(evm_xshard_gas_limit=int(row["xshardGasLimit"])), transactions)
    shard._get_evm_state_for_new_block = lambda block, ephemeral=True: start_state(shard, built, row, header)
    Inbox.case = case
    real_cursor, shard_state.XshardTxCursor = shard_state.XshardTxCursor, Inbox
    consumed = []
    try:
        state = shard.run_block(block, consumed)
    except Exception as error:
        return {"refused": refusal(error)}
    finally:
        shard_state.XshardTxCursor = real_cursor
    return computed(shard, header, transactions, state, consumed)


def read_accounts(case):
    return {
        bytes.fromhex(address): dict(
            nonce=row["nonce"],
            balances={int(token): int(amount) for token, amount in row["balances"].items()},
            code=bytes.fromhex(row["code"]),
            storage={int(slot): int(value) for slot, value in row["storage"].items()},
            key=row["key"],
        )
        for address, row in case["accounts"].items()
    }


def start_state(shard, built, row, header):
    """As ShardState._get_evm_state_for_new_block, with the case's parent, ancestors and locked stakes."""
    locked = {bytes.fromhex(address): int(stake) for address, stake in row["disallow"].items()}
    state = shard._ShardState__create_evm_state(built.trie.root_hash, locked, header.create_time)
    state.prev_headers.extend(FakeHeader(hash=bytes.fromhex(value)) for value in row["hashes"][:256])
    state.gas_limit = header.evm_gas_limit
    state.block_number = header.height
    state.block_coinbase = header.coinbase_address.recipient
    state.block_difficulty = header.difficulty
    state.block_reward = 0
    return state


def computed(shard, header, transactions, state, consumed):
    coinbase = shard.get_coinbase_amount_map(header.height)
    coinbase.add(state.block_fee_tokens)
    receipts = state.receipts + state.xshard_deposit_receipts
    cursor = state.xshard_tx_cursor_info
    return {
        "stateRoot": state.trie.root_hash.hex(),
        "receiptRoot": mk_receipt_sha(receipts, state.db).hex(),
        "bloom": state.get_bloom().to_bytes(256, "big").hex(),
        "gasUsed": str(state.gas_used),
        "xshardReceiveGasUsed": str(state.xshard_receive_gas_used),
        "xshardCursor": [cursor.root_block_height, cursor.minor_block_index, cursor.xshard_deposit_index],
        "coinbaseAmounts": {str(token): str(amount) for token, amount in sorted(coinbase.balance_map.items())},
        "xshardSends": sends(state.xshard_list),
        "receipts": [rlp.encode(receipt).hex() for receipt in receipts],
        "senders": [tx.tx.to_evm_tx().sender.hex() for tx in transactions],
        "depositsConsumed": len(consumed),
    }


def sends(deposits):
    """The list that goes to other shards; None where a refund rate or price fits no deposit's field."""
    try:
        return CrossShardTransactionList(deposits).serialize().hex()
    except OverflowError:
        return None


# Which refusal an exception is: its class, a part of its message, our name. The first match counts.
REFUSALS = [
    (RuntimeError, "network id mismatch", "WRONG_NETWORK"),
    (RuntimeError, "not in this branch", "WRONG_SHARD"),
    (RuntimeError, "not initialized yet", "TARGET_NOT_REACHABLE"),
    (RuntimeError, "is not a neighbor", "TARGET_NOT_REACHABLE"),
    (RuntimeError, "exceeds xshard gas limit", "XSHARD_GAS_LIMIT"),
    (RuntimeError, "unwhitelisted senders", "NOT_WHITELISTED"),
    (RuntimeError, "smart contract tx is not allowed", "EVM_NOT_ENABLED"),
    (exceptions.UnsignedTransaction, "", "INVALID_SIGNATURE"),
    (exceptions.InvalidNonce, "", "WRONG_NONCE"),
    (exceptions.InsufficientStartGas, "", "INTRINSIC_GAS"),
    (exceptions.InvalidNativeToken, "zero balance", "TOKEN_WITHOUT_BALANCE"),
    (exceptions.InvalidNativeToken, "not ready", "GAS_TOKEN_NOT_READY"),
    (exceptions.InvalidNativeToken, "not enough reserve", "GAS_TOKEN_RESERVE"),
    (exceptions.InsufficientBalance, "", "INSUFFICIENT_BALANCE"),
    (exceptions.BlockGasLimitReached, "", "BLOCK_GAS_LIMIT"),
    (exceptions.InvalidTransaction, "Invalid signature", "INVALID_SIGNATURE"),
    (exceptions.InvalidTransaction, "not enable yet", "EIP155_NOT_ENABLED"),
    (exceptions.InvalidTransaction, "does not match the signature", "EIP155_WRONG_V"),
    (exceptions.InvalidTransaction, "do not support cross shard", "EIP155_CROSS_SHARD"),
    (exceptions.InvalidTransaction, "as gas token", "EIP155_TOKEN"),
    (exceptions.InvalidTransaction, "as transfer token", "EIP155_TOKEN"),
    (exceptions.InvalidTransaction, "must <= UINT128_MAX", "NUMBER_TOO_LARGE"),
    (exceptions.InvalidTransaction, "way too high", "MALFORMED"),
    (rlp.exceptions.RLPException, "", "MALFORMED"),
    # A version without a way to sign leaves `pub` unset.
    (UnboundLocalError, "", "INVALID_SIGNATURE"),
    # QuarkChainConfig knows no such chain.
    (KeyError, "", "UNKNOWN_TARGET_CHAIN"),
]


def refusal(error):
    """[our name, index of the transaction or null]."""
    index = None
    trace = error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_name == "run_block" and "idx" in trace.tb_frame.f_locals:
            index = trace.tb_frame.f_locals["idx"]
        trace = trace.tb_next
    for kind, part, name in REFUSALS:
        if isinstance(error, kind) and part in str(error):
            return [name, index, "%s: %s" % (type(error).__name__, error)]
    if isinstance(error, AssertionError) or type(error) in (Exception, ValueError):
        return ["ABORTED", index, "%s: %s" % (type(error).__name__, error)]
    raise error
