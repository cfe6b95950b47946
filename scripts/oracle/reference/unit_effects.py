"""What each deposit and transaction of a block does, in one digest a unit.

Recorded once while a database is made under an altered rule and once when it is re-executed without it, the two name the
first unit whose own effect the alteration changed: what a closer look at the block has to find.
"""

import hashlib

from quarkchain.cluster import shard_state
from quarkchain.cluster.shard_state import ShardState
from quarkchain.evm.state import State
from quarkchain.evm.utils import encode_int32


class UnitEffects:
    """Listens to every block that is run from here on; to be installed behind any alteration."""

    def __init__(self):
        self.blocks = {}  # hash of the block: [(kind, index, digest)], the last run of it
        self._units = []
        self._known = {}
        self._sent = 0
        self._wrap_run_block()
        self._wrap_deposits()
        self._wrap_transactions()

    def first_difference(self, other, block_hash):
        """{"kind", "index"} of the first unit that two recordings tell apart; None where all units are alike."""
        ours, theirs = self.blocks.get(block_hash, []), other.get(block_hash, [])
        for i in range(max(len(ours), len(theirs))):
            a = ours[i] if i < len(ours) else None
            b = theirs[i] if i < len(theirs) else None
            if a is None or b is None or list(a) != list(b):
                kind, index, _ = a or b
                return {"kind": kind, "index": index}
        return None

    def _wrap_run_block(self):
        original = ShardState.run_block

        def run_block(shard, block, *args, **kwargs):
            self._units, self._known, self._sent = [], {}, 0
            self.blocks[block.header.get_hash().hex()] = self._units
            evm_state = original(shard, block, *args, **kwargs)
            reward = shard.get_coinbase_amount_map(block.header.height).balance_map
            self._units.append(("reward", 0, digest(sorted(reward.items()))))
            return evm_state

        ShardState.run_block = run_block

    def _wrap_deposits(self):
        name = "_ShardState__run_one_xshard_tx"
        original = getattr(ShardState, name)

        def run(shard, evm_state, deposit, *args, **kwargs):
            original(shard, evm_state, deposit, *args, **kwargs)
            self._note("deposit", evm_state, deposit.tx_hash)

        setattr(ShardState, name, run)

    def _wrap_transactions(self):
        original = shard_state.apply_transaction

        def run(evm_state, tx, tx_hash):
            out = original(evm_state, tx, tx_hash)
            self._note("transaction", evm_state, tx_hash)
            return out

        shard_state.apply_transaction = run

    def _note(self, kind, evm_state, tx_hash):
        index = sum(1 for unit in self._units if unit[0] == kind)
        receipts = evm_state.receipts if kind == "transaction" else evm_state.xshard_deposit_receipts
        sent = evm_state.xshard_list[self._sent :]
        self._sent = len(evm_state.xshard_list)
        effect = [
            tx_hash.hex(),
            evm_state.gas_used,
            receipt_text(receipts[-1]) if receipts else "",
            [deposit.serialize().hex() for deposit in sent],
            sorted(evm_state.block_fee_tokens.items()),
            self._changes(evm_state),
        ]
        self._units.append((kind, index, digest(effect)))

    def _changes(self, evm_state):
        """What the block has changed so far, by account; accounts that were only looked at are left out."""
        changes = []
        for address, account in sorted(evm_state.cache.items()):
            before = self._before(evm_state, address)
            storage = {
                key: value
                for key, value in account.storage_cache.items()
                if encode(value) != (before.storage_trie.get(encode_int32(key)) or b"")
            }
            now = (account.nonce, held(account), account.code_hash.hex(), account.deleted)
            then = (before.nonce, held(before), before.code_hash.hex(), False)
            if now != then or storage:
                changes.append((address.hex(), now, sorted(storage.items()), account.full_shard_key))
        return changes

    def _before(self, evm_state, address):
        if address not in self._known:
            fresh = State(evm_state.trie.root_hash, evm_state.env, evm_state.qkc_config, db=evm_state.db)
            self._known[address] = fresh.get_and_cache_account(address)
        return self._known[address]


def held(account):
    return sorted((token, amount) for token, amount in account.token_balances.to_dict().items() if amount)


def encode(value):
    import rlp

    return rlp.encode(value) if value else b""


def receipt_text(receipt):
    logs = [(log.address.hex(), list(log.topics), bytes(log.data).hex()) for log in receipt.logs]
    return (
        receipt.state_root.hex(),
        receipt.gas_used,
        receipt.bloom,
        logs,
        bytes(receipt.contract_address).hex(),
        receipt.contract_full_shard_key,
    )


def digest(effect):
    return hashlib.sha256(repr(effect).encode()).hexdigest()[:16]
