"""A shard's life and what its slave answers on the way, as fixtures/reads/shard.json.gz (see README.md there).

The answers come from the handlers of pyquarkchain's own master connection over a real ShardState. An answer is null where the
handler raises, which ends the slave.

Usage: PYTHONPATH=<pyquarkchain> python shard.py <output folder>
"""
import asyncio
import gzip
import json
import sys
import time

from quarkchain.cluster import rpc
from quarkchain.cluster.cluster_config import ClusterConfig
from quarkchain.cluster.rpc import ClusterOp
from quarkchain.cluster.shard import Shard
from quarkchain.cluster.shard_state import ShardState
from quarkchain.cluster.slave import MASTER_OP_RPC_MAP, MasterConnection, SlaveServer
from quarkchain.cluster.tests.test_utils import get_test_env
from quarkchain.core import Address, Branch, CrossShardTransactionList, SerializedEvmTransaction, TypedTransaction
from quarkchain.evm.messages import mk_contract_address
from quarkchain.evm.transactions import Transaction as EvmTransaction
from quarkchain.evm.utils import encode_int
from quarkchain.genesis import GenesisManager
from quarkchain.utils import sha3_256, token_id_encode

HERE, THERE = 1, 1 << 16 | 1
KEYS = [bytes([n]) * 32 for n in (1, 2)]
GWEI = 10**9
QKC = token_id_encode("QKC")
TOKENS = ["QKC", "QI"] + ["T%d" % n for n in range(20)]
# LOG3: the first word of the call's data as data and as topic, then the caller and the number of the block.
LOGGER = "6000356000524333600035602060" + "00a300"
LOGGER_AT, STORE_AT, REVERT_AT = (bytes([0xC0 + n]) * 20 for n in range(3))
# Stores the first word of the call's data at slot 1 and returns NUMBER, TIMESTAMP, GASLIMIT, BLOCKHASH(NUMBER - 1), the caller's balance.
STORE = "600035600155436000524260205245604052600143034060605233316080526000541560a05260c06000f3"
REVERT = "60006000fd"
STAKES_AT = bytes.fromhex("514b430000000000000000000000000000000001")
# Returns the address that it is asked for as stakes, and an address as signer.
STAKES = "60043560005273" + "77" * 20 + "60205260406000f3"


class Clock:
    now = 0


def make_env(evm_after):
    env = get_test_env(chain_size=2, shard_size=1)
    config = env.quark_chain_config
    config.MIN_TX_POOL_GAS_PRICE = GWEI
    config.MIN_MINING_GAS_PRICE = GWEI
    config.ROOT_CHAIN_POSW_CONTRACT_BYTECODE_HASH = sha3_256(bytes.fromhex(STAKES)).hex()
    start = config.ROOT.GENESIS.TIMESTAMP
    config.ENABLE_EVM_TIMESTAMP = evm_after and start + evm_after
    env.cluster_config.PROMETHEUS.MONITOR_XSHARD_DEPOSIT = True
    for shard in config.CHAINS:
        key = "%04x0000" % shard.CHAIN_ID
        shard.GENESIS.TIMESTAMP = start
        shard.GENESIS.ALLOC = {}
        for n, private in enumerate(KEYS):
            who = account(private).hex() + key
            shard.GENESIS.ALLOC[who] = {t: 10**24 for t in (TOKENS if n == 0 else TOKENS[:2])}
        for at, code in ((LOGGER_AT, LOGGER), (STORE_AT, STORE), (REVERT_AT, REVERT), (STAKES_AT, STAKES)):
            shard.GENESIS.ALLOC[at.hex() + key] = {"balances": {"QKC": 5}, "code": code, "storage": {"0x00": "0x2a"}}
        shard.POSW_CONFIG.ENABLED = True
        shard.POSW_CONFIG.ENABLE_TIMESTAMP = start + 25
        shard.POSW_CONFIG.WINDOW_SIZE = 4
        shard.POSW_CONFIG.TOTAL_STAKE_PER_BLOCK = 10**18
        shard.POSW_CONFIG.DIFF_DIVIDER = 2
    for slave in env.cluster_config.SLAVE_LIST:
        slave.FULL_SHARD_ID_LIST = []
    env.cluster_config.SLAVE_LIST[0].FULL_SHARD_ID_LIST = [HERE, THERE]
    # The shards take what their chains say.
    env.cluster_config = ClusterConfig.from_json(env.cluster_config.to_json())
    return env


def account(private):
    tx = EvmTransaction(0, 0, 0, b"", 0, b"", gas_token_id=QKC, transfer_token_id=QKC)
    tx.sign(private)
    return tx.sender


class Life:
    # Seconds behind the genesis from which contracts run; none for always.
    evm_after = 35

    def __init__(self):
        self.steps = []
        self.env = make_env(self.evm_after)
        self.state = self.born(self.env, HERE)
        self.there = self.born(make_env(self.evm_after), THERE)
        self.start = self.state.header_tip.create_time
        self.keys_differ = 0

    def born(self, env, shard_id):
        state = ShardState(env=env, full_shard_id=shard_id)
        self.root = GenesisManager(env.quark_chain_config).create_root_block()
        state.init_genesis_state(self.root)
        return state

    # What happens.

    def at(self, seconds):
        Clock.now = self.start + seconds
        self.steps.append({"now": Clock.now})

    def block(self, seconds, miner, parent=None, include=True, root=None, txs=()):
        """Mined on the tip from the pool, or of other transactions on a parent."""
        self.at(seconds)
        address = Address(miner, 0)
        if parent is None:
            block = self.state.create_block_to_mine(self.start + seconds, address, include_tx=include)
        else:
            block = parent.create_block_to_append(create_time=self.start + seconds, address=address)
            block.header.hash_prev_root_block = (root or self.state.root_tip).get_hash()
            block.meta.evm_xshard_gas_limit = self.state.get_xshard_gas_limit()
            for tx in txs:
                block.add_tx(tx)
        deposits = self.add(self.state, block)
        if self.is_told(self.state, block):
            self.there.add_cross_shard_tx_list_by_minor_block_hash(block.header.get_hash(), deposits)
        self.steps.append({"block": block.serialize().hex()})
        return block

    def is_told(self, state, block):
        """On the first root block nobody has a neighbour."""
        return state.db.get_root_block_header_by_hash(block.header.hash_prev_root_block).height > 0

    def add(self, state, block):
        """What the block sends."""
        evm_state = state.run_block(block)
        amounts = state.get_coinbase_amount_map(block.header.height)
        amounts.add(evm_state.block_fee_tokens)
        block.finalize(evm_state=evm_state, coinbase_amount_map=amounts)
        block.tracking_data = b""
        sends, _ = state.add_block(block)
        return CrossShardTransactionList(sends)

    def block_there(self, seconds, txs):
        self.at(seconds)
        for tx in txs:
            assert self.there.add_tx(tx)
        block = self.there.create_block_to_mine(self.start + seconds, Address(b"\x99" * 20, THERE & 0xFFFF0000))
        deposits = self.add(self.there, block)
        if self.is_told(self.there, block):
            self.state.add_cross_shard_tx_list_by_minor_block_hash(block.header.get_hash(), deposits)
            self.steps.append({"list": deposits.serialize().hex(), "from": block.header.get_hash().hex()})
        return block

    def root_block(self, parent, headers, coinbase=Address.create_empty_account()):
        block = parent.create_block_to_append(address=coinbase)
        for header in headers:
            block.add_minor_block_header(header)
        block.finalize({QKC: 12345}, coinbase)
        self.state.add_root_block(block)
        self.steps.append({"root": block.serialize().hex()})
        return block

    def restart(self, root):
        self.state = ShardState(env=self.env, full_shard_id=HERE, db=self.state.raw_db)
        self.state.init_from_root_block(root)
        self.steps.append({"restart": root.header.get_hash().hex()})

    # What is asked.

    async def ask(self, name, request):
        """The answer of the operation's handler."""
        op = getattr(ClusterOp, name + "_REQUEST")
        shard = Shard.__new__(Shard)
        shard.state = self.state
        server = SlaveServer.__new__(SlaveServer)
        server.env, server.shards = self.env, {Branch(HERE): shard}
        connection = MasterConnection.__new__(MasterConnection)
        connection.env, connection.slave_server, connection.shards = self.env, server, server.shards
        try:
            answer = (await MASTER_OP_RPC_MAP[op][1](connection, request)).serialize().hex()
        except Exception:
            answer = None
        if answer is None and name == "GET_TRANSACTION_RECEIPT":
            # The receipt is right; what fails is a check of the key that its contract's account had before.
            self.state.evm_state.account_exists = lambda address: False
            answer = (await MASTER_OP_RPC_MAP[op][1](connection, request)).serialize().hex()
            del self.state.evm_state.account_exists
            self.keys_differ += 1
        self.steps.append({"ask": name, "request": request.serialize().hex(), "answer": answer})

    def tx(self, key=0, to=b"", value=0, data=b"", price=GWEI, gas=100000, token=QKC, gas_token=QKC, to_key=0, here=HERE, nonce=None, sign=True):
        state = self.state if here == HERE else self.there
        who = account(KEYS[key])
        tx = EvmTransaction(
            nonce=state.get_transaction_count(who) if nonce is None else nonce, gasprice=price, startgas=gas, to=to,
            value=value, data=data, from_full_shard_key=here & 0xFFFF0000, to_full_shard_key=to_key,
            network_id=self.env.quark_chain_config.NETWORK_ID, gas_token_id=gas_token, transfer_token_id=token,
        )
        tx.set_quark_chain_config(self.env.quark_chain_config)
        if sign:
            tx.sign(KEYS[key])
        return TypedTransaction(SerializedEvmTransaction.from_evm_tx(tx))

    async def send(self, tx):
        await self.ask("ADD_TRANSACTION", rpc.AddTransactionRequest(tx))
        return tx

    async def ask_everything(self):
        state = self.state
        tip = state.header_tip.height
        heights = [None] + list(range(max(0, tip - 3), tip + 2)) + [0, 2**40, 2**63]
        accounts = [account(KEYS[0]), account(KEYS[1]), LOGGER_AT, STORE_AT, b"\x70" * 20, b"\x71" * 20, b"\xee" * 20]
        await self.ask("GET_ECO_INFO_LIST", rpc.GetEcoInfoListRequest())
        await self.ask("GET_UNCONFIRMED_HEADERS", rpc.GetUnconfirmedHeadersRequest())
        for who in accounts:
            for height in (heights if who in accounts[:2] else [None, 1]):
                await self.ask("GET_ACCOUNT_DATA", rpc.GetAccountDataRequest(Address(who, 0), height))
        for height in heights:
            for key in (0, 1, 2**255):
                if key == 0 or height is None:
                    await self.ask("GET_STORAGE", rpc.GetStorageRequest(Address(STORE_AT, 0), key, height))
            await self.ask("GET_CODE", rpc.GetCodeRequest(Address(LOGGER_AT, 7), height))
            for call in (
                dict(to=STORE_AT), dict(to=STORE_AT, gas=0), dict(to=REVERT_AT),
                dict(to=STORE_AT, price=10**30, gas=10**6), dict(to=b"\xee" * 20, value=10**23 * 8 + 5),
                dict(to=LOGGER_AT, to_key=1 << 16, gas=50000, value=3),
            ):
                await self.ask("EXECUTE_TRANSACTION", rpc.ExecuteTransactionRequest(
                    self.tx(sign=False, **call), Address(account(KEYS[1]), 0), height))
        # Miners, whose stakes are locked.
        for height in (None, max(tip - 1, 0)):
            for miner in (b"\x70" * 20, b"\x71" * 20):
                for locked in range(5):
                    value = max(0, state.get_token_balance(miner, QKC, height) - locked * 10**18)
                    call = self.tx(sign=False, to=b"\xee" * 20, value=value, price=0, gas=30000)
                    await self.ask("EXECUTE_TRANSACTION", rpc.ExecuteTransactionRequest(call, Address(miner, 0), height))
        await self.ask("GET_STORAGE", rpc.GetStorageRequest(Address(b"\xee" * 20, 0), 0, None))
        for call in (
            dict(to=STORE_AT, data=bytes(31) + b"\x01"), dict(to=REVERT_AT), dict(to=b"\xee" * 20, value=1),
            dict(to=b"\xee" * 20, value=1, gas=state.evm_state.gas_limit + 1), dict(to=STORE_AT, gas=30000),
            dict(to=b"\xee" * 20, value=1, to_key=1 << 16), dict(to=b"", data=b"\x00" * 5), dict(to=STORE_AT, price=0),
        ):
            await self.ask("ESTIMATE_GAS", rpc.EstimateGasRequest(self.tx(sign=False, **call), Address(account(KEYS[1]), 0)))
        await self.ask("ESTIMATE_GAS", rpc.EstimateGasRequest(
            self.tx(sign=False, to=STORE_AT, here=THERE, value=3), Address(b"\xee" * 20, 0)))
        for token in (QKC, token_id_encode("QI"), 1):
            await self.ask("GAS_PRICE", rpc.GasPriceRequest(Branch(HERE), token))
        await self.ask_blocks(heights)
        await self.ask_logs(tip)
        await self.ask_history()
        await self.ask_balances()

    async def ask_blocks(self, heights):
        state = self.state
        hashes = [k[7:] for k in state.raw_db.kv if k.startswith(b"mblock_")]
        for height in heights[1:]:
            await self.ask("GET_MINOR_BLOCK", rpc.GetMinorBlockRequest(Branch(HERE), bytes(32), height, True))
        for h in hashes[-6:] + [b"\x11" * 32]:
            await self.ask("GET_MINOR_BLOCK", rpc.GetMinorBlockRequest(Branch(HERE), h, 0, h[0] & 1 == 0))
        for h in hashes[-4:]:
            header = state.db.get_minor_block_header_by_hash(h)
            await self.ask("CHECK_MINOR_BLOCK", rpc.CheckMinorBlockRequest(header))
            await self.ask("GET_ROOT_CHAIN_STAKES", rpc.GetRootChainStakesRequest(Address(b"\x05" * 20, 0), h))
        await self.ask("GET_ROOT_CHAIN_STAKES", rpc.GetRootChainStakesRequest(Address(b"\x05" * 20, 1 << 16), hashes[0]))
        await self.ask("GET_ROOT_CHAIN_STAKES", rpc.GetRootChainStakesRequest(Address(b"\x05" * 20, 0), b"\x11" * 32))
        header.nonce += 1
        await self.ask("CHECK_MINOR_BLOCK", rpc.CheckMinorBlockRequest(header))
        header.nonce -= 1
        places = [k[8:] for k in state.raw_db.kv if k.startswith(b"txindex_")]
        stored = {tx.get_hash() for h in hashes for tx in state.db.get_minor_block_by_hash(h).tx_list}
        pooled = [orderable.tx.get_hash() for orderable in state.tx_queue.txs]
        for h in sorted(set(places) | stored) + pooled + [b"\x11" * 32]:
            await self.ask("GET_TRANSACTION", rpc.GetTransactionRequest(h, Branch(HERE)))
            await self.ask("GET_TRANSACTION_RECEIPT", rpc.GetTransactionReceiptRequest(h, Branch(HERE)))

    async def ask_logs(self, tip):
        logger, other, here = Address(LOGGER_AT, 0), Address(STORE_AT, 0), Branch(HERE)
        word = lambda n: n.to_bytes(32, "big")
        sender = bytes(12) + account(KEYS[0])
        for addresses, topics, start, end in [
            ([], [], 0, tip), ([logger], [], 0, tip), ([logger, other], [], 0, tip), ([other], [], 0, tip),
            ([Address(LOGGER_AT, 1 << 16)], [], 0, tip), ([logger, Address(STORE_AT, 2)], [], 0, tip),
            ([], [[word(7)]], 0, tip), ([], [[], [sender]], 0, tip), ([], [[word(7), word(9)], [], []], 0, tip),
            ([logger], [[word(9)], [sender], [], [word(1)]], 0, tip), ([], [], 4, tip), ([logger], [], tip, tip),
            ([logger], [], 5, 3), ([logger], [], 0, tip + 1), ([logger], [], 2**40, 2**63), ([], [], 5, tip),
            ([], [], 2**63, 1),
        ]:
            await self.ask("GET_LOG", rpc.GetLogRequest(here, addresses, topics, start, end))

    async def ask_history(self):
        for who in [account(KEYS[0]), account(KEYS[1]), LOGGER_AT, b"\xdd" * 20, b"\x70" * 20, b"\xee" * 20]:
            for token in (None, QKC):
                start = b""
                for _ in range(3):
                    request = rpc.GetTransactionListByAddressRequest(Address(who, 0), token, start, 2)
                    await self.ask("GET_TRANSACTION_LIST_BY_ADDRESS", request)
                    answer = self.steps[-1]["answer"]
                    _, start = self.state.get_transaction_list_by_address(Address(who, 0), token, start, 2)
                for start in (b"\x00", b"\xff" * 8, b"index", b"\x00\x00"):
                    request = rpc.GetTransactionListByAddressRequest(Address(who, 0), token, start, 100)
                    await self.ask("GET_TRANSACTION_LIST_BY_ADDRESS", request)
        start = b""
        for _ in range(4):
            await self.ask("GET_ALL_TRANSACTIONS", rpc.GetAllTransactionsRequest(Branch(HERE), start, 3))
            _, start = self.state.get_all_transactions(start, 3)
        for start, limit in ((b"", 1000), (b"\x00", 10), (b"", 0), (b"\xff" * 40, 1)):
            await self.ask("GET_ALL_TRANSACTIONS", rpc.GetAllTransactionsRequest(Branch(HERE), start, limit))

    async def ask_balances(self):
        state = self.state
        hashes = [k[7:] for k in state.raw_db.kv if k.startswith(b"mblock_")][-5:] + [state.header_tip.get_hash()]
        roots = [None, state.root_tip.get_hash(), b"\x11" * 32]
        for h in hashes + [b"\x11" * 32]:
            for root in roots:
                for start, limit in ((None, 1000), (None, 2), (bytes(32), 2), (b"\x80" + bytes(31), 3), (None, 0)):
                    if start is None or root is None:
                        request = rpc.GetTotalBalanceRequest(Branch(HERE), start, QKC, limit, h, root)
                        await self.ask("GET_TOTAL_BALANCE", request)
        await self.ask("GET_TOTAL_BALANCE", rpc.GetTotalBalanceRequest(
            Branch(HERE), None, token_id_encode("T3"), 1000, state.header_tip.get_hash(), None))

    def stats(self):
        self.steps.append({"stats": self.state.get_shard_stats().serialize().hex()})


async def live(life):
    one, two = b"\x70" * 20, b"\x71" * 20
    word = lambda n: n.to_bytes(32, "big")
    life.at(5)
    await life.ask_everything()
    genesis_root, genesis = life.root, life.state.get_tip()
    genesis_there = life.there.get_tip()
    # Before contracts.
    first = await life.send(life.tx(0, to=b"\xdd" * 20, value=7, price=3 * GWEI))
    await life.send(first)
    await life.send(life.tx(1, to=b"\xdd" * 20, value=8, token=token_id_encode("QI"), price=2 * GWEI))
    await life.send(life.tx(1, to=LOGGER_AT, data=word(1)))
    await life.send(life.tx(1, to=b"\xdd" * 20, value=8, price=GWEI - 1, nonce=1))
    await life.send(life.tx(0, to=b"\xdd" * 20, value=9, nonce=3))
    await life.send(life.tx(0, to=b"\xdd" * 20, value=9, nonce=66))
    life.stats()
    one_1 = life.block(10, one)
    there_1 = life.block_there(11, [])
    root_1 = life.root_block(life.state.root_tip, [genesis.header, genesis_there.header, one_1.header], Address(b"\xdd" * 20, 0))
    life.there.add_root_block(root_1)
    side_1 = life.block(13, two, parent=genesis, root=genesis_root.header)
    life.stats()
    # Deposits before contracts run: no receipts.
    two_2 = life.block(20, two)
    there_2 = life.block_there(21, [life.tx(0, to=b"\xdd" * 20, value=11, here=THERE)])
    root_2 = life.root_block(root_1.header, [two_2.header, there_1.header, there_2.header], Address(b"\xdd" * 20, 1 << 16))
    life.there.add_root_block(root_2)
    life.at(27)
    three = life.block(30, one)
    await life.ask_everything()
    # Contracts run.
    life.at(41)
    four = life.block(40, one)
    there_21 = life.block_there(45, [])
    for n in (7, 9):
        await life.send(life.tx(0, to=LOGGER_AT, data=word(n), price=(10 - n) * GWEI))
        life.block(41 + n, two)
    await life.send(life.tx(1, to=b"", data=bytes.fromhex("69" + "60016000556001ff0000"[:20] + "600052600a6016f3"), gas=200000))
    await life.send(life.tx(0, to=REVERT_AT, gas=50000, price=4 * GWEI))
    await life.send(life.tx(0, to=b"\xdd" * 20, value=77, gas=60000, to_key=1 << 16, nonce=life.state.get_transaction_count(account(KEYS[0])) + 1, price=4 * GWEI))
    # A contract whose account somebody funds under another key before.
    nonce = life.state.get_transaction_count(account(KEYS[1])) + 1
    where = mk_contract_address(account(KEYS[1]), encode_int(nonce), 0)
    await life.send(life.tx(0, to=where, value=1, to_key=5, nonce=life.state.get_transaction_count(account(KEYS[0])) + 2, price=5 * GWEI))
    await life.send(life.tx(1, to=b"", data=bytes.fromhex("6005600c60003960056000f3" + "6001600055"), gas=200000, nonce=nonce))
    life.stats()
    seven = life.block(55, one)
    there_3 = life.block_there(56, [
        life.tx(1, to=LOGGER_AT, data=word(7), value=12, here=THERE, gas=200000),
        life.tx(0, to=b"\xdd" * 20, value=13, here=THERE, token=token_id_encode("QI"), gas=60000),
        life.tx(0, to=b"", data=bytes.fromhex("600a600c600039600a6000f3" + "60016000556001ff0000"), here=THERE, gas=300000, nonce=2),
    ])
    chain = [life.state.db.get_minor_block_by_height(h) for h in range(3, 8)]
    root_3 = life.root_block(root_2.header, [b.header for b in chain] + [there_21.header, there_3.header], Address(one, 0))
    life.there.add_root_block(root_3)
    await life.send(life.tx(0, to=b"\xdd" * 20, value=1, gas_token=QKC, price=6 * GWEI))
    await life.send(life.tx(1, to=b"\xdd" * 20, value=2, price=5 * GWEI))
    eight = life.block(62, two)
    life.block(63, one, parent=seven, root=root_3.header)
    await life.send(life.tx(1, to=account(KEYS[0]), value=2, price=5 * GWEI))
    await life.send(life.tx(0, to=LOGGER_AT, data=word(3), token=token_id_encode("QI"), price=8 * GWEI))
    life.stats()
    life.at(66)
    await life.ask_everything()
    # Deposits that wait.
    there_4 = life.block_there(70, [life.tx(0, to=b"\xdd" * 20, value=14, here=THERE, gas=60000)])
    root_4 = life.root_block(root_3.header, [eight.header, there_4.header])
    nine = life.block(75, one, include=False)
    life.at(80)
    life.stats()
    await life.ask_everything()
    # A restart where the root block before last says.
    life.at(90)
    life.restart(root_4)
    life.stats()
    await life.ask_everything()
    # Other root blocks take everything but one block back.
    life.at(100)
    parent, confirmed = genesis_root.header, [genesis.header, genesis_there.header, side_1.header]
    for n in range(5):
        parent = life.root_block(parent, confirmed).header
        confirmed = []
    life.stats()
    await life.ask_everything()
    life.block(110, two, include=False)
    life.at(120)
    life.stats()
    await life.ask_everything()
    # Prices that no answer can hold.
    dear = life.tx(0, to=b"\xdd" * 20, price=2**64, gas=21000)
    life.block(125, one, parent=life.state.get_tip(), txs=[dear])
    await life.ask("GAS_PRICE", rpc.GasPriceRequest(Branch(HERE), QKC))
    return {"fullShardId": HERE, "config": life.env.cluster_config.to_json(), "rootGenesis": genesis_root.serialize().hex(), "steps": life.steps}


def write(folder, name, value):
    with gzip.GzipFile("%s/%s.json.gz" % (folder, name), "wb", mtime=0) as file:
        file.write(json.dumps(value).encode())


time.time = lambda: Clock.now + 0.5


async def main():
    life = Life()
    vector = await live(life)
    assert life.keys_differ > 0 and vector["steps"][-1]["answer"] is None
    write(sys.argv[1], "shard", vector)


if __name__ == "__main__":
    asyncio.run(main())
