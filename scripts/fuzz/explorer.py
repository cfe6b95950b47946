"""Random programs that go further than scripts/oracle/evm's Writer: whole programs as init code, precompiles with
input that means something, gas at edges, deep stacks, conditional self-destructs."""
from functools import lru_cache

from quarkchain.evm.utils import ecsign
from quarkchain.utils import sha3_256
from py_ecc import optimized_bn128 as bn128

from programs import BINARY, EDGE_NUMBERS, Writer, assemble, push, returning

PRIME, ORDER = bn128.field_modulus, bn128.curve_order
SECP_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
TOKENS = [35760, 1, 2, 3, 4873763662273663091, 4873763662273663092, 2 ** 64, 2 ** 255]


def words(*numbers):
    return b"".join(number.to_bytes(32, "big") for number in numbers)


def some_bytes(rng, size):
    return bytes(rng.choice([0, 0xFF, rng.randrange(256), rng.randrange(256)]) for _ in range(size))


@lru_cache(None)
def g1(factor):
    x, y = bn128.normalize(bn128.multiply(bn128.G1, factor))
    return int(x.n), int(y.n)


@lru_cache(None)
def g2(factor):
    (a, b), (c, d) = (
        [int(v) for v in coordinate.coeffs] for coordinate in bn128.normalize(bn128.multiply(bn128.G2, factor))
    )
    return b, a, d, c


def ecrecover_input(rng):
    message = sha3_256(bytes([rng.randrange(8)]))
    v, r, s = ecsign(message, sha3_256(b"key" + bytes([rng.randrange(3)])))
    kind = rng.randrange(9)
    if kind == 0:
        v = rng.choice([0, 1, 26, 29, 30, 31, 2 ** 8 + 27, 2 ** 255])
    elif kind == 1:
        r = rng.choice([0, SECP_ORDER, SECP_ORDER - 1, 5, 2 ** 256 - 1])
    elif kind == 2:
        s = rng.choice([0, SECP_ORDER, SECP_ORDER - s, 1])
    elif kind == 3:
        v = 55 - v
    data = message + words(v, r, s)
    return data[: rng.choice([128, 128, 128, 127, 96, 160])]


def modexp_input(rng):
    sizes = [rng.choice([0, 0, 1, 2, 8, 31, 32, 33, 64, 65, 97]) for _ in range(3)]
    body = b"".join(some_bytes(rng, size) for size in sizes)
    if rng.random() < 0.2:
        sizes[:2] = rng.choice([(0, 0), (0, 1), (1, 0), (1, 1)])
        body = bytes(sizes[0] + sizes[1]) + some_bytes(rng, sizes[2])
    head = list(sizes)
    if rng.random() < 0.12:
        head[rng.randrange(3)] = rng.choice([2 ** 16, 2 ** 32, 2 ** 64, 2 ** 255, 2 ** 256 - 1, 1025, 1024])
    data = words(*head) + body
    return data if rng.random() < 0.7 else data[: rng.randrange(len(data) + 1)]


def curve_point(rng):
    kind = rng.random()
    if kind < 0.65:
        x, y = g1(rng.choice([1, 2, 3, 5, 1000, ORDER - 1]))
        return (x, y) if rng.random() < 0.7 else (x, PRIME - y)
    if kind < 0.8:
        return 0, 0
    return rng.choice([(1, 3), (PRIME, 0), (0, PRIME), (1, 2 + PRIME), (PRIME + 1, 2), (2 ** 256 - 1, 1), (0, 1), (1, 0)])


def pairing_input(rng):
    if rng.random() < 0.3:
        return some_bytes(rng, rng.choice([0, 1, 191, 193]))
    a, b = rng.choice([1, 2]), rng.choice([1, 3])
    (ax, ay), (bx, by) = g1(a * b), g1(a)
    pairs = [words(ax, ay, *g2(1)), words(bx, PRIME - by, *g2(b if rng.random() < 0.7 else b + 1))]
    kind = rng.random()
    if kind < 0.2:
        pairs = pairs[:1]
    elif kind < 0.4:
        pairs.append(words(0, 0, *g2(1)) if rng.random() < 0.5 else words(1, 2, 0, 0, 0, 0))
    elif kind < 0.5:
        pairs[0] = words(*curve_point(rng), *g2(1))
    elif kind < 0.6:
        pairs[0] = words(1, 2, *(rng.choice([0, 1, PRIME, PRIME - 1]) for _ in range(4)))
    return b"".join(pairs)


# Price of each Ethereum precompile as far as it does not depend on more than the size of its input.
PRICES = {
    1: lambda size: 3000,
    2: lambda size: 60 + 12 * ((size + 31) // 32),
    3: lambda size: 600 + 120 * ((size + 31) // 32),
    4: lambda size: 15 + 3 * ((size + 31) // 32),
    5: lambda size: 2000,
    6: lambda size: 500,
    7: lambda size: 40000,
    8: lambda size: 100000 + 80000 * (size // 192),
    9: lambda size: 0,
}


def precompile_input(rng, heavy):
    """Number of an Ethereum precompile and input for it."""
    number = rng.choice([1, 1, 2, 3, 4, 5, 5, 5, 6, 6, 7] + ([8] if heavy else []) + [9])
    if number == 1:
        return number, ecrecover_input(rng)
    if number == 5:
        return number, modexp_input(rng)
    if number == 6:
        data = words(*curve_point(rng), *curve_point(rng))
        return number, data[: rng.choice([128, 128, 128, 127, 64, 32, 0])]
    if number == 7:
        factor = rng.choice([0, 1, 2, ORDER - 1, ORDER, ORDER + 1, 2 ** 256 - 1, 12345])
        return number, words(*curve_point(rng), factor)[: rng.choice([96, 96, 96, 95, 64, 0])]
    if number == 8:
        return number, pairing_input(rng)
    return number, some_bytes(rng, rng.choice([0, 1, 31, 32, 33, 64, 100, 300]))


class Explorer(Writer):
    def __init__(self, rng, addresses, depth=2, nesting=1):
        super().__init__(rng, addresses, depth)
        self.nesting = nesting

    # ---- helpers
    def to_memory(self, data, at):
        """Leaves `data` in memory, zeros behind it up to the word's end."""
        for start in range(0, len(data), 32):
            self.add(push(int.from_bytes(data[start : start + 32].ljust(32, b"\0"), "big"), 32), at + start, "MSTORE")

    def embedded(self, data, at):
        """Copies `data`, kept in the code behind a jump, to memory."""
        start = len(self.code) + 4
        self.code += push(start + len(data), 2) + assemble("JUMP") + data + assemble("JUMPDEST")
        self.add(len(data), start, at, "CODECOPY")

    def save(self):
        """Keeps the top of the stack: in storage, or in memory, which static calls may change too."""
        if self.rng.random() < 0.5:
            super().save()
        else:
            self.add(768 + 32 * self.rng.randrange(6), "MSTORE")

    def show(self, at, size):
        """Stores the hash of a range of memory."""
        self.add(size, at, "SHA3")
        self.save()

    def call_on(self, target, gas, in_at, in_size, out_at, out_size, value=None):
        kind = self.rng.choice(["CALL", "CALL", "STATICCALL", "DELEGATECALL", "CALLCODE"])
        self.add(out_size, out_at, in_size, in_at)
        if kind in ("CALL", "CALLCODE"):
            self.add(self.rng.choice([0, 0, 0, 1, 7, 10 ** 30]) if value is None else value)
        self.add(target)
        if gas is None:
            self.gas()
        else:
            self.add(gas)
        self.add(kind)

    # ---- statements
    def precompile(self):
        rng = self.rng
        number, data = precompile_input(rng, rng.random() < 0.1)
        at = rng.choice([0, 0, 32, 33, 512])
        if len(data) <= 128:
            self.to_memory(data, at)
        else:
            self.embedded(data, at)
        price = PRICES[number](len(data)) + rng.choice([-1, 0, 0, 1, 100000])
        out = rng.choice([0, 32, 64, 20])
        self.call_on(number, None if rng.random() < 0.5 else max(0, price), at, len(data), 640, out)
        self.save()
        self.show(640, 64)
        self.after_call()

    def after_call(self):
        kind = self.rng.random()
        if kind < 0.3:
            self.add("RETURNDATASIZE", 0, 704, "RETURNDATACOPY", "RETURNDATASIZE", 704, "SHA3")
            self.save()
        elif kind < 0.31:
            self.add("RETURNDATASIZE", self.rng.choice([0, 1]), "ADD", 0, 704, "RETURNDATACOPY")
        elif kind < 0.35:
            skipped = self.rng.choice([1, 5])
            self.add(skipped, "RETURNDATASIZE", "SUB", skipped, 704, "RETURNDATACOPY")

    def deploy_system(self):
        index = self.rng.choice([0, 1, 1, 2, 3, 3, 4, 2 ** 255])
        self.add(index, 0, "MSTORE")
        self.call_on(0x514B430003, None, 0, self.rng.choice([0, 32, 31]), 640, 32)
        self.save()
        self.show(640, 32)
        self.after_call()

    def mint(self):
        rng = self.rng
        target = int.from_bytes(rng.choice(self.addresses), "big")
        if rng.random() < 0.1:
            target += 2 ** 200
        self.to_memory(words(target, rng.choice(TOKENS), rng.choice([0, 1, 5, 2 ** 128, 2 ** 256 - 1])), 0)
        self.call_on(0x514B430004, None if rng.random() < 0.6 else rng.choice([8999, 9000, 9001, 33999, 34000]),
                     0, rng.choice([96, 96, 95, 128, 64]), 640, 32)
        self.save()
        self.show(640, 32)

    def token_balance(self):
        rng = self.rng
        target = int.from_bytes(rng.choice(self.addresses), "big")
        if rng.random() < 0.1:
            target += 2 ** 200
        self.to_memory(words(target, rng.choice(TOKENS)), 0)
        self.call_on(0x514B430005, None if rng.random() < 0.6 else rng.choice([399, 400, 401]), 0, rng.choice([64, 64, 63, 32]), 640, 32)
        self.save()
        self.show(640, 32)

    def token_message(self):
        """Pays through 514b430002 and says something to the receiver."""
        rng = self.rng
        target = int.from_bytes(rng.choice(self.addresses), "big")
        value = rng.choice([0, 1, 5, 10 ** 6])
        data = words(target, rng.choice(TOKENS), value) + some_bytes(rng, rng.choice([0, 0, 1, 32, 40]))
        self.to_memory(data, 0)
        self.call_on(0x514B430002, None if rng.random() < 0.6 else rng.choice([8999, 9000, 11300, 33999, 34000, 60000]),
                     0, len(data), 640, 64)
        self.save()
        self.show(640, 64)
        self.after_call()

    def create_program(self):
        """CREATE or CREATE2 with a whole program as init code, or one that leaves a whole program."""
        rng = self.rng
        if self.nesting <= 0:
            self.creating()
            return
        child = Explorer(rng, self.addresses, 1, self.nesting - 1).program(rng.randint(1, 4))
        init = child if rng.random() < 0.5 else returning(child)
        self.embedded(init, 0)
        two = rng.random() < 0.5
        if two:
            self.add(rng.choice([0, 1, 2 ** 256 - 1]))
        self.add(len(init), 0, rng.choice([0, 0, 1, 5]), "CREATE2" if two else "CREATE")
        if rng.random() < 0.6:
            # Whatever was created is called at once, several times perhaps.
            for _ in range(rng.randint(1, 2)):
                self.add("DUP1", 0, 0, 0, 0, rng.choice([0, 1]), "DUP6", "GAS", "CALL", "POP")
            if rng.random() < 0.5:
                self.add("DUP1", rng.choice(["EXTCODEHASH", "EXTCODESIZE", "BALANCE"]))
                self.save()
        self.save()

    def conditional_end(self):
        """Ends here only if some word is not zero."""
        self.expression(1)
        at = len(self.code) + 1
        self.add(push(0, 2), "JUMPI")
        self.ending()
        self.code[at : at + 2] = len(self.code).to_bytes(2, "big")
        self.add("JUMPDEST")

    def self_call(self):
        """Calls its own code again while the word in slot 5 says so."""
        rng = self.rng
        limit = rng.choice([1, 2, 3, 6])
        kind = rng.choice(["CALL", "CALLCODE", "DELEGATECALL", "CALL"])
        self.add(limit, 5, "SLOAD", "LT")
        at = len(self.code) + 1
        self.add("ISZERO", push(0, 2), "JUMPI")
        at += 1
        self.add(1, 5, "SLOAD", "ADD", 5, "SSTORE", 32, 0, self.size(), 0)
        if kind != "DELEGATECALL":
            self.add(rng.choice([0, 0, 1]))
        self.add("ADDRESS")
        if rng.random() < 0.7:
            self.add("GAS")
        else:
            self.add(rng.choice([3000, 40000]), "GAS", "SUB")
        self.add(kind, rng.randrange(5), "SSTORE")
        self.code[at : at + 2] = len(self.code).to_bytes(2, "big")
        self.add("JUMPDEST")

    def tall_stack(self):
        """Grows the stack to its limit or past it."""
        rng = self.rng
        count = rng.choice([100, 1000, 1010, 1020, 1023, 1024, 1025])
        self.add(count)
        start = len(self.code)
        # stack: ... words, counter
        self.add("JUMPDEST", "DUP1", "SWAP1", 1, "SWAP1", "SUB", "DUP1", push(start, 2), "JUMPI")
        self.add(rng.choice(["POP", "DUP1", "DUP16", "SWAP16", "PC"]))
        self.save()

    def far_memory(self):
        rng = self.rng
        at = rng.choice([1000, 4095, 4096, 22000, 23552, 32000])
        if rng.random() < 0.05:
            at = rng.choice([100000, 10 ** 6, 2 ** 32 - 1, 2 ** 32, 2 ** 53, 2 ** 64, 2 ** 255])
        kind = rng.randrange(6)
        if kind == 0:
            self.add(at, "MLOAD")
            self.save()
        elif kind == 1:
            self.add(7, at, "MSTORE8")
        elif kind == 2:
            self.add(rng.choice([0, 1, 33]), at, "SHA3")
            self.save()
        elif kind == 3:
            self.add(rng.choice([0, 3]), rng.choice([0, at]), at, rng.choice(["CALLDATACOPY", "CODECOPY"]))
        elif kind == 4:
            self.call_on(4, None, rng.choice([0, at]), rng.choice([0, 5]), at, rng.choice([0, 40]))
            self.save()
        else:
            self.add("MSIZE")
            self.save()

    def refunding(self):
        """Writes one slot several times."""
        slot = self.rng.choice([0, 1, 2 ** 255, 2 ** 256 - 1])
        for _ in range(self.rng.randint(2, 4)):
            self.add(self.rng.choice([0, 0, 1, 2 ** 255, 2 ** 256 - 1]), slot, "SSTORE")
        self.add(slot, "SLOAD")
        self.save()

    def gas_reading(self):
        self.add("GAS")
        self.save()

    def arithmetic_edge(self):
        rng = self.rng
        edge = lambda: rng.choice(EDGE_NUMBERS + [2 ** 255, 2 ** 256 - 1, 2 ** 256 - 2 ** 255 // 2])
        self.add(edge(), edge(), rng.choice(BINARY + ["SDIV", "SMOD", "SAR", "SIGNEXTEND", "EXP", "BYTE"]))
        if rng.random() < 0.5:
            self.add(rng.choice([0, 1, 31, 255, 256, 257]), rng.choice(["SHL", "SHR", "SAR", "BYTE", "SIGNEXTEND"]))
        self.save()

    def negative_end(self):
        """An unchecked charge as the last thing: the frame may end with gas below zero."""
        if self.rng.random() < 0.5:
            self.add(1, 640, "MSTORE", self.rng.choice([32, 64, 640]), 0, "LOG0")
        else:
            self.add(1, 640, "MSTORE", 3, self.rng.choice([64, 640]), 0, 0, "CREATE2")

    def ending(self):
        kind = self.rng.random()
        if kind < 0.08:
            self.negative_end()
        elif kind < 0.5:
            self.add(192, 768, "RETURN" if kind < 0.45 else "REVERT")
        else:
            super().ending()

    def statement(self):
        statements = [
            (super().statement, 40), (self.precompile, 11), (self.deploy_system, 1), (self.mint, 2),
            (self.token_balance, 2), (self.token_message, 4), (self.create_program, 5), (self.conditional_end, 5),
            (self.self_call, 2), (self.tall_stack, 0.7), (self.far_memory, 4), (self.refunding, 4),
            (self.gas_reading, 2), (self.arithmetic_edge, 12),
        ]
        choices, weights = zip(*statements)
        self.rng.choices(choices, weights)[0]()


def explore(rng, addresses):
    return Explorer(rng, addresses, rng.randint(1, 3)).program(rng.randint(1, 12))
