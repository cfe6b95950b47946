"""Random EVM programs as a function of a random.Random: expressions and statements over a known stack."""

MNEMONICS = {
    "STOP": 0x00, "ADD": 0x01, "MUL": 0x02, "SUB": 0x03, "DIV": 0x04, "SDIV": 0x05, "MOD": 0x06, "SMOD": 0x07,
    "ADDMOD": 0x08, "MULMOD": 0x09, "EXP": 0x0A, "SIGNEXTEND": 0x0B, "LT": 0x10, "GT": 0x11, "SLT": 0x12,
    "SGT": 0x13, "EQ": 0x14, "ISZERO": 0x15, "AND": 0x16, "OR": 0x17, "XOR": 0x18, "NOT": 0x19, "BYTE": 0x1A,
    "SHL": 0x1B, "SHR": 0x1C, "SAR": 0x1D, "SHA3": 0x20, "ADDRESS": 0x30, "BALANCE": 0x31, "ORIGIN": 0x32,
    "CALLER": 0x33, "CALLVALUE": 0x34, "CALLDATALOAD": 0x35, "CALLDATASIZE": 0x36, "CALLDATACOPY": 0x37,
    "CODESIZE": 0x38, "CODECOPY": 0x39, "GASPRICE": 0x3A, "EXTCODESIZE": 0x3B, "EXTCODECOPY": 0x3C,
    "RETURNDATASIZE": 0x3D, "RETURNDATACOPY": 0x3E, "EXTCODEHASH": 0x3F, "BLOCKHASH": 0x40, "COINBASE": 0x41,
    "TIMESTAMP": 0x42, "NUMBER": 0x43, "DIFFICULTY": 0x44, "GASLIMIT": 0x45, "POP": 0x50, "MLOAD": 0x51,
    "MSTORE": 0x52, "MSTORE8": 0x53, "SLOAD": 0x54, "SSTORE": 0x55, "JUMP": 0x56, "JUMPI": 0x57, "PC": 0x58,
    "MSIZE": 0x59, "GAS": 0x5A, "JUMPDEST": 0x5B, "LOG0": 0xA0, "LOG1": 0xA1, "LOG2": 0xA2, "LOG3": 0xA3,
    "LOG4": 0xA4, "CREATE": 0xF0, "CALL": 0xF1, "CALLCODE": 0xF2, "RETURN": 0xF3, "DELEGATECALL": 0xF4,
    "CREATE2": 0xF5, "STATICCALL": 0xFA, "REVERT": 0xFD, "INVALID": 0xFE, "SELFDESTRUCT": 0xFF,
}
for _n in range(1, 17):
    MNEMONICS["DUP%d" % _n] = 0x7F + _n
    MNEMONICS["SWAP%d" % _n] = 0x8F + _n

EDGE_NUMBERS = [0, 1, 2, 3, 7, 8, 9, 30, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, 257, 1000, 65535, 65536] + [
    2 ** k + d for k in (31, 32, 53, 63, 64, 127, 128, 160, 248, 255) for d in (-1, 0, 1)
] + [2 ** 256 - 1, 2 ** 256 - 2, 2 ** 256 - 31]

UNARY = ["ISZERO", "NOT"]
BINARY = (
    "ADD MUL SUB DIV SDIV MOD SMOD EXP SIGNEXTEND LT GT SLT SGT EQ AND OR XOR BYTE SHL SHR SAR"
).split()
TERNARY = ["ADDMOD", "MULMOD"]
NULLARY = (
    "ADDRESS ORIGIN CALLER CALLVALUE CALLDATASIZE CODESIZE GASPRICE RETURNDATASIZE COINBASE TIMESTAMP NUMBER "
    "DIFFICULTY GASLIMIT PC MSIZE GAS"
).split()
UNDEFINED = [b for b in range(256) if b not in MNEMONICS.values() and not 0x60 <= b <= 0x7F]


def push(number, width=None):
    width = width or max(1, (number.bit_length() + 7) // 8)
    return bytes([0x5F + width]) + number.to_bytes(width, "big")


def assemble(*items):
    """Bytes of mnemonics (several in a text), numbers to push and ready bytes."""
    out = b""
    for item in items:
        if isinstance(item, str):
            out += bytes(MNEMONICS[word] for word in item.split())
        elif isinstance(item, int):
            out += push(item)
        else:
            out += item
    return out


def returning(runtime):
    """Init code that returns `runtime`."""
    head = 11
    return push(len(runtime), 2) + assemble("DUP1") + push(head, 1) + assemble(0, "CODECOPY", 0, "RETURN") + runtime


class Writer:
    """Writes one program. Every statement leaves the stack as it found it, but for deliberate mistakes."""

    def __init__(self, rng, addresses, depth=2):
        self.rng = rng
        self.addresses = addresses
        self.depth = depth
        self.code = bytearray()

    def add(self, *items):
        self.code += assemble(*items)

    def number(self):
        kind = self.rng.random()
        if kind < 0.45:
            return self.rng.choice(EDGE_NUMBERS)
        if kind < 0.6:
            return int.from_bytes(self.rng.choice(self.addresses), "big")
        return self.rng.getrandbits(self.rng.choice([3, 8, 16, 64, 160, 255, 256]))

    def offset(self):
        return self.rng.choice([0, 0, 1, 4, 31, 32, 33, 64, 95, 96, 128, 200, 320, 1000])

    def size(self):
        return self.rng.choice([0, 0, 1, 4, 20, 31, 32, 33, 64, 96, 100, 160, 192, 400])

    def address(self):
        if self.rng.random() < 0.9:
            self.add(push(int.from_bytes(self.rng.choice(self.addresses), "big"), 20))
        else:
            self.expression(0)

    def expression(self, depth):
        kind = self.rng.random()
        if depth <= 0 or kind < 0.25:
            number = self.number()
            width = self.rng.choice([None, None, 32])
            self.add(push(number, width))
        elif kind < 0.38:
            self.add(self.rng.choice(NULLARY))
        elif kind < 0.44:
            self.expression(depth - 1)
            self.add(self.rng.choice(UNARY))
        elif kind < 0.72:
            self.expression(depth - 1)
            self.expression(depth - 1)
            self.add(self.rng.choice(BINARY))
        elif kind < 0.78:
            for _ in range(3):
                self.expression(depth - 1)
            self.add(self.rng.choice(TERNARY))
        elif kind < 0.83:
            self.add(self.size(), self.offset(), "SHA3")
        elif kind < 0.87:
            self.add(self.offset(), "MLOAD")
        elif kind < 0.91:
            self.add(self.rng.randrange(6), "SLOAD")
        elif kind < 0.93:
            self.add(self.rng.choice([0, 1, 256, 257, 2 ** 64]), "NUMBER", "SUB", "BLOCKHASH")
        elif kind < 0.95:
            self.expression(0)
            self.add("CALLDATALOAD")
        else:
            self.address()
            self.add(self.rng.choice(["BALANCE", "EXTCODESIZE", "EXTCODEHASH"]))

    def save(self):
        """Stores the top of the stack where it shows."""
        self.add(self.rng.randrange(6), "SSTORE")

    def storing(self):
        self.expression(self.depth)
        self.save()

    def clearing(self):
        self.add(0, self.rng.randrange(6), "SSTORE")

    def memory(self):
        kind = self.rng.randrange(7)
        if kind < 2:
            self.expression(self.depth)
            self.add(self.offset(), "MSTORE")
        elif kind == 2:
            self.expression(self.depth)
            self.add(self.offset(), "MSTORE8")
        else:
            source = ["CALLDATACOPY", "CODECOPY", "RETURNDATACOPY", "EXTCODECOPY"][kind - 3]
            if source == "RETURNDATACOPY" and self.rng.random() < 0.7:
                self.add("RETURNDATASIZE", 0, self.offset(), source)
                return
            self.add(self.size(), self.offset() if self.rng.random() < 0.9 else self.number(), self.offset())
            if source == "EXTCODECOPY":
                self.address()
            self.add(source)

    def logging(self):
        count = self.rng.randrange(5)
        for _ in range(count):
            self.expression(1)
        self.add(self.size(), self.offset(), "LOG%d" % count)

    def calling(self):
        kind = self.rng.choice(["CALL", "CALL", "CALL", "CALLCODE", "DELEGATECALL", "STATICCALL"])
        self.add(self.size(), self.offset(), self.size(), self.offset())
        if kind in ("CALL", "CALLCODE"):
            self.add(self.rng.choice([0, 0, 0, 1, 2, 5, 100, 10 ** 18, 2 ** 200]))
        self.address()
        self.gas()
        self.add(kind)
        self.save()
        if self.rng.random() < 0.3:
            self.add("RETURNDATASIZE")
            self.save()

    def gas(self):
        if self.rng.random() < 0.6:
            self.add("GAS")
        else:
            self.add(self.rng.choice([0, 1, 100, 700, 2300, 3000, 9000, 30000, 100000, 2 ** 40, 2 ** 256 - 1]))

    def token_transfer(self):
        """Pays in some token through 514b430002."""
        target = int.from_bytes(self.rng.choice(self.addresses), "big")
        token = self.rng.choice([35760, 1, 2, 3, 4873763662273663091, 4873763662273663092])
        value = self.rng.choice([0, 1, 5, 10 ** 6, 10 ** 30])
        for at, word in ((0, target), (32, token), (64, value)):
            self.add(word, at, "MSTORE")
        kind = self.rng.choice(["CALL", "CALL", "DELEGATECALL", "CALLCODE", "STATICCALL"])
        self.add(self.size(), self.offset(), self.rng.choice([95, 96, 97, 128, 160]), 0)
        if kind in ("CALL", "CALLCODE"):
            self.add(self.rng.choice([0, 0, 0, 1]))
        self.add(0x514B430002)
        self.gas()
        self.add(kind)
        self.save()

    def token_query(self):
        kind = self.rng.choice(["CALL", "STATICCALL", "DELEGATECALL", "CALLCODE"])
        self.add(32, self.offset(), 0, 0)
        if kind in ("CALL", "CALLCODE"):
            self.add(0)
        self.add(0x514B430001)
        self.gas()
        self.add(kind)
        self.save()

    def creating(self):
        init = self.rng.choice([
            b"",
            assemble(self.size(), 0, "RETURN"),
            assemble(self.size(), 0, "REVERT"),
            assemble("CALLER", 0, "SSTORE"),
            assemble("ADDRESS", "SELFDESTRUCT"),
            assemble("INVALID"),
            returning(assemble("CALLVALUE", 0, "SSTORE")),
            bytes(self.rng.randrange(256) for _ in range(20)),
        ])[:32]
        self.add(push(int.from_bytes(init.ljust(32, b"\0"), "big"), 32), 0, "MSTORE")
        two = self.rng.random() < 0.5
        if two:
            self.expression(0)
        self.add(self.rng.choice([len(init), len(init), 32, 0, 64]), self.rng.choice([0, 0, 0, 5]))
        self.add(self.rng.choice([0, 0, 1, 10 ** 30]), "CREATE2" if two else "CREATE")
        self.save()

    def branch(self):
        self.expression(1)
        at = len(self.code) + 1
        self.add(push(0, 2), "JUMPI")
        for _ in range(self.rng.randint(1, 2)):
            self.statement()
        self.code[at : at + 2] = len(self.code).to_bytes(2, "big")
        self.add("JUMPDEST")

    def loop(self):
        self.add(self.rng.randint(1, 5))
        start = len(self.code)
        self.add("JUMPDEST")
        self.rng.choice([self.storing, self.memory, self.logging])()
        self.add(1, "SWAP1", "SUB", "DUP1", push(start, 2), "JUMPI", "POP")

    def shuffle(self):
        """Works on a deeper stack: DUP and SWAP of every distance."""
        height = self.rng.randint(2, 18)
        for _ in range(height):
            self.expression(0)
        for _ in range(6):
            self.add(self.rng.choice(["DUP", "SWAP"]) + "%d" % self.rng.randint(1, min(16, height - 1)))
        self.save()

    def mistake(self):
        self.code += self.rng.choice([
            bytes([self.rng.choice(UNDEFINED)]),
            assemble(self.rng.randrange(300), "JUMP"),
            assemble(self.number(), "JUMP"),
            assemble(self.rng.choice(BINARY)),
            assemble(2 ** 40, "MLOAD"),
            assemble(self.number(), self.offset(), "RETURN"),
            push(len(self.code) + 6, 2) + assemble("JUMP") + push(0x5B, 2),
            assemble("DUP16", "SWAP16"),
        ])

    def ending(self):
        kind = self.rng.random()
        if kind < 0.2:
            self.add("STOP")
        elif kind < 0.5:
            self.add(self.size(), self.offset(), "RETURN")
        elif kind < 0.6:
            self.add(self.size(), self.offset(), "REVERT")
        elif kind < 0.7:
            self.address()
            self.add("SELFDESTRUCT")
        elif kind < 0.75:
            width = self.rng.randint(1, 32)
            self.code += bytes([0x5F + width]) + bytes(self.rng.randrange(256) for _ in range(self.rng.randrange(width)))
        elif kind < 0.8:
            self.add(1, 640, "MSTORE", self.rng.choice([0, 7, 100, 640]), 0, "LOG0")
        elif kind < 0.85:
            self.add(1, 640, "MSTORE", 3, self.rng.choice([0, 7, 100, 640]), 0, 0, "CREATE2")

    def statement(self):
        statements = [
            (self.storing, 22), (self.clearing, 4), (self.memory, 14), (self.logging, 8), (self.calling, 14),
            (self.token_transfer, 4), (self.token_query, 4), (self.creating, 5), (self.branch, 5), (self.loop, 2),
            (self.shuffle, 4), (self.mistake, 0.3),
        ]
        choices, weights = zip(*statements)
        self.rng.choices(choices, weights)[0]()

    def program(self, statements):
        for _ in range(statements):
            self.statement()
        self.ending()
        return bytes(self.code)


def random_program(rng, addresses):
    return Writer(rng, addresses, rng.randint(1, 3)).program(rng.randint(1, 12))
