"""Random cases: worlds of random contracts, and messages with plenty, tight and too little gas."""
import random

from machine import NEVER, case_of, precompile
from programs import EDGE_NUMBERS, Writer, assemble, random_program, returning
from quarkchain.utils import token_id_encode

QKC = token_id_encode("QKC")
TOKEN_MAX = 4873763662273663091
PEOPLE = [bytes.fromhex("aa" * 19 + "%02x" % i) for i in range(4)]
CONTRACTS = [bytes.fromhex("c0de" + "00" * 17 + "%02x" % i) for i in range(6)]
BUILTINS = [bytes.fromhex("%040x" % i) for i in range(1, 10)]
TOKEN_BUILTINS = [precompile(i) for i in range(1, 7)]
SYSTEM = [bytes.fromhex("514b43" + "00" * 16 + "%02x" % i) for i in (1, 2, 3)]
NOBODY = bytes.fromhex("dead" + "00" * 17 + "01")
COINBASE = bytes.fromhex("c0ffee" + "00" * 17)
ADDRESSES = PEOPLE + CONTRACTS * 3 + BUILTINS + TOKEN_BUILTINS * 2 + SYSTEM + [NOBODY, COINBASE]


def account(rng, code=b""):
    balances = {}
    if rng.random() < 0.8:
        balances[QKC] = rng.choice([1, 5, 10 ** 6, 10 ** 20])
    for token in (1, 2, 3, TOKEN_MAX):
        if rng.random() < 0.4:
            balances[token] = rng.choice([1, 5, 10 ** 6, 10 ** 30])
    storage = {slot: rng.choice([1, 2, 2 ** 255]) for slot in range(6) if code and rng.random() < 0.4}
    nonce = 1 if code else rng.choice([0, 0, 1, 7])
    return dict(nonce=nonce, balances=balances, code=code, storage=storage, key=rng.choice([0, 1, 0x10001]))


def context(rng):
    # For one shard of a time, sometimes before a switch, at it or without it.
    times = [rng.choice([NEVER, 0, 0, 0, 1000, 1001]) for _ in range(3)]
    disallow = {}
    if rng.random() < 0.15:
        disallow = {rng.choice(PEOPLE + CONTRACTS): rng.choice([0, 1, 10 ** 6, 10 ** 21]) for _ in range(2)}
    return dict(
        fullShardKey=rng.choice([0, 1, 5, 0x10001, 0xABCD1234]),
        timestamp=1000,
        number=rng.choice([0, 1, 3, 300]),
        difficulty=rng.choice([1, 10 ** 12, 2 ** 255]),
        gasLimit=rng.choice([12000000, 6000000]),
        gasPrice=rng.choice([0, 1, 10 ** 9]),
        coinbase=rng.choice([COINBASE, bytes(20)]),
        origin=rng.choice(PEOPLE[:2]),
        defaultToken="QKC" if rng.random() < 0.9 else "1",
        disallow=disallow,
        hashes=[bytes([i % 251 + 1]) * 32 for i in range(rng.choice([0, 2, 300]))],
        evm=times[0] if rng.random() < 0.3 else 0,
        native=times[1] if rng.random() < 0.5 else 0,
        general=times[2] if rng.random() < 0.5 else 0,
    )


def world(rng):
    accounts = {person: account(rng) for person in PEOPLE[:3]}
    for contract in CONTRACTS:
        accounts[contract] = account(rng, random_program(rng, ADDRESSES))
    if rng.random() < 0.3:
        accounts[rng.choice(BUILTINS + TOKEN_BUILTINS + SYSTEM)] = account(rng)
    return dict(accounts=accounts, context=context(rng))


def points(rng):
    """Input of the bn256 precompiles that is sometimes valid."""
    generator = (1).to_bytes(32, "big") + (2).to_bytes(32, "big")
    words = [generator, bytes(64), rng.choice(EDGE_NUMBERS).to_bytes(32, "big")]
    return b"".join(rng.choice(words) for _ in range(rng.randint(1, 4)))


def call_data(rng):
    kind = rng.random()
    if kind < 0.2:
        return b""
    if kind < 0.4:
        return bytes(rng.randrange(256) for _ in range(rng.choice([1, 4, 31, 32, 64, 100, 200])))
    if kind < 0.5:
        return points(rng)
    if kind < 0.6:
        base, exponent, modulus = (bytes(rng.randrange(256) for _ in range(rng.choice([0, 1, 8, 32, 40]))) for _ in range(3))
        return b"".join(len(part).to_bytes(32, "big") for part in (base, exponent, modulus)) + base + exponent + modulus
    number = lambda: rng.choice([rng.choice(EDGE_NUMBERS), int.from_bytes(rng.choice(ADDRESSES), "big"), rng.randrange(9), QKC])
    return b"".join(number().to_bytes(32, "big") for _ in range(rng.randint(1, 5)))


def message(rng):
    create = rng.random() < 0.2
    to = rng.choice(CONTRACTS * 5 + TOKEN_BUILTINS * 2 + BUILTINS[:6] + SYSTEM[:1] + PEOPLE)
    sender = rng.choice(PEOPLE[:2] * 4 + [PEOPLE[3], CONTRACTS[0], SYSTEM[1]])
    fields = dict(
        create=create,
        sender=sender,
        value=rng.choice([0, 0, 0, 1, 3, 10 ** 6, 10 ** 25]),
        gas=rng.choice([25000, 100000, 400000, 3000000]),
        depth=rng.choice([0, 0, 0, 0, 0, 1022, 1023, 1024]),
        toFullShardKey=rng.choice([None, 0, 1, 0x10001, 0xFFFFFFFF]),
        token=rng.choice([QKC, QKC, QKC, 1, 2, TOKEN_MAX]),
    )
    if create:
        init = random_program(rng, ADDRESSES)
        init = init if rng.random() < 0.5 else returning(init)
        recipient = rng.choice([None] * 8 + [rng.choice(CONTRACTS + [PEOPLE[2], NOBODY])])
        salt = rng.choice([None, None, bytes([rng.randrange(256)]) * 32])
        return dict(fields, data=init, recipient=recipient, salt=salt)
    return dict(
        fields,
        to=to if rng.random() < 0.9 else rng.choice(CONTRACTS),
        codeAddress=to,
        data=call_data(rng),
        transfersValue=rng.random() < 0.95,
        isStatic=rng.random() < 0.1,
    )


def random_cases(seed):
    """One world and message, then the same with gas around what it used and below."""
    rng = random.Random(seed)
    here = world(rng)
    sent = message(rng)
    probes = rng.random() < 0.5
    first = case_of("random %d" % seed, here, sent, probes)
    yield first
    left = first["expected"].get("gas")
    if not left or left >= sent["gas"]:
        return
    used = sent["gas"] - left
    for index, gas in enumerate([used + rng.choice([-2, -1, 0, 1, 2]), rng.randint(0, used), used - rng.randint(0, 60)]):
        yield case_of("random %d gas %d" % (seed, index), here, dict(sent, gas=max(0, gas)), probes)
