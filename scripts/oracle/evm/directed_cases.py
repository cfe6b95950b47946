"""Cases aimed at one rule each: every instruction, precompile, price and quirk. Deterministic."""
import hashlib
import random

import coincurve
from py_ecc import optimized_bn128 as bn128

from machine import NEVER, case_of, precompile
from quarkchain.evm import opcodes
from programs import BINARY, EDGE_NUMBERS, NULLARY, TERNARY, UNARY, assemble, push, returning
from quarkchain.utils import token_id_encode

QKC = token_id_encode("QKC")
TOKEN_MAX = 4873763662273663091
SENDER = bytes.fromhex("5e" * 20)
ORIGIN = bytes.fromhex("01" * 20)
SELF = bytes.fromhex("c0de" + "00" * 17 + "01")
OTHER = bytes.fromhex("c0de" + "00" * 17 + "02")
THIRD = bytes.fromhex("c0de" + "00" * 17 + "03")
RICH = bytes.fromhex("aa" * 20)
ABSENT = bytes.fromhex("dead" + "00" * 17 + "01")
NATIVE_TOKEN_CONTRACT = bytes.fromhex("514b43" + "00" * 16 + "02")
PLENTY = 2000000
A = assemble


def number(address):
    return push(int.from_bytes(address, "big"), 20)


def account(code=b"", nonce=None, storage=None, key=1, **balances):
    tokens = {QKC if name == "QKC" else int(name[1:]): amount for name, amount in balances.items()}
    return dict(
        nonce=(1 if code else 0) if nonce is None else nonce, balances=tokens, code=code, storage=storage or {}, key=key
    )


def world(code=b"", other=b"", accounts=None, storage=None, **changes):
    context = dict(
        fullShardKey=0x00000003,
        timestamp=1600000000,
        number=300,
        difficulty=123456789,
        gasLimit=12000000,
        gasPrice=10 ** 9,
        coinbase=bytes.fromhex("c0" * 20),
        origin=ORIGIN,
        defaultToken="QKC",
        disallow={},
        hashes=[hashlib.sha256(b"%d" % i).digest() for i in range(3)],
        evm=1500000000,
        native=1500000000,
        general=1500000000,
    )
    context.update(changes)
    here = {
        SENDER: account(nonce=5, QKC=10 ** 20, t1=1000, t2=5),
        SELF: account(code, storage=storage, QKC=10 ** 18, t1=500),
        OTHER: account(other, QKC=7, key=9),
        RICH: account(QKC=10 ** 20, t1=10 ** 20, key=2),
    }
    here.update(accounts or {})
    return dict(accounts=here, context=context)


def call(to=SELF, **changes):
    fields = dict(
        create=False, sender=SENDER, to=to, codeAddress=to, value=0, token=QKC, gas=PLENTY, data=b"", depth=0,
        transfersValue=True, isStatic=False, toFullShardKey=3,
    )
    fields.update(changes)
    return fields


def creation(init, **changes):
    fields = dict(
        create=True, sender=SENDER, value=0, token=QKC, gas=PLENTY, data=init, depth=0, toFullShardKey=3,
        recipient=None, salt=None,
    )
    fields.update(changes)
    return fields


def words(*values):
    return b"".join(v if isinstance(v, bytes) and len(v) != 20 else (
        v.rjust(32, b"\0") if isinstance(v, bytes) else v.to_bytes(32, "big")) for v in values)


class Collector:
    """`probes`: also record which accounts each case looks at (that touches them, so it cannot be the only way)."""

    def __init__(self):
        self.cases = []
        self.probes = False

    def one(self, name, here, message):
        case = case_of(name, here, message)
        self.cases.append(case)
        if self.probes:
            self.cases.append(case_of(name + ", accounts looked at", here, message, True))
        return case

    def tight(self, name, here, message, *differences):
        """The message with plenty of gas, with exactly what that used, and with one less (or the differences)."""
        case = self.one(name, here, message)
        used = message["gas"] - case["expected"]["gas"]
        for difference in differences or (0, -1):
            self.one("%s, gas %+d" % (name, difference), here, dict(message, gas=used + difference))


def returning_results(computations):
    """Returns the result of each computation, and an eighth of it: so that bits above the word would show."""
    code = b""
    for index, computation in enumerate(computations):
        code += computation + A("DUP1", 64 * index, "MSTORE", 3, "SHR", 64 * index + 32, "MSTORE")
    return code + A(64 * len(computations), 0, "RETURN")


ENDING = ("STOP", "RETURN", "REVERT", "SELFDESTRUCT", "JUMP", "INVALID")


def instructions(c):
    """Each instruction takes and leaves what it should, and may end a program with no gas left."""
    for opcode, (name, inputs, outputs, _) in sorted(opcodes.opcodes.items()):
        name = "SELFDESTRUCT" if name == "SUICIDE" else name
        if name in ENDING:
            continue
        operands = b"".join(A(n) for n in ([5] * 32)[:inputs])
        run = operands + bytes([opcode]) + bytes(opcode - 0x5F if 0x60 <= opcode <= 0x7F else 0)
        if name == "JUMPI":
            run = A(0, 0, "JUMPI")
        if name in ("RETURNDATACOPY",):
            run = A(0, 0, 64, name)
        markers = A(0xA1, 0xA2, 0xA3)
        saved = b"".join(A(at, "MSTORE") for at in (0, 32, 64))
        c.one("stack around %s" % name, world(markers + run + saved + A(96, 0, "RETURN")), call())
        c.tight("%s ends a program" % name, world(A(1, 0, "MSTORE") + run), call(), 0, -1)


def arithmetic(c):
    rng = random.Random(59)
    minimum = 2 ** 255
    tricky = [(minimum, 2 ** 256 - 1), (2 ** 256 - 1, minimum), (5, 0), (0, 5), (2 ** 256 - 7, 3), (7, 2 ** 256 - 3),
              (0, 0), (31, 0x80), (30, 0x8000), (0, 0xFF80), (32, 0x80), (255, minimum), (256, minimum), (2, 300), (3, 300),
              (2, 5), (2, 255), (2, 256), (3, 255), (1, 0x8000), (1, 0x17FFF), (2, 0xFF7FFFFF), (15, 2 ** 127), (30, 2 ** 247),
              (31, minimum), (32, minimum), (255, 1), (255, 2 ** 256 - 1), (256, 2 ** 256 - 1), (256, 7), (31, 0x1FF), (33, 0x1FF)]
    for name in UNARY:
        c.one(name, world(returning_results([A(v, name) for v in EDGE_NUMBERS[::3]])), call())
    for name in BINARY:
        pairs = tricky + [(rng.choice(EDGE_NUMBERS), rng.choice(EDGE_NUMBERS)) for _ in range(16)]
        c.one(name, world(returning_results([A(b, a, name) for a, b in pairs])), call())
    for name in TERNARY:
        rows = [[rng.choice(EDGE_NUMBERS) for _ in range(3)] for _ in range(12)] + [[1, 2, 0], [2 ** 256 - 1] * 3]
        c.one(name, world(returning_results([A(m, b, a, name) for a, b, m in rows])), call())
    c.tight("EXP pays for the exponent's bytes", world(A(2 ** 255, 3, "EXP POP", 255, 3, "EXP POP", 0, 3, "EXP STOP")), call())


def environment(c):
    code = returning_results([A(name) for name in NULLARY])
    c.one("environment", world(code), call(data=b"12345", value=17))
    c.one("environment of a delegate", world(A(0, 0, 0, 0, number(OTHER), "GAS DELEGATECALL", "RETURNDATASIZE", 0, 0,
          "RETURNDATACOPY", "RETURNDATASIZE", 0, "RETURN"), other=code), call(value=9))
    lookups = [A(number(a), op) for a in (SELF, SENDER, RICH, ABSENT, precompile(1), bytes(19) + b"\1")
               for op in ("BALANCE", "EXTCODESIZE", "EXTCODEHASH")]
    c.one("lookups", world(returning_results(lookups)), call())
    c.one("lookup takes the low 20 bytes", world(returning_results([A((1 << 200) + int.from_bytes(RICH, "big"), "BALANCE")])), call())
    c.one("EXTCODEHASH of an account with tokens only", world(returning_results([A(number(ABSENT), "EXTCODEHASH")]),
          accounts={ABSENT: account(t1=1)}), call())
    blocks = [A(n, "BLOCKHASH") for n in (299, 298, 297, 296, 300, 301, 44, 43, 2 ** 255)]
    c.one("BLOCKHASH", world(returning_results(blocks)), call())
    c.one("BLOCKHASH with a long history", world(returning_results(blocks), hashes=[bytes([i % 250 + 1]) * 32 for i in range(300)]), call())
    loads = [A(n, "CALLDATALOAD") for n in (0, 1, 31, 32, 33, 64, 2 ** 64, 2 ** 255)]
    c.one("CALLDATALOAD", world(returning_results(loads)), call(data=bytes(range(1, 41))))
    c.one("another default token", world(returning_results([A("ADDRESS BALANCE")]), defaultToken="1"), call())


def memory(c):
    for source in ("CALLDATACOPY", "CODECOPY", "EXTCODECOPY"):
        target = number(OTHER) if source == "EXTCODECOPY" else b""
        copies = b"".join(A(size, start, at) + target + A(source) for size, start, at in
                          ((32, 0, 0), (10, 35, 40), (33, 2 ** 64, 3), (0, 2 ** 255, 2 ** 255), (5, 38, 70), (100, 1, 200)))
        c.tight(source, world(copies + A("MSIZE", 0, "RETURN"), other=bytes(range(40))), call(data=bytes(range(100, 140))))
    for size in (0, 31, 32, 33):
        c.tight("memory ends %d bytes behind" % size, world(A(1, 32, "MSTORE", 64 - size, "MLOAD", 7, 64 - size, "MSTORE", "MSIZE", 0, "RETURN")), call())
    for offset in (0, 31, 32, 63, 1000):
        c.tight("MSTORE8 at %d" % offset, world(A(7, offset, "MSTORE8", "MSIZE", 0, "RETURN")), call())
    c.tight("a copy takes the last gas", world(A(32, 0, 32, 0, 0, "CALLDATACOPY", "RETURN")), call(data=b"1234"))
    c.one("memory words and bytes", world(A(2 ** 256 - 2, 5, "MSTORE", 0x1FF, 70, "MSTORE8", 6, "MLOAD", 128, "MSTORE", "MSIZE", 0, "RETURN")), call())
    c.tight("memory grows quadratically", world(A(1, 100000, "MSTORE", "STOP")), call())
    c.one("memory offset beyond all gas", world(A(2 ** 40, "MLOAD")), call())
    c.one("memory offset of 256 bits", world(A(2 ** 256 - 1, "MLOAD")), call())
    c.one("empty range at any offset", world(A(0, 2 ** 256 - 1, "SHA3", 0, "MSTORE", 0, 2 ** 255, "LOG0", 32, 0, "RETURN")), call())
    c.tight("SHA3", world(A(7, 3, "MSTORE", 65, 1, "SHA3", 0, "MSTORE", 0, 0, "SHA3", 32, "MSTORE", 64, 0, "RETURN")), call())
    giver = A(2 ** 255 + 5, 0, "MSTORE", 40, 0, "RETURN")
    asks = A(8, 2, 0, 0, 0, number(OTHER), "GAS CALL POP")
    c.one("return data", world(asks + A(40, 0, 64, "RETURNDATACOPY", "RETURNDATASIZE", 0, "MSTORE", 128, 0, "RETURN"), other=giver), call())
    for size, start in ((41, 0), (1, 40), (0, 41), (2 ** 256 - 1, 1)):
        c.one("return data is shorter than %d + %d" % (start, size), world(asks + A(size, start, 0, "RETURNDATACOPY"), other=giver), call())
    c.one("return data before any call", world(A(1, 0, 0, "RETURNDATACOPY")), call())


def storage(c):
    before = {0: 5, 1: 6, 2: 7}
    program = A(0, 0, "SSTORE", 9, 1, "SSTORE", 4, 3, "SSTORE", 0, 4, "SSTORE", 2, "SLOAD", 5, "SSTORE STOP")
    c.tight("SSTORE set, change, clear, stay clear", world(program, storage=before), call())
    c.one("SSTORE in a static call", world(program, storage=before), call(isStatic=True))
    c.one("refund is taken back", world(A(0, 0, 0, 0, 0, number(OTHER), "GAS CALL STOP"), other=A(0, 0, "SSTORE", "INVALID"),
          accounts={OTHER: account(A(0, 0, "SSTORE", "INVALID"), storage={0: 1})}), call())


def control(c):
    c.one("jump", world(A(5, "JUMP", "INVALID", "INVALID", "JUMPDEST", 1, 0, "SSTORE")), call())
    c.one("jump into push data", world(A(4, "JUMP", push(0x5B, 1))), call())
    c.one("jump to a JUMPDEST behind push data", world(A(6, "JUMP", push(0x5B5B, 2), "JUMPDEST")), call())
    c.one("jump beyond the code", world(A(2 ** 256 - 1, "JUMP")), call())
    c.one("jump to the code's end", world(A(3, "JUMP")), call())
    c.one("JUMPI not taken to nowhere", world(A(0, 2 ** 255, "JUMPI", 1, 0, "SSTORE")), call())
    c.one("JUMPI taken to nowhere", world(A(1, 2 ** 255, "JUMPI", 1, 0, "SSTORE")), call())
    for width in (1, 2, 20, 32):
        c.one("PUSH%d is cut off by the end" % width, world(A(1, 0, "SSTORE") + bytes([0x5F + width]) + b"\7" * (width - 1)), call())
    widths = [bytes([0x5F + width]) + bytes(range(200, 200 + width)) for width in range(1, 33)]
    c.one("PUSH1 to PUSH32", world(returning_results(widths)), call())
    fill = b"".join(A(i + 1) for i in range(18))
    for name in ("DUP", "SWAP"):
        c.one("%s1 to %s16" % (name, name), world(fill + b"".join(A("%s%d" % (name, n), 32 * n, "MSTORE", n + 50) for n in range(1, 17))
              + A(17 * 32, 0, "RETURN")), call())
    for height in (1023, 1024, 1025):
        c.one("stack height %d" % height, world(A("PC") * height), call())
    for name in ("DUP1", "DUP16", "SWAP1", "SWAP16", "POP"):
        deep = int("".join(d for d in name if d.isdigit()) or 1) + (1 if name.startswith("SWAP") else 0)
        fill = b"".join(A(i + 1) for i in range(deep))
        c.one(name, world(fill + A(name) + A(0, "MSTORE", 32, "MSTORE", 64, 0, "RETURN")), call())
        c.one("%s on a short stack" % name, world(b"".join(A(1) for _ in range(deep - 1)) + A(name)), call())
    c.one("DUP on a full stack", world(A("PC") * 1024 + A("DUP3")), call())
    c.one("SWAP on a full stack", world(A("PC") * 1024 + A("SWAP3")), call())
    for opcode in (0x0C, 0x1E, 0x21, 0x46, 0x47, 0x48, 0x49, 0x5C, 0x5D, 0x5E, 0x5F, 0xA5, 0xF6, 0xFB, 0xFE):
        c.one("no such opcode %02x" % opcode, world(A(1, 1, 1) + bytes([opcode]) + A("STOP")), call())
    for name in ("RETURN", "REVERT"):
        c.tight(name, world(A(1, 0, "SSTORE", 77, 0, "MSTORE", 40, 8, name)), call())
    every = b"".join(A(w) for w in "PC POP JUMPDEST MSIZE GAS GASPRICE POP POP POP".split())
    c.tight("cheap instructions", world(every + A("STOP")), call())


def logs(c):
    program = b"".join(A(*range(1, n + 1)) + A(33 + n, 2, "LOG%d" % n) for n in range(5)) + A("STOP")
    c.tight("LOG0 to LOG4", world(program), call())
    c.one("LOG in a static call", world(program), call(isStatic=True))
    tail = A(1, 2048, "MSTORE", 2048, 0, "LOG0")
    c.tight("LOG as the last instruction may leave negative gas", world(tail), call(), 0, -1, -16384, -16385)
    c.tight("LOG of one byte", world(A(255, 0, "MSTORE", 1, 31, "LOG0", 1, 31, "SHA3", 0, "SSTORE", 1, 40, "LOG0")), call(), 0, -1, -3, -4)
    c.tight("STOP behind it does not let it", world(tail + A("STOP")), call(), -1)
    c.tight("LOG with growing memory does not", world(A(2048, 0, "LOG0")), call(), -1)
    outer = A(0, 0, 0, 0, 0, number(OTHER), 20000, "CALL", 0, "SSTORE STOP")
    c.one("negative gas of a callee", world(outer, other=tail), call())


def calls(c):
    echo = A("CALLDATASIZE", 0, 0, "CALLDATACOPY", "CALLER", 0, "SSTORE", "CALLVALUE", 1, "SSTORE", "CALLDATASIZE", 0, "RETURN")
    for kind in ("CALL", "CALLCODE", "DELEGATECALL", "STATICCALL"):
        with_value = kind in ("CALL", "CALLCODE")
        for target, title in ((OTHER, "a contract"), (ABSENT, "nobody"), (RICH, "a person")):
            for value in (0, 3) if with_value else (0,):
                program = A(0x0102030405, 0, "MSTORE", 20, 60, 10, 25) + (A(value) if with_value else b"") + number(target)
                program += A(50000, kind, 0, "SSTORE", "RETURNDATASIZE", 1, "SSTORE", "GAS", 2, "SSTORE", 80, 0, "RETURN")
                c.one("%s %s, value %d" % (kind, title, value), world(program, other=echo), call(value=1))
        operands = (A(0) if with_value else b"") + number(OTHER)
        c.one("%s at the depth limit" % kind, world(A(0, 0, 0, 0) + operands + A(5, kind, 0, "SSTORE"), other=echo), call(depth=1024))
        c.one("%s below the depth limit" % kind, world(A(0, 0, 0, 0) + operands + A(5000, kind, 0, "SSTORE"), other=echo), call(depth=1023))
        c.tight("%s with all gas" % kind, world(A(0, 0, 0, 0) + operands + A("GAS", kind, 0, "SSTORE"),
                other=A("GAS", 7, "SSTORE")), call(gas=200000))
    for value in (10 ** 18 + 2, 10 ** 18 + 1):
        c.one("CALL with value %d" % value, world(A(0, 0, 0, 0, value, number(ABSENT), 0, "CALL", "GAS", 2, "SSTORE", 0, "SSTORE")), call(value=1))
    c.one("CALLCODE with too little balance looks at nobody", world(A(0, 0, 0, 0, 2 ** 200, number(ABSENT), 0, "CALLCODE", 0, "SSTORE")), call())
    c.tight("CALL with a value to nobody", world(A(0, 0, 0, 0, 1, number(ABSENT), 0, "CALL STOP")), call())
    c.tight("CALL with a value to somebody", world(A(0, 0, 0, 0, 1, number(RICH), 0, "CALL STOP")), call())
    c.one("CALL with a value and the stipend only", world(A(0, 0, 0, 0, 1, number(OTHER), 0, "CALL STOP"),
          other=A("GAS", 0, "MSTORE", 32, 0, "LOG0")), call())
    c.one("more gas than there is", world(A(0, 0, 0, 0, 0, number(OTHER), 2 ** 256 - 1, "CALL", 0, "SSTORE"), other=A("INVALID")), call(gas=100000))
    c.one("CALL grows memory for input and output", world(A(100, 1000, 10, 500, 0, number(RICH), 0, "CALL", "MSIZE", 0, "MSTORE", 32, 0, "RETURN")), call())
    c.one("input beyond the output", world(A(1, 3, 10, 900, 0, number(RICH), 0, "CALL", "MSIZE", 0, "MSTORE", 32, 0, "RETURN")), call())
    c.tight("gas ends between input and output", world(A(32, 512, 32, 480, 0, number(RICH), 0, "CALL")), call(), 0, -1, -2, -3, -4)
    c.one("CALL with a value and all gas", world(A(0, 0, 0, 0, 1, number(OTHER), "GAS CALL", 0, "SSTORE"), other=A("GAS", 7, "SSTORE")), call(gas=200000))
    c.one("one byte of input and output", world(A(255, 0, "MSTORE", 1, 5, 1, 31, 0, number(OTHER), "GAS CALL", 64, 0, "RETURN"),
          other=A(1, 0, 0, "CALLDATACOPY", 1, 0, "RETURN")), call())
    c.one("a refused call forgets the return data", world(A(0, 0, 0, 0, 0, number(OTHER), "GAS CALL POP", 0, 0, 0, 0, 2 ** 200, number(OTHER),
          "GAS CALL", "RETURNDATASIZE", 0, "SSTORE"), other=A(40, 0, "RETURN")), call())
    c.one("output shorter than asked for", world(A(7, 0, "MSTORE", 32, 0, 0, 0, 0, number(OTHER), "GAS CALL", 64, 0, "RETURN"),
          other=A(2 ** 255, 0, "MSTORE", 3, 0, "RETURN")), call())
    c.one("revert data", world(A(32, 0, 0, 0, 0, number(OTHER), "GAS CALL", "RETURNDATASIZE", 32, "MSTORE", 64, 0, "RETURN"),
          other=A(9, 0, "MSTORE", 32, 0, "REVERT")), call())
    for opcode in ("CALL", "CALLCODE"):
        c.one("%s with a value in a static call" % opcode, world(A(0, 0, 0, 0, 1, number(RICH), 0, opcode, "STOP")), call(isStatic=True))
    c.one("static holds further down", world(A(0, 0, 0, 0, number(OTHER), "GAS STATICCALL", 0, "SSTORE"),
          other=A(0, 0, 0, 0, 0, number(THIRD), "GAS CALL", 0, "MSTORE", 32, 0, "RETURN"), accounts={THIRD: account(A(1, 0, "SSTORE"))}), call())
    c.one("code address differs from the account", world(other=echo), call(to=RICH, codeAddress=OTHER, value=2, data=b"xyz"))
    c.one("no value moves without transfersValue", world(), call(value=5, transfersValue=False))
    c.one("too little balance", world(), call(value=10 ** 21))
    down = A(0, 0, 0, 0, 0, "ADDRESS", "GAS CALL", "POP", 0, "SLOAD", 1, "ADD", 0, "SSTORE")
    c.one("1024 calls deep", world(down), call(gas=2 ** 45))
    pay = A(number(SELF), 0, "MSTORE", 0, 32, "MSTORE", 0, 64, "MSTORE", 0, 0, 96, 0, 0, 0x514B430002, "GAS CALL", "POP", 0, "SLOAD", 1, "ADD", 0, "SSTORE")
    c.one("1024 messages deep through the transfer precompile", world(pay), call(gas=2 ** 45))
    copier = A("CODESIZE", 0, 0, "CODECOPY", "CODESIZE", 0, 0, "CREATE", "POP", "STOP")
    c.one("1024 creations deep", world(), creation(copier, gas=2 ** 45))


def creations(c):
    runtime = A(5, 0, "SSTORE")
    c.tight("creation", world(), creation(returning(runtime), value=3))
    c.one("creation with a plain address", world(), creation(returning(runtime), toFullShardKey=None))
    c.one("creation with shard key 0", world(), creation(returning(runtime), toFullShardKey=0))
    c.one("creation by the origin", world(origin=SENDER), creation(returning(runtime)))
    c.one("creation by an origin without nonce", world(origin=RICH), creation(returning(runtime), sender=RICH))
    c.one("creation at a given address", world(), creation(returning(runtime), recipient=ABSENT))
    c.one("creation on top of a balance and storage", world(accounts={ABSENT: account(storage={1: 2}, QKC=4)}), creation(returning(runtime), recipient=ABSENT))
    c.one("creation on top of a nonce", world(accounts={ABSENT: account(nonce=1)}), creation(returning(runtime), recipient=ABSENT))
    c.one("creation on top of code", world(accounts={ABSENT: account(b"\1", nonce=0)}), creation(returning(runtime), recipient=ABSENT))
    c.one("failing creation on top of a balance", world(accounts={ABSENT: account(storage={1: 2}, QKC=4)}), creation(A("INVALID"), recipient=ABSENT))
    c.one("creation with a foreign token", world(), creation(returning(runtime), token=1, value=1))
    c.one("creation that reverts", world(), creation(A(7, 0, "MSTORE", 32, 0, "REVERT")))
    c.one("creation without code", world(), creation(b""))
    c.one("creation that cannot pay its value", world(), creation(b"", value=10 ** 21))
    c.one("creation that destroys itself", world(), creation(A("CALLER SELFDESTRUCT"), value=5))
    for size in (1, 24576, 24577):
        c.one("creation of %d bytes" % size, world(), creation(A(size, 0, "RETURN"), gas=6000000))
    c.one("creation with a salt", world(), creation(returning(runtime), salt=b"\7" * 32))
    init = int.from_bytes(returning(runtime).ljust(32, b"\0"), "big")
    for name, salt in (("CREATE", b""), ("CREATE2", A(99))):
        size = len(returning(runtime))
        program = A(push(init, 32), 0, "MSTORE") + salt + A(size, 0, 2, name, "DUP1", 0, "SSTORE", "EXTCODESIZE", 1, "SSTORE", "RETURNDATASIZE", 2, "SSTORE STOP")
        c.tight(name, world(program), call())
        c.one("%s without shard key" % name, world(program), call(toFullShardKey=None))
        c.one("%s by the origin's own account" % name, world(program, origin=SELF), call())
        c.one("%s in a static call" % name, world(program), call(isStatic=True))
        c.one("%s as the last instruction in a static call" % name, world(salt + A(0, 0, 0, name)), call(isStatic=True))
        c.one("%s forgets the return data when refused" % name, world(A(0, 0, 0, 0, 0, number(OTHER), "GAS CALL POP") + salt
              + A(0, 0, 2 ** 200, name, "RETURNDATASIZE", 0, "SSTORE"), other=A(40, 0, "RETURN")), call())
        c.one("%s at the depth limit" % name, world(program), call(depth=1024))
        c.one("%s in a call with a foreign token" % name, world(A(0, 0, 0, 0, 0, 0x514B430001, "GAS CALL POP") + program), call(token=1, value=2))
        poor = A(push(init, 32), 0, "MSTORE") + salt + A(size, 0, 10 ** 19, name, 0, "SSTORE")
        c.one("%s with too little balance" % name, world(poor), call())
        bad = A(push(int.from_bytes(A(5, 0, "MSTORE", 32, 0, "REVERT").ljust(32, b"\0"), "big"), 32), 0, "MSTORE") + salt
        c.one("%s that reverts" % name, world(bad + A(32, 0, 0, name, 0, "SSTORE", "RETURNDATASIZE", 1, "SSTORE")), call())
        twice = A(push(init, 32), 0, "MSTORE") + (salt + A(size, 0, 0, name, 0, "SSTORE") + salt + A(size, 0, 0, name, 1, "SSTORE"))
        c.one("%s twice" % name, world(twice), call())
    edge = A(1, 640, "MSTORE", 7, 640, 0, 0, "CREATE2")
    c.tight("CREATE2 as the last instruction may leave negative gas", world(edge), call(), 0, -1, -50, -120, -121, -200)
    c.tight("CREATE2 with growing memory does not", world(A(7, 640, 0, 0, "CREATE2")), call(), -1)


def self_destruction(c):
    for target, title in ((RICH, "somebody"), (ABSENT, "nobody"), (SELF, "itself")):
        c.tight("SELFDESTRUCT to %s" % title, world(A(number(target), "SELFDESTRUCT")), call())
    c.tight("SELFDESTRUCT without balance to nobody", world(accounts={SELF: account(A(number(ABSENT), "SELFDESTRUCT"), t1=5)}), call())
    c.tight("SELFDESTRUCT of one unit to nobody", world(accounts={SELF: account(A(number(ABSENT), "SELFDESTRUCT"), QKC=1)}), call())
    c.one("SELFDESTRUCT ends the program", world(A(number(RICH), "SELFDESTRUCT", 1, 0, "SSTORE")), call())
    c.one("SELFDESTRUCT in a static call", world(A(number(RICH), "SELFDESTRUCT")), call(isStatic=True))
    c.one("SELFDESTRUCT that is taken back", world(A(0, 0, 0, 0, 0, number(OTHER), "GAS CALL POP INVALID"), other=A(number(RICH), "SELFDESTRUCT")), call())
    c.one("SELFDESTRUCT twice", world(A(0, 0, 0, 0, 0, number(OTHER), "GAS CALL POP", 0, 0, 0, 0, 0, number(OTHER), "GAS CALL POP"),
          other=A(number(RICH), "SELFDESTRUCT")), call())


def tokens(c):
    accept = A(1, 0, "SSTORE", 32, 0, "RETURN")
    for kind in ("CALL", "STATICCALL", "DELEGATECALL", "CALLCODE"):
        query = A(32, 0, 0, 0) + (A(0) if kind in ("CALL", "CALLCODE") else b"") + A(0x514B430001, "GAS", kind, "POP")
        c.one("token asked for by %s" % kind, world(query + accept), call(token=1, value=5))
    c.one("token not asked for", world(accept), call(token=1, value=5))
    c.one("token not asked for by one byte of code", world(A("STOP")), call(token=1, value=5))
    c.one("token not asked for, without value", world(accept), call(token=1))
    c.one("token to a person", world(), call(to=RICH, token=1, value=5))
    c.one("token asked for in vain before the precompile starts", world(A(32, 0, 0, 0, 0, 0x514B430001, "GAS CALL POP") + accept, evm=1600000000), call(token=1, value=5))
    c.one("token asked for by a callee", world(A(0, 0, 0, 0, 0, number(OTHER), "GAS CALL POP") + accept, other=A(32, 0, 0, 0, 0, 0x514B430001, "GAS CALL POP")), call(token=1, value=5))
    query = A(32, 0, 0, 0, 0, 0x514B430001, "GAS CALL POP")
    c.one("delegate needs its own question", world(query + A(0, 0, 0, 0, number(OTHER), "GAS DELEGATECALL", 0, "SSTORE"), other=A(7, 7, "SSTORE")), call(token=1, value=5))
    c.one("value in a foreign token moves that token", world(query + A(0, 0, 0, 0, 3, number(RICH), "GAS CALL", 0, "SSTORE")), call(token=1, value=5))
    c.one("foreign token without balance burns the gas", world(query + A(0, 0, 0, 0, 3, number(RICH), 50000, "CALL", 0, "SSTORE"),
          accounts={SELF: account(query + A(0, 0, 0, 0, 3, number(RICH), 50000, "CALL", 0, "SSTORE"), QKC=10 ** 18)}), call(token=1, value=2))
    c.one("too little of the token", world(), call(to=RICH, token=2, value=6))


def stakes(c):
    pay = A(0, 0, 0, 0, 5, number(RICH), 0, "CALL", 0, "SSTORE")
    for stake in (10 ** 20, 10 ** 20 + 1):
        c.one("stake %d of the sender" % stake, world(A("STOP"), disallow={SENDER: stake}), call())
        c.one("stake %d of a sender that pays" % stake, world(A("STOP"), disallow={SENDER: stake - 5}), call(value=5))
        c.one("stake %d of a creator" % stake, world(disallow={SENDER: stake}), creation(b""))
    c.one("stake of the contract", world(pay, disallow={SELF: 10 ** 18}), call())
    c.one("stake counts without value too", world(A(0, 0, 0, 0, number(OTHER), "GAS DELEGATECALL", 0, "SSTORE"), disallow={SENDER: 10 ** 20 + 1}), call(sender=RICH))
    c.one("stake under DELEGATECALL", world(A(0, 0, 0, 0, number(OTHER), "GAS DELEGATECALL", 0, "SSTORE"), disallow={SENDER: 10 ** 20 - 5}), call(value=5))


def signature(message_hash, secret=b"\7" * 32):
    signed = coincurve.PrivateKey(secret).sign_recoverable(message_hash, hasher=None)
    return message_hash + words(27 + signed[64]) + signed[:64]


def ethereum_precompiles(c):
    def at(index):
        return bytes(19) + bytes([index])

    good = signature(hashlib.sha256(b"message").digest())
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    r, s = good[64:96], good[96:]
    other_s = words(order - int.from_bytes(s, "big"))
    other_v = words(55 - int.from_bytes(good[32:64], "big"))
    c.tight("ecrecover", world(), call(at(1), data=good))
    for name, data in (("high s", good[:32] + other_v + r + other_s), ("wrong parity", good[:32] + other_v + r + s),
                       ("v 29", good[:32] + words(29) + r + s), ("v 0", good[:32] + words(0) + r + s), ("r 0", good[:64] + words(0) + s),
                       ("s 0", good[:96] + words(0)), ("r order", good[:64] + words(order) + s), ("s order", good[:96] + words(order)),
                       ("short", good[:100]), ("long", good + b"tail"), ("empty", b""), ("r off the curve", good[:64] + words(5) + s)):
        c.one("ecrecover, %s" % name, world(), call(at(1), data=data))
    # A small r has a second point, of x = r + order: recovery ids 2 and 3, which no v may ask for.
    field = 2 ** 256 - 2 ** 32 - 977
    small = next(n for n in range(1, 100) if pow((n + order) ** 3 + 7, (field - 1) // 2, field) == 1)
    for v in (29, 30, 2 ** 64 + 27):
        c.one("ecrecover of a second point, v %d" % v, world(), call(at(1), data=good[:32] + words(v, small) + s))
    for index, name in ((2, "sha256"), (3, "ripemd160"), (4, "identity")):
        for size in (0, 1, 32, 33, 100):
            (c.tight if size == 33 else c.one)("%s of %d bytes" % (name, size), world(), call(at(index), data=bytes(range(1, size + 1))))
    modexps = [(b"\3", b"\5", b"\7"), (b"", b"\5", b"\7"), (b"", b"", b"\7" * 3), (b"\3", b"", b"\7"), (b"\3", b"\5", b""), (b"\3", b"\5", b"\0\0"),
               (b"\3", b"\5", b"\1"), (b"\xff" * 65, b"\xff" * 33, b"\xfe" * 64), (b"\xff" * 1025, b"\3", b"\xfd" * 70), (b"\0\0", b"\0", b"\0\5"),
               (b"\2" * 32, b"\0" * 31 + b"\1" + b"\1", b"\xfb" * 32)]
    for base, exponent, modulus in modexps:
        data = words(len(base), len(exponent), len(modulus)) + base + exponent + modulus
        c.tight("modexp of %d, %d, %d bytes" % (len(base), len(exponent), len(modulus)), world(), call(at(5), data=data, gas=6000000), *(() if len(base) > 2 else (0,)))
    for length in (64, 65, 1024, 1025):
        for exponent in (b"\5", b"\0\1", b"\x80" + bytes(30), bytes(32), b"\1" + bytes(31), bytes(31) + b"\1\2", bytes(33), b"\7" * 40):
            data = words(length, len(exponent), 1) + b"\3" * length + exponent + b"\x61"
            c.one("modexp of %d bytes to %s" % (length, exponent.hex()), world(), call(at(5), data=data, gas=60000000))
    c.one("modexp with cut off input", world(), call(at(5), data=words(1, 1, 2) + b"\3"))
    c.one("modexp with huge lengths", world(), call(at(5), data=words(0, 2 ** 255, 0)))
    c.one("modexp with a huge base", world(), call(at(5), data=words(2 ** 255, 1, 1)))
    bn256(c, at)
    c.one("address 9 is nobody", world(), call(at(9), data=b"123"))
    c.one("precompile before its time", world(timestamp=0, evm=0), call(at(4), data=b"123"))
    program = A(push(int.from_bytes(b"abcdefgh", "big"), 8), 0, "MSTORE", 20, 40, 8, 24, 1, 4, 5000, "CALL", 64, 0, "RETURN")
    c.one("precompile called with a value", world(program), call())
    for kind in ("CALLCODE", "DELEGATECALL", "STATICCALL"):
        value = A(0) if kind == "CALLCODE" else b""
        c.one("precompile by %s" % kind, world(A(77, 0, "MSTORE", 32, 32, 32, 0) + value + A(2, "GAS", kind, 64, 0, "RETURN")), call())


def bn256(c, at):
    p = bn128.field_modulus

    def g1(n):
        x, y = bn128.normalize(bn128.multiply(bn128.G1, n)) if n else (bn128.FQ(0), bn128.FQ(0))
        return words(x.n, y.n)

    def g2(n):
        x, y = bn128.normalize(bn128.multiply(bn128.G2, n))
        return words(x.coeffs[1], x.coeffs[0], y.coeffs[1], y.coeffs[0])

    negative = lambda point: point[:32] + words(p - int.from_bytes(point[32:], "big"))
    c.tight("ecadd", world(), call(at(6), data=g1(2) + g1(5)))
    for name, data in (("doubles", g1(3) + g1(3)), ("cancels", g1(3) + negative(g1(3))), ("infinity and a point", g1(0) + g1(4)), ("a point and infinity", g1(4) + g1(0)),
                       ("infinity twice", g1(0) + g1(0)), ("off the curve", g1(1) + words(1, 3)), ("x too large", words(p + 1, 2) + g1(1)), ("x = modulus", words(p, 0)), ("x zero", words(0, 1)), ("y zero", words(1, 0)),
                       ("y too large", words(1, p + 2)), ("empty", b""), ("cut off", g1(1)), ("long", g1(1) + g1(2) + b"\1")):
        c.one("ecadd, %s" % name, world(), call(at(6), data=data))
    c.tight("ecmul", world(), call(at(7), data=g1(2) + words(12345)))
    order = bn128.curve_order
    for factor in (0, 1, order - 1, order, order + 1, 2 ** 256 - 1):
        c.one("ecmul by %x" % factor, world(), call(at(7), data=g1(2) + words(factor)))
    c.one("ecmul of infinity", world(), call(at(7), data=g1(0) + words(5)))
    c.one("ecmul off the curve", world(), call(at(7), data=words(1, 1, 5)))
    valid = g1(6) + g2(5) + negative(g1(10)) + g2(3)
    c.tight("pairing that is one", world(), call(at(8), data=valid))
    # A point of the twist outside the subgroup: the curve's x = 1, 2, ... until y exists and the order does not kill it.
    outside = twist_point_outside(p)
    for name, data in (("one", b""), ("not one", g1(1) + g2(1)), ("infinity left", g1(0) + g2(7)), ("infinity right", g1(7) + bytes(128)), ("infinity both", bytes(192)),
                       ("right x zero", g1(1) + words(0, 0, 1, 1)), ("right y zero", g1(1) + words(1, 1, 0, 0)),
                       ("cut off", g1(1) + g2(1)[:127]), ("left off the curve", words(1, 1) + g2(1)), ("right off the curve", g1(1) + words(1, 1, 1, 1)),
                       ("right outside the subgroup", g1(1) + outside), ("infinity left of a point outside", g1(0) + outside), ("coordinate too large", g1(1) + words(p) + g2(1)[32:]),
                       ("bad point behind a good pair", valid[:192] + words(1, 1) + g2(1))):
        c.one("pairing, %s" % name, world(), call(at(8), data=data))


def twist_point_outside(p):
    x = 0
    while True:
        x += 1
        point = bn128.FQ2([x, 1])
        square = point ** 3 + bn128.b2
        root = fq2_root(square, p)
        if root is not None and bn128.multiply((point, root, bn128.FQ2.one()), bn128.curve_order)[-1] != bn128.FQ2.zero():
            return words(point.coeffs[1], point.coeffs[0], root.coeffs[1], root.coeffs[0])


def fq2_root(square, p):
    """Root in F_p[i] for p = 3 mod 4, or None."""
    a, b = int(square.coeffs[0]), int(square.coeffs[1])
    norm = pow(a * a + b * b, (p + 1) // 4, p)
    for sign in (1, -1):
        half = (a + sign * norm) * pow(2, -1, p) % p
        real = pow(half, (p + 1) // 4, p)
        if real and real * real % p == half:
            root = bn128.FQ2([real, b * pow(2 * real, -1, p) % p])
            if root * root == square:
                return root
    return None


def quarkchain_precompiles(c):
    c.tight("current token", world(), call(precompile(1), token=2, value=1))
    c.one("current token before its time", world(evm=1600000000), call(precompile(1)))
    c.one("current token one second later", world(evm=1599999999), call(precompile(1)))
    c.one("a sixth precompile does not exist", world(), call(precompile(6)))

    pay = precompile(2)
    accept = A("CALLVALUE", 0, "SSTORE", 32, 0, 0, 0, 0, 0x514B430001, "GAS CALL POP", 32, 0, "RETURN")
    c.tight("transfer of a token to nobody", world(), call(pay, data=words(ABSENT, 1, 7)))
    c.tight("transfer of a token to somebody", world(), call(pay, data=words(RICH, 1, 7)))
    c.tight("transfer of nothing", world(), call(pay, data=words(ABSENT, 1, 0)))
    c.one("transfer to a contract with data", world(accept), call(pay, data=words(SELF, 1, 7) + b"data"))
    c.one("transfer to a contract that does not ask", world(A(1, 0, "SSTORE")), call(pay, data=words(SELF, 1, 7)))
    c.one("transfer to a contract that reverts", world(A(1, 0, "MSTORE", 32, 0, "REVERT")), call(pay, data=words(SELF, 1, 7)))
    c.one("transfer of the default token", world(A("CALLVALUE", 0, "SSTORE")), call(pay, data=words(SELF, QKC, 7), value=3))
    c.one("transfer with a value in another token", world(accept), call(pay, data=words(SELF, 1, 7), token=2, value=4))
    c.one("transfer of too much", world(), call(pay, data=words(RICH, 1, 10 ** 6)))
    c.one("transfer at the depth limit", world(), call(pay, data=words(RICH, 1, 1), depth=1024))
    c.one("transfer to itself", world(), call(pay, data=words(pay, 1, 1)))
    c.one("transfer of no token", world(), call(pay, data=words(RICH, TOKEN_MAX + 1, 0)))
    c.one("transfer of the last token", world(), call(pay, data=words(RICH, TOKEN_MAX, 0)))
    c.one("transfer with short data", world(), call(pay, data=words(RICH, 1, 1)[:95]))
    c.one("transfer in a static call", world(), call(pay, data=words(RICH, 1, 0), isStatic=True))
    c.one("transfer to the deploy precompile", world(), call(pay, data=words(precompile(3), QKC, 0)))
    c.one("transfer before its time", world(evm=NEVER), call(pay, data=words(RICH, 1, 1)))
    put = A(number(RICH), 0, "MSTORE", 1, 32, "MSTORE", 5, 64, "MSTORE")
    for kind in ("CALL", "DELEGATECALL", "CALLCODE", "STATICCALL"):
        value = A(2) if kind in ("CALL", "CALLCODE") else b""
        c.one("transfer by %s" % kind, world(put + A(0, 0, 96, 0) + value + A(0x514B430002, "GAS", kind, 0, "SSTORE")), call())
    make = A(push(0, 32), 0, "MSTORE", 0, 0, 0, "CREATE", 0, "SSTORE")
    c.one("creation below a transfer has a plain address", world(make), call(pay, data=words(SELF, QKC, 1)))

    deploy = precompile(3)
    for index in (0, 1, 2, 3, 4, 2 ** 255):
        c.one("deploy %d" % index, world(), call(deploy, data=words(index), gas=6000000))
    c.one("deploy without data", world(), call(deploy, gas=6000000))
    c.one("deploy 2 off chain 0", world(fullShardKey=0x10000), call(deploy, data=words(2), gas=6000000))
    c.one("deploy 3 off chain 0", world(fullShardKey=0x10000), call(deploy, data=words(3), gas=6000000))
    c.one("deploy 1 off chain 0", world(fullShardKey=0x10000), call(deploy, data=words(1), gas=6000000))
    for index in (2, 3):
        c.one("deploy %d at its time" % index, world(native=1600000000, general=1600000000), call(deploy, data=words(index), gas=6000000))
        c.one("deploy %d before its time" % index, world(native=1600000001, general=1600000001), call(deploy, data=words(index), gas=6000000))
    c.one("deploy with little gas", world(), call(deploy, gas=100000))
    c.one("deploy with less than its fee", world(), call(deploy, gas=2))
    c.one("deploy with a foreign token", world(), call(deploy, gas=6000000, token=1))
    c.one("deploy in a static call", world(A(32, 0, 0, 0, 0x514B430003, "GAS STATICCALL", 0, "SSTORE", 32, 0, "RETURN")), call(gas=6000000))
    c.one("deploy by DELEGATECALL", world(A(32, 0, 0, 0, 0x514B430003, "GAS DELEGATECALL", 0, "SSTORE", "RETURNDATASIZE", 1, "SSTORE", 32, 0, "RETURN")), call(gas=6000000))
    c.one("deploy at the depth limit", world(), call(deploy, gas=6000000, depth=1024))
    c.one("deploy twice", world(A(0, 0, 0, 0, 0, 0x514B430003, 3000000, "CALL", 0, "SSTORE", 0, 0, 0, 0, 0, 0x514B430003, 3000000, "CALL", 1, "SSTORE")), call(gas=8000000))

    mint = precompile(4)
    minter = dict(sender=NATIVE_TOKEN_CONTRACT)
    c.tight("mint for somebody", world(), call(mint, data=words(RICH, 1, 7), **minter))
    c.tight("mint for nobody", world(), call(mint, data=words(ABSENT, 1, 7), **minter))
    c.one("mint in a static call", world(), call(mint, data=words(ABSENT, 1, 7), isStatic=True, **minter))
    c.one("mint by somebody else", world(), call(mint, data=words(RICH, 1, 7)))
    c.one("mint off chain 0", world(fullShardKey=0x10000), call(mint, data=words(RICH, 1, 7), **minter))
    c.one("mint the default token", world(), call(mint, data=words(RICH, QKC, 7), **minter))
    c.one("mint nothing", world(), call(mint, data=words(RICH, 1, 0), **minter))
    c.one("mint no token", world(), call(mint, data=words(RICH, TOKEN_MAX + 1, 7), **minter))
    c.one("mint the last token", world(), call(mint, data=words(RICH, TOKEN_MAX, 7), **minter))
    c.one("mint before its time", world(native=1600000000), call(mint, data=words(RICH, 1, 7), **minter))
    c.one("mint for a dirty address word", world(), call(mint, data=words(int.from_bytes(RICH, "big") + (1 << 200), 1, 7), **minter))

    balance = precompile(5)
    c.tight("token balance", world(), call(balance, data=words(RICH, 1)))
    c.one("token balance of nobody", world(), call(balance, data=words(ABSENT, 1)))
    c.one("balance of no token", world(), call(balance, data=words(RICH, TOKEN_MAX + 1)))
    c.one("balance of the last token", world(), call(balance, data=words(RICH, TOKEN_MAX)))
    c.one("token balance before its time", world(native=1600000000), call(balance, data=words(RICH, 1)))
    c.one("token balance of more than 256 bits", world(accounts={RICH: account(t1=2 ** 256)}), call(balance, data=words(RICH, 1)))
    c.one("mint beyond 256 bits", world(accounts={RICH: account(t1=2 ** 256 - 1)}), call(mint, data=words(RICH, 1, 2), **minter))


def directed_cases():
    collector = Collector()
    for group in (instructions, arithmetic, memory, storage, control, logs, ethereum_precompiles):
        group(collector)
    collector.probes = True
    for group in (environment, calls, creations, self_destruction, tokens, stakes, quarkchain_precompiles):
        group(collector)
    return collector.cases
