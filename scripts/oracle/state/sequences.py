"""Random sequences of state operations with pyquarkchain's answers, one JSON object per line.

usage: PYTHONPATH=<pyquarkchain> python sequences.py SEED COUNT [--rows]

A sequence is {"seed", "tokens", "blocks": [{"fresh", "ops", "root", "accounts"}]}. `fresh` says whether the block begins
with a new State on the previous root or goes on with the State that was committed. `ops` are lists of a name and
arguments, the answer being the last item where there is one; accounts are small indexes (address = the index in 20
bytes), numbers that may exceed 2^53 are decimal strings. `root` is State.trie.root_hash after commit, `accounts` the RLP
of every account in the pool (null: absent). With --rows the sequence also names every key of the database.
"""
import contextlib
import json
import random
import sys

from quarkchain.db import InMemoryDb
from quarkchain.evm.state import State

POOL = 7
SLOTS = [0, 1, 2, 255, 2**64, 2**200 + 7, 2**256 - 1]
CODES = ["", "00", "6001", "60" * 40]
KEYS = [0, 1, 0x10000, 0x4B0003, 2**32 - 1]


def address(index):
    return index.to_bytes(20, "big")


class Recorder:
    """Plays random operations on a State and writes down what they answer."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.db = InMemoryDb()
        self.state = State(db=self.db)
        self.snapshots = []
        self.ops = []
        # Few tokens meet each other often; many reach the token trie.
        self.tokens = [self.random.choice([0, 1, 35760, 4873763662273663091])]
        self.tokens += [100 + i for i in range(self.random.choice([1, 3, 16, 17, 20]))]

    def account(self):
        # Half of all operations meet on one account
        return self.random.choice([0, self.random.randrange(POOL)])

    def token(self):
        return self.random.choice(self.tokens)

    def note(self, *op):
        self.ops.append(list(op))

    def balance(self, account, token):
        return self.state.get_balance(address(account), token_id=token)

    # changes

    def set_nonce(self):
        a, n = self.account(), self.random.choice([0, 0, 1, 5, 2**40])
        self.state.set_nonce(address(a), n)
        self.note("setNonce", a, str(n))

    def increment_nonce(self):
        a = self.account()
        self.state.increment_nonce(address(a))
        self.note("incrementNonce", a)

    def set_code(self):
        a, code = self.account(), self.random.choice(CODES)
        self.state.set_code(address(a), bytes.fromhex(code))
        self.note("setCode", a, code)

    def set_balance(self):
        a, t = self.account(), self.token()
        v = self.random.choice([0, 0, 1, 2, 10**18, 2**200])
        self.state.set_token_balance(address(a), t, v)
        self.note("setBalance", a, str(t), str(v))

    def add_balance(self):
        a, t = self.account(), self.token()
        v = self.random.choice([0, 0, 1, 3, 10**20])
        if self.random.random() < 0.4:
            v = -self.random.choice([0, self.balance(a, t), self.balance(a, t) // 2])
        self.state.delta_token_balance(address(a), t, v)
        self.note("addBalance", a, str(t), str(v))

    def add_many_balances(self):
        a, v = self.account(), self.random.choice([0, 1, 1, 7])
        for t in self.random.sample(self.tokens, self.random.randint(1, len(self.tokens))):
            self.state.delta_token_balance(address(a), t, v)
            self.note("addBalance", a, str(t), str(v))

    def drop_many_balances(self):
        a = self.account()
        for t in self.random.sample(self.tokens, self.random.randint(1, len(self.tokens))):
            self.state.set_token_balance(address(a), t, 0)
            self.note("setBalance", a, str(t), "0")

    def transfer(self):
        a, b, t = self.account(), self.account(), self.token()
        v = self.random.choice([0, 1, self.balance(a, t), self.balance(a, t) + 1])
        done = self.state.transfer_value(address(a), address(b), t, v)
        self.note("transfer", a, b, str(t), str(v), done)

    def deduct(self):
        a, t = self.account(), self.token()
        v = self.random.choice([0, 1, self.balance(a, t), self.balance(a, t) + 1])
        self.note("deduct", a, str(t), str(v), self.state.deduct_value(address(a), t, v))

    def set_storage(self):
        a, slot = self.account(), self.random.choice(SLOTS)
        v = self.random.choice([0, 0, 1, 0x7F, 0x80, 2**255])
        self.state.set_storage_data(address(a), slot, v)
        self.note("setStorage", a, str(slot), str(v))

    def reset_storage(self):
        a = self.account()
        self.state.reset_storage(address(a))
        self.note("resetStorage", a)

    def delete_account(self):
        a = self.account()
        self.state.del_account(address(a))
        self.note("deleteAccount", a)

    def set_full_shard_key(self):
        self.state.full_shard_key = self.random.choice(KEYS)
        self.note("setFullShardKey", self.state.full_shard_key)

    def add_log(self):
        self.state.add_log("log %d" % len(self.ops))
        self.note("addLog", "log %d" % len(self.ops))

    def add_self_destruct(self):
        a = self.account()
        self.state.add_suicide(address(a))
        self.note("addSelfDestruct", a)

    def add_refund(self):
        self.state.add_refund(15000)
        self.note("addRefund", "15000")

    def end_transaction(self):
        """messages.py apply_transaction: wipe the self-destructed, begin the next with nothing noted."""
        for a in self.state.suicides:
            self.state.del_account(a)
            self.note("deleteAccount", int.from_bytes(a, "big"))
        self.state.logs = []
        self.state.suicides = []
        self.state.refunds = 0
        self.note("resetSubstate")
        self.set_full_shard_key()

    # reads

    def read_account(self):
        a = self.account()
        what = self.random.choice(["exists", "nonce", "code", "codeHash"])
        if what == "exists":
            self.note("accountExists", a, self.state.account_exists(address(a)))
        elif what == "nonce":
            self.note("getNonce", a, str(self.state.get_nonce(address(a))))
        elif what == "code":
            self.note("getCode", a, self.state.get_code(address(a)).hex())
        else:
            self.note("getCodeHash", a, self.state.get_and_cache_account(address(a)).code_hash.hex())

    def read_balance(self):
        a, t = self.account(), self.token()
        self.note("getBalance", a, str(t), str(self.balance(a, t)))

    def read_storage(self):
        a, slot = self.account(), self.random.choice(SLOTS)
        self.note("getStorage", a, str(slot), str(self.state.get_storage_data(address(a), slot)))

    def read_substate(self):
        state = self.state
        suicides = [int.from_bytes(a, "big") for a in state.suicides]
        self.note("substate", state.full_shard_key, list(state.logs), suicides, str(state.refunds))

    # journal

    def snapshot(self):
        self.snapshots.append(self.state.snapshot())
        self.note("snapshot")

    def revert(self):
        if not self.snapshots:
            return
        depth = self.random.randrange(max(0, len(self.snapshots) - 4), len(self.snapshots))
        self.state.revert(self.snapshots[depth])
        self.note("revert", depth)
        del self.snapshots[depth + 1 :]
        self.read_substate()

    ACTIONS = [
        (set_nonce, 2), (increment_nonce, 3), (set_code, 3), (set_balance, 6), (add_balance, 8), (add_many_balances, 4),
        (drop_many_balances, 1), (transfer, 8), (deduct, 3), (set_storage, 8), (reset_storage, 1), (delete_account, 2),
        (set_full_shard_key, 3), (add_log, 2), (add_self_destruct, 1), (add_refund, 1), (end_transaction, 3),
        (read_account, 4), (read_balance, 4), (read_storage, 4), (snapshot, 6), (revert, 5),
    ]

    def block(self):
        fresh = self.random.random() < 0.7
        if fresh:
            self.state = State(db=self.db, root=self.state.trie.root_hash)
        self.ops, self.snapshots = [], []
        actions, weights = zip(*self.ACTIONS)
        for action in self.random.choices(actions, weights, k=self.random.choice([3, 10, 30, 80])):
            action(self)
        self.state.commit()
        stored = [self.state.trie.get(address(a)).hex() or None for a in range(POOL)]
        return {"fresh": fresh, "ops": self.ops, "root": self.state.trie.root_hash.hex(), "accounts": stored}


def sequence(seed, with_rows):
    recorder = Recorder(seed)
    # State.revert prints the errors it swallows
    with contextlib.redirect_stdout(sys.stderr):
        blocks = [recorder.block() for _ in range(recorder.random.randint(1, 5))]
    result = {"seed": seed, "tokens": [str(t) for t in recorder.tokens], "blocks": blocks}
    if with_rows:
        result["rows"] = [key.hex() for key in recorder.db.kv]
    return result


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    for number in range(seed, seed + count):
        print(json.dumps(sequence(number, "--rows" in sys.argv), separators=(",", ":")))


if __name__ == "__main__":
    main()
