"""Rules altered at random: one draw from a grammar of changes for each seed and index, the same one every time.

The grammar has five productions: a *price* (an opcode's or a constant of the gas table), a *condition* (a comparison or a
connective), a *rounding* (up instead of down, one more or less), an *order* (operands or neighbouring statements change
places) and a *field* (another one of the same kind is taken). All but the first change one place in the source of a
function that blocks are executed by.
"""

import ast
import inspect
import random
import re
import textwrap

import patching
from alterations import Alteration
from quarkchain.cluster.shard_state import ShardState
from quarkchain.evm import messages, opcodes, specials, vm
from quarkchain.evm.state import State

NAME = re.compile(r"random-(\d+)-(\d+)")
ROUNDS = 16

FUNCTIONS = (
    [(vm, name) for name in ("vm_execute", "vm_execute", "vm_execute", "mem_extend", "data_copy", "all_but_1n")]
    + [
        (messages, name)
        for name in (
            "apply_transaction_message",
            "apply_xshard_deposit",
            "apply_transaction",
            "_apply_msg",
            "create_contract",
            "mk_receipt",
            "_refund",
            "transfer_failure_by_posw_balance_check",
            "pay_native_token_as_gas",
        )
    ]
    + [(State, name) for name in ("delta_token_balance", "transfer_value", "del_account", "revert", "commit")]
    + [(ShardState, name) for name in ("get_coinbase_amount_map", "_get_sender_disallow_map", "get_xshard_gas_limit")]
    + [(specials, name) for name in ("proc_ecrecover", "proc_sha256", "proc_identity", "proc_modexp", "proc_transfer_mnt")]
)
CONSTANTS = [
    name
    for name in vars(opcodes)
    if name.startswith("G") and name.isupper() and isinstance(getattr(opcodes, name), int) and "STORAGEB" not in name
]
COMPARISONS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
FIELDS = [
    ("sender", "to"),
    ("to", "code_address"),
    ("gas_used", "gas_limit"),
    ("block_number", "timestamp"),
    ("transfer_token_id", "gas_token_id"),
    ("from_full_shard_key", "to_full_shard_key"),
    ("full_shard_key", "to_full_shard_key"),
    ("is_cross_shard", "create_contract"),
    ("gasprice", "startgas"),
    ("value", "gas"),
]
SWAPPED = {a: b for pair in FIELDS for a, b in (pair, pair[::-1])}


def random_alteration(name):
    """The alteration random-SEED-INDEX."""
    match = NAME.fullmatch(name)
    if match is None:
        return None
    rng = random.Random(name)
    kind = rng.choice(["price", "price", "condition", "rounding", "order", "field"])
    rule, apply = price(rng) if kind == "price" else source_change(rng, kind)
    return Alteration(name, "%s: %s" % (kind, rule), apply, frozenset(), frozenset(), int(match[1]), ROUNDS)


def price(rng):
    if rng.random() < 0.5:
        code = rng.choice([code for code, entry in opcodes.opcodes.items() if entry[3] > 0 and not 0x60 < code < 0xA0])
        mnemonic, _, _, old = opcodes.opcodes[code]
        new = other_number(rng, old)
        return price_rule("%s costs" % mnemonic, new, old), lambda world: set_opcode_price(code, new)
    key = rng.choice(CONSTANTS)
    old = getattr(opcodes, key)
    new = other_number(rng, old)
    return price_rule("%s is" % key, new, old), lambda world: setattr(opcodes, key, new)


def price_rule(what, new, old):
    """With the words by which scripts/oracle/triage/measure.ts knows it again."""
    return "%s %d instead of %d; named as: (costs?|were) %s\\b" % (what, new, old, format(new, ","))


def set_opcode_price(code, price):
    opcodes.opcodes[code][3] = price


def other_number(rng, old):
    return rng.choice([n for n in (old + 1, old - 1, old * 2, old // 2, old + rng.randrange(2, 40)) if n != old and n >= 0])


def source_change(rng, kind):
    """One place of one function, drawn among all places that the production can change."""
    while True:
        owner, name = rng.choice(FUNCTIONS)
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.getattr_static(owner, name))))
        places = list(PRODUCTIONS[kind](tree, rng))
        if places:
            node, change = rng.choice(places)
            before = ast.unparse(node)
            change()
            rule = "%s: %s becomes %s" % (name, shortened(before), shortened(ast.unparse(node)))
            source = ast.unparse(ast.fix_missing_locations(tree))
            return rule, lambda world: install(owner, name, source)


def install(owner, name, source):
    original = inspect.getattr_static(owner, name)
    function = patching._define(owner, name, source)
    setattr(owner, name, function)
    for key, (made, enabled_from) in list(specials.specials.items()):
        if made is original:
            specials.specials[key] = (function, enabled_from)


def shortened(text):
    text = " ".join(text.split())
    return text if len(text) <= 90 else text[:87] + "..."


def conditions(tree, rng):
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS and not is_dispatch(node):
            yield node, lambda node=node: node.ops.__setitem__(0, COMPARISONS[type(node.ops[0])]())
        elif isinstance(node, ast.BoolOp):
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield node, lambda node=node, other=other: setattr(node, "op", other)


def is_dispatch(node):
    """vm_execute finds the instruction by its name: another one there is not a rule but another machine."""
    return isinstance(node.left, ast.Name) and node.left.id in ("op", "opcode")


def roundings(tree, rng):
    for node in ast.walk(tree):
        for field, child in ast.iter_fields(node):
            if isinstance(child, ast.BinOp) and isinstance(child.op, ast.FloorDiv):
                up = ast.parse("-(-(%s) // (%s))" % (ast.unparse(child.left), ast.unparse(child.right)), mode="eval").body
                yield node, lambda node=node, field=field, up=up: setattr(node, field, up)
            elif isinstance(child, ast.Constant) and type(child.value) is int and 0 < child.value < 10**6:
                other = ast.Constant(child.value + rng.choice([-1, 1]))
                yield node, lambda node=node, field=field, other=other: setattr(node, field, other)


def orders(tree, rng):
    for node in ast.walk(tree):
        is_number = not isinstance(getattr(node, "left", None), ast.Constant)
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.FloorDiv, ast.Mod)) and is_number:
            yield node, lambda node=node: swap_operands(node)
        body = getattr(node, "body", None)
        if isinstance(body, list):
            for i in range(len(body) - 1):
                if all(is_effect(one) for one in body[i : i + 2]):
                    pair = ast.Module(body[i : i + 2], [])
                    yield pair, lambda body=body, i=i, pair=pair: swap_statements(body, i, pair)


def is_effect(statement):
    """A statement that does something, other than to the log."""
    return isinstance(statement, (ast.AugAssign, ast.Expr)) and not ast.unparse(statement).startswith("log_")


def swap_operands(node):
    node.left, node.right = node.right, node.left


def swap_statements(body, i, pair):
    pair.body.reverse()
    body[i : i + 2] = pair.body


def fields(tree, rng):
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and node.attr in SWAPPED:
            yield node, lambda node=node: setattr(node, "attr", SWAPPED[node.attr])


PRODUCTIONS = {"condition": conditions, "rounding": roundings, "order": orders, "field": fields}
