"""Message level: random cases, cases as JSON run again, and step traces."""
import random

from machine import NEVER, build_state, case_of, hexed, precompile, run, schedule_specials
from random_cases import (
    ADDRESSES, BUILTINS, CONTRACTS, PEOPLE, QKC, SYSTEM, TOKEN_BUILTINS, account, call_data, context, message,
)
from programs import push, random_program, returning
from quarkchain.evm import vm
from quarkchain.evm.common import FakeHeader
from quarkchain.evm.messages import mk_contract_address
from quarkchain.evm.state import State
from quarkchain.utils import token_id_decode

from explorer import Explorer, explore, precompile_input

MANY_TOKENS = list(range(1, 30))


def program(rng):
    return explore(rng, ADDRESSES) if rng.random() < 0.7 else random_program(rng, ADDRESSES)


def driver(rng, addresses):
    """Calls others, each with a part of the gas, and keeps how they ended: their failures are not its own."""
    writer = Explorer(rng, ADDRESSES, 1)
    for target in rng.choices(addresses, k=rng.randint(2, 5)):
        if rng.random() < 0.5:
            writer.to_memory(call_data(rng)[:96], 0)
        writer.call_on(push(int.from_bytes(target, "big"), 20), rng.choice([30000, 100000, 150000, 150000, 400000]), 0,
                       rng.choice([0, 32, 96]), 640, rng.choice([0, 32, 64]))
        writer.save()
        writer.after_call()
        writer.show(640, 64)
    writer.add(rng.choice(["STOP", "GAS POP STOP"]))
    return bytes(writer.code)


def world_of_programs(rng):
    accounts = {person: account(rng) for person in PEOPLE[:3]}
    for contract in CONTRACTS[: rng.randint(2, 6)]:
        accounts[contract] = account(rng, program(rng))
    if rng.random() < 0.3:
        accounts[rng.choice(BUILTINS + TOKEN_BUILTINS)] = account(rng, b"" if rng.random() < 0.7 else program(rng))
    if rng.random() < 0.6:
        accounts[CONTRACTS[0]] = account(rng, driver(rng, [a for a in accounts if a in CONTRACTS]))
    for system in SYSTEM:
        if rng.random() < 0.15:
            accounts[system] = account(rng, program(rng))
    if rng.random() < 0.1:
        crowded = accounts[rng.choice(list(accounts))]
        crowded["balances"].update({token: token + 5 for token in MANY_TOKENS[: rng.choice([14, 16, 17, 29])]})
    around = context(rng)
    if rng.random() < 0.5:
        around["disallow"] = {}
    accounts[PEOPLE[0]]["balances"][QKC] = 10 ** 20
    return dict(accounts=accounts, context=around)


def occupied(rng, accounts, sent, key):
    """Puts something at the address that the message's sender will create at next."""
    nonce = accounts.get(sent["sender"], {"nonce": 0})["nonce"]
    address = mk_contract_address(sent["sender"], bytes([nonce]) if nonce else b"", key)
    if rng.random() < 0.5:
        address = mk_contract_address(CONTRACTS[0], bytes([1]), key)
    accounts[address] = account(rng, program(rng) if rng.random() < 0.3 else b"")
    accounts[address]["nonce"] = rng.choice([0, 0, 1])
    accounts[address]["storage"] = {1: 7} if rng.random() < 0.5 else {}


def some_message(rng):
    sent = message(rng)
    if rng.random() < 0.65:
        # Most messages are to get through to the code.
        sent.update(sender=PEOPLE[0], value=rng.choice([0, 0, 1]), token=QKC)
    if sent["create"]:
        if rng.random() < 0.7:
            sent["data"] = program(rng) if rng.random() < 0.5 else returning(program(rng))
    elif rng.random() < 0.15:
        number, data = precompile_input(rng, rng.random() < 0.15)
        sent["to"] = sent["codeAddress"] = BUILTINS[number - 1]
        sent["data"] = data
    elif rng.random() < 0.1:
        sent["sender"] = SYSTEM[1]
        sent["to"] = sent["codeAddress"] = precompile(rng.choice([2, 4, 4, 5]))
        sent["data"] = call_data(rng)
    if not sent["create"] and rng.random() < 0.5:
        sent["to"] = sent["codeAddress"] = CONTRACTS[0]
        sent["gas"] = rng.choice([600000, 600000, 1000000, 3000000])
    if rng.random() < 0.08:
        sent["gas"] = rng.choice([0, 1, 2, 2300, 8000000, 12000000])
    return sent


MESSAGES_PER_WORLD = 3


def cases_of_seed(seed):
    """A world and messages in it with plenty of gas, each followed by the same with gas at and below what was used."""
    rng = random.Random(seed)
    here = world_of_programs(rng)
    sent = [some_message(rng) for _ in range(MESSAGES_PER_WORLD)]
    if rng.random() < 0.1:
        occupied(rng, here["accounts"], sent[0], sent[0]["toFullShardKey"])
    template = case_of("", here, sent[0])
    world = World(here)
    plain = rng.random() < 0.5
    cases = []
    for number, message in enumerate(sent):
        name = "seed %d message %d" % (seed, number)
        expected = world.run(message, plain)
        cases.append({"name": name, "message": json_message(message), "plain": plain, "expected": expected})
        left = expected.get("gas")
        if left is None or left >= message["gas"]:
            continue
        used = message["gas"] - left
        above = used + rng.choice([-1, 0, 1, 2300, 40000])
        below = rng.choice([rng.randint(0, used), used - rng.randint(0, 100)])
        for gas in (max(0, above), max(0, below)):
            tight = dict(message, gas=gas)
            cases.append(
                {"name": "%s gas %d" % (name, gas), "message": json_message(tight), "plain": plain,
                 "expected": world.run(tight, plain)}
            )
    return {"accounts": template["accounts"], "context": template["context"], "cases": cases}


def json_message(sent):
    return {k: hexed(v) if isinstance(v, bytes) else str(v) if k in ("value", "token") else v for k, v in sent.items()}


class World:
    """Accounts and surroundings, built once for several messages."""

    def __init__(self, here):
        self.context = here["context"]
        self.accounts = list(here["accounts"])
        schedule_specials(self.context["evm"], self.context["native"], self.context["general"])
        self.built = build_state(here["accounts"], self.context["defaultToken"])

    def run(self, sent, plain):
        """pyquarkchain's answer; a plain one tells the state root as it is, any other after every account was probed."""
        context = self.context
        state = State(env=self.built.env, db=self.built.db)
        state.trie.root_hash = self.built.trie.root_hash
        state.shard_config = self.built.shard_config
        state.full_shard_key = context["fullShardKey"]
        state.timestamp = context["timestamp"]
        state.block_number = context["number"]
        state.block_difficulty = context["difficulty"]
        state.block_coinbase = context["coinbase"]
        state.gas_limit = context["gasLimit"]
        state.sender_disallow_map = context["disallow"]
        for ancestor in reversed(context["hashes"]):
            state.add_block_header(FakeHeader(hash=ancestor))
        return run(state, context, sent, None if plain else self.accounts)


def world_of(case):
    """The world that a JSON case describes."""
    accounts = {
        bytes.fromhex(address): dict(
            nonce=row["nonce"],
            balances={int(token): int(amount) for token, amount in row["balances"].items()},
            code=bytes.fromhex(row["code"]),
            storage={int(slot): int(value) for slot, value in row["storage"].items()},
            key=row["key"],
        )
        for address, row in case["accounts"].items()
    }
    row = case["context"]
    read = dict(row)
    read.update({name: int(row[name]) for name in ("difficulty", "gasLimit", "gasPrice")})
    read.update({name: bytes.fromhex(row[name]) for name in ("coinbase", "origin")})
    read.update({name: NEVER if row[name] is None else row[name] for name in ("evm", "native", "general")})
    read["defaultToken"] = token_id_decode(int(row["defaultToken"]))
    read["disallow"] = {bytes.fromhex(address): int(stake) for address, stake in row["disallow"].items()}
    read["hashes"] = [bytes.fromhex(value) for value in row["hashes"]]
    return dict(accounts=accounts, context=read)


def message_of(case):
    row = case["message"]
    sent = dict(row, value=int(row["value"]), token=int(row["token"]))
    for name in ("sender", "to", "codeAddress", "data", "recipient", "salt"):
        if isinstance(row.get(name), str):
            sent[name] = bytes.fromhex(row[name])
    return sent


def run_again(case):
    return dict(case, expected=World(world_of(case)).run(message_of(case), case["plain"]))


class StepLog:
    """Stands in for the logger that vm_execute asks whether to trace."""

    def __init__(self, limit):
        self.limit = limit
        self.steps = []

    def is_active(self, level):
        return True

    def trace(self, event, **data):
        if len(self.steps) < self.limit:
            self.steps.append(
                {
                    "depth": data["depth"],
                    "pc": int(data["pc"]),
                    "opcode": data["inst"],
                    "gas": int(data["gas"]),
                    "stack": ["%x" % int(word) for word in data["stack"]],
                }
            )


def trace(case, limit):
    log, vm.log_vm_op = vm.log_vm_op, StepLog(limit)
    try:
        run_again(case)
        return vm.log_vm_op.steps
    finally:
        vm.log_vm_op = log
