"""The altered rules: each entry changes one rule of pyquarkchain in the running process.

`certain` are the fields in which the first divergent block has to differ, `possible` those in which it may differ.
REFUSED stands for a block (or ROOT for a root block) that unaltered pyquarkchain does not accept at all.
"""

from dataclasses import dataclass
from typing import Callable, FrozenSet

import patching
from quarkchain.cluster import shard_state
from quarkchain.cluster.root_state import RootState
from quarkchain.cluster.shard_state import ShardState, XshardTxCursor
from quarkchain.core import MinorBlock
from quarkchain.evm import messages, opcodes, specials, vm
from quarkchain.evm import state as evm_state
from quarkchain.evm.messages import Log, Receipt, VMExt
from quarkchain.evm.state import State, TokenBalances

STATE, RECEIPT, BLOOM = "hash_evm_state_root", "hash_evm_receipt_root", "bloom"
GAS, XGAS = "evm_gas_used", "evm_cross_shard_receive_gas_used"
CURSOR, COINBASE, SENDS = "xshard_tx_cursor_info", "coinbase_amount_map", "xshard_sends"
REFUSED, ROOT = "refused", "root"

DEFAULT_SEED, DEFAULT_ROUNDS = 7, 16
LONG = 30  # root rounds for rules that few blocks touch


@dataclass(frozen=True)
class Alteration:
    """One changed rule. `apply` gets the generator's World, whose shards already have their (unaltered) genesis."""

    name: str
    rule: str
    apply: Callable
    certain: FrozenSet[str]
    possible: FrozenSet[str]
    seed: int
    rounds: int


ALTERATIONS = {}


def alteration(name, rule, certain, possible=(), seed=DEFAULT_SEED, rounds=DEFAULT_ROUNDS):
    """Register the decorated function as an alteration."""

    def register(apply):
        if name in ALTERATIONS:
            raise RuntimeError("%s is defined twice" % name)
        ALTERATIONS[name] = Alteration(name, rule, apply, frozenset(certain), frozenset(possible), seed, rounds)
        return apply

    return register


# ---- prices -------------------------------------------------------------------------------------
# A changed amount of gas always shows in gas used and receipts; the fee only when the gas price is not zero.
GAS_CERTAIN = (GAS, RECEIPT)
GAS_POSSIBLE = (STATE, COINBASE, XGAS, BLOOM, CURSOR)


def opcode_price(name, code, price, **where):
    mnemonic = opcodes.opcodes[code][0]
    rule = "%s costs %d instead of %d" % (mnemonic, price, opcodes.opcodes[code][3])

    @alteration(name, rule, GAS_CERTAIN, GAS_POSSIBLE, **where)
    def apply(world):
        opcodes.opcodes[code][3] = price


def constant(name, key, value, what, possible=GAS_POSSIBLE, **where):
    rule = "%s: %s is %d instead of %d" % (what, key, value, getattr(opcodes, key))

    @alteration(name, rule, GAS_CERTAIN, possible, **where)
    def apply(world):
        setattr(opcodes, key, value)


opcode_price("sload-price", 0x54, 800)
opcode_price("balance-price", 0x31, 700)
opcode_price("extcodehash-price", 0x3F, 700)
opcode_price("call-price", 0xF1, 40)
opcode_price("selfdestruct-price", 0xFF, 0)
opcode_price("jumpdest-price", 0x5B, 2)
constant("sstore-set-price", "GSTORAGEADD", 22100, "SSTORE zero to non-zero")
constant("sstore-reset-price", "GSTORAGEMOD", 2900, "SSTORE non-zero to non-zero, or no change of zero")
constant("sstore-clear-refund", "GSTORAGEREFUND", 4800, "refund of an SSTORE to zero")
constant("selfdestruct-refund", "GSUICIDEREFUND", 0, "refund of a selfdestruct")
constant("exp-byte-price", "GEXPONENTBYTE", 10, "EXP per exponent byte", rounds=LONG)
constant("log-byte-price", "GLOGBYTE", 7, "LOG per data byte")
constant("sha3-word-price", "GSHA3WORD", 5, "SHA3 and CREATE2 per word")
constant("copy-word-price", "GCOPY", 2, "copy opcodes per word")
constant("memory-word-price", "GMEMORY", 2, "memory per word")
constant("memory-quadratic-price", "GQUADRATICMEMDENOM", 256, "memory, divisor of the squared words")
constant("call-stipend", "GSTIPEND", 2200, "gas given to a call with value")
constant("call-gas-fraction", "CALL_CHILD_LIMIT_DENOM", 32, "share of the gas that a caller keeps")
constant("code-deposit-price", "GCONTRACTBYTE", 100, "contract creation per byte of code")
constant(
    "calldata-price", "GTXDATANONZERO", 16, "transaction per non-zero byte of data", possible=(*GAS_POSSIBLE, SENDS)
)
constant("calldata-zero-price", "GTXDATAZERO", 3, "transaction per zero byte", possible=(*GAS_POSSIBLE, SENDS))
constant("ecmul-price", "GECMUL", 6000, "precompile 7")
constant("ecadd-price", "GECADD", 150, "precompile 6")
constant("sha256-word-price", "GSHA256WORD", 11, "precompile 2 per word")
constant("identity-base-price", "GIDENTITYBASE", 14, "precompile 4")


@alteration(
    "call-new-account-price", "a CALL without value to an absent account pays for it", GAS_CERTAIN, GAS_POSSIBLE
)
def call_new_account_price(world):
    patching.rewrite(vm, "vm_execute", ("not ext.account_exists(to) and (value > 0)", "not ext.account_exists(to)"))


@alteration("refund-quotient", "refunds are limited to a fifth of the gas used, not half", GAS_CERTAIN, GAS_POSSIBLE)
def refund_quotient(world):
    patching.rewrite(messages, "apply_transaction_message", ("gas_used // 2", "gas_used // 5", 3))


# a call that gets 400 gas loses all of it either way, so the gas used may be the same
@alteration(
    "mnt-balance-price",
    "precompile 514b430005 costs 700 instead of 400",
    (RECEIPT,),
    (GAS, *GAS_POSSIBLE),
    rounds=LONG,
)
def mnt_balance_price(world):
    changed = patching.rewrite(specials, "proc_balance_mnt", ("gascost = 400", "gascost = 700"))
    patching.replace_precompile(0x514B430005, lambda original: changed)


@alteration("mnt-transfer-stipend", "precompile 514b430002 adds no stipend", GAS_CERTAIN, GAS_POSSIBLE)
def mnt_transfer_stipend(world):
    changed = patching.rewrite(specials, "proc_transfer_mnt", (" + opcodes.GSTIPEND * (value > 0)", ""))
    patching.replace_precompile(0x514B430002, lambda original: changed)


@alteration(
    "log-gas-checked",
    "LOG fails when its data cannot be paid",
    (),
    (*GAS_CERTAIN, *GAS_POSSIBLE, REFUSED),
    seed=303,
    rounds=LONG,
)
def log_gas_checked(world):
    charge = "compustate.gas -= msz * opcodes.GLOGBYTE"
    patching.rewrite(
        vm,
        "vm_execute",
        (charge, "if not eat_gas(compustate, msz * opcodes.GLOGBYTE): return vm_exception('OUT OF GAS')"),
    )


# ---- results of opcodes and precompiles -----------------------------------------------------------
VALUE_POSSIBLE = (STATE, RECEIPT, BLOOM, GAS, XGAS, COINBASE)


@alteration("smod-sign", "SMOD takes the sign of the divisor", (STATE,), VALUE_POSSIBLE, rounds=LONG)
def smod_sign(world):
    patching.rewrite(
        vm,
        "vm_execute",
        ("else (abs(s0) % abs(s1) * (-1 if s0 < 0", "else (abs(s0) % abs(s1) * (-1 if s1 < 0"),
    )


@alteration(
    "gaslimit-opcode", "GASLIMIT shows the header's limit, not what the deposits left", (STATE,), VALUE_POSSIBLE
)
def gaslimit_opcode(world):
    def full_limit(ext, state, *args, **kwargs):
        ext.block_gas_limit = world.qc.gas_limit(state.shard_config.get_full_shard_id())

    patching.after_init(VMExt, full_limit)


@alteration("difficulty-opcode", "DIFFICULTY is one higher", (STATE,), VALUE_POSSIBLE)
def difficulty_opcode(world):
    def one_more(ext, *args, **kwargs):
        ext.block_difficulty += 1

    patching.after_init(VMExt, one_more)


@alteration("blockhash-depth", "BLOCKHASH answers with the parent of the block asked for", (STATE,), VALUE_POSSIBLE)
def blockhash_depth(world):
    def deeper(ext, state, *args, **kwargs):
        ext.block_hash = lambda number: state.get_block_hash(state.block_number - number)

    patching.after_init(VMExt, deeper)


@alteration(
    "modexp-empty-base",
    "MODEXP with an empty base and exponent gives 1 as on Ethereum",
    (RECEIPT,),
    VALUE_POSSIBLE,
)
def modexp_empty_base(world):
    def make(original):
        def modexp(ext, msg):
            ok, gas, out = original(ext, msg)
            base_size, exponent_size, modulus_size = (msg.data.extract32(i) for i in (0, 32, 64))
            if ok and base_size == 0 and modulus_size:
                data = msg.data.extract_all(96).ljust(exponent_size + modulus_size, b"\0")
                exponent = int.from_bytes(data[:exponent_size], "big")
                modulus = int.from_bytes(data[exponent_size : exponent_size + modulus_size], "big")
                if exponent == 0 and modulus > 1:
                    out = [0] * (modulus_size - 1) + [1]
            return ok, gas, out

        return modexp

    patching.replace_precompile(5, make)


@alteration("ripemd160-padding", "RIPEMD-160 is padded on the right", (RECEIPT,), VALUE_POSSIBLE, rounds=LONG)
def ripemd160_padding(world):
    def make(original):
        def ripemd160(ext, msg):
            ok, gas, out = original(ext, msg)
            return ok, gas, out[12:] + out[:12]

        return ripemd160

    patching.replace_precompile(3, make)


@alteration(
    "token-query-rule",
    "a contract may take a non-default token without asking for its id",
    (STATE, RECEIPT),
    (BLOOM, GAS, XGAS, COINBASE),
)
def token_query_rule(world):
    patching.rewrite(messages, "_apply_msg", ("and not msg.token_id_queried", "and False"))


# ---- receipts, logs and bloom ---------------------------------------------------------------------
def change_receipts(change):
    """change(state, fields, success) edits the fields of every receipt."""

    def make(original):
        def mk_receipt(state, success, logs, contract_address, contract_full_shard_key):
            receipt = original(state, success, logs, contract_address, contract_full_shard_key)
            fields = {name: getattr(receipt, name) for name, _ in Receipt._meta.fields}
            change(state, fields, success)
            return Receipt(**fields)

        return mk_receipt

    patching.wrap(messages, "mk_receipt", make)


@alteration("receipt-status", "the receipt of a failure holds a zero byte instead of nothing", (RECEIPT,))
def receipt_status(world):
    def change(state, fields, success):
        if not success:
            fields["state_root"] = b"\x00"

    change_receipts(change)


@alteration("receipt-gas", "the gas of transaction receipts does not count the deposits before them", (RECEIPT,))
def receipt_gas(world):
    def change(state, fields, success):
        fields["gas_used"] -= state.xshard_receive_gas_used

    change_receipts(change)


@alteration("receipt-contract-address", "receipts name no created contract", (RECEIPT,))
def receipt_contract_address(world):
    def change(state, fields, success):
        fields["contract_address"] = b""

    change_receipts(change)


@alteration("receipt-full-shard-key", "only receipts of creations carry a full shard key", (RECEIPT,))
def receipt_full_shard_key(world):
    def change(state, fields, success):
        if not fields["contract_address"]:
            fields["contract_full_shard_key"] = 0

    change_receipts(change)


@alteration("receipt-order", "the receipts of deposits come before those of transactions", (RECEIPT,))
def receipt_order(world):
    order = (
        "evm_state.receipts[:] + evm_state.xshard_deposit_receipts[:]",
        "evm_state.xshard_deposit_receipts[:] + evm_state.receipts[:]",
    )
    patching.rewrite(MinorBlock, "finalize", order)
    patching.rewrite(ShardState, "add_block", order)


@alteration("log-data-cut", "logs keep 32 bytes of data", (RECEIPT,))
def log_data_cut(world):
    def cut(ext, state, *args, **kwargs):
        ext.log = lambda address, topics, data: state.add_log(Log(address, topics, data[:32]))

    patching.after_init(VMExt, cut)


@alteration("bloom-without-address", "the address of a log is not in the bloom", (RECEIPT, BLOOM))
def bloom_without_address(world):
    patching.wrap(Log, "bloomables", lambda original: lambda log: original(log)[1:])


@alteration("bloom-without-deposits", "the header's bloom covers transactions only", (BLOOM,), rounds=LONG)
def bloom_without_deposits(world):
    def get_bloom(state):
        bloom = 0
        for receipt in state.receipts:
            bloom |= receipt.bloom
        return bloom

    State.get_bloom = get_bloom


# ---- cross-shard, receiving -----------------------------------------------------------------------
@alteration("cursor-names-next", "the cursor stores the next deposit instead of the last consumed one", (CURSOR,))
def cursor_names_next(world):
    def step_back(cursor, *args, **kwargs):
        if cursor.xshard_deposit_index:
            cursor.xshard_deposit_index -= 1

    def make(original):
        def get_cursor_info(cursor):
            info = original(cursor)
            if cursor.rblock is not None:
                info.xshard_deposit_index += 1
            return info

        return get_cursor_info

    patching.after_init(XshardTxCursor, step_back)
    patching.wrap(XshardTxCursor, "get_cursor_info", make)


@alteration(
    "xshard-soft-limit",
    "deposits stop at nine tenths of the limit",
    (CURSOR, STATE, RECEIPT, GAS, XGAS),
    (COINBASE, BLOOM),
)
def xshard_soft_limit(world):
    patching.rewrite(
        ShardState,
        "_ShardState__run_cross_shard_tx_with_cursor",
        (">= mblock.meta.evm_xshard_gas_limit", ">= mblock.meta.evm_xshard_gas_limit * 9 // 10"),
    )


DEPOSIT_POSSIBLE = (STATE, GAS, XGAS, COINBASE, BLOOM, CURSOR)


def change_deposit_run(make):
    """Replace run(state, evm_state, deposit, after_gas_fix), which runs one deposit."""
    patching.wrap(ShardState, "_ShardState__run_one_xshard_tx", make)


@alteration("deposit-skipped", "deposits of value 0 are consumed without being run", (RECEIPT,), DEPOSIT_POSSIBLE)
def deposit_skipped(world):
    def make(original):
        def run(state, evm_state, deposit, after_gas_fix):
            if deposit.value or deposit.is_from_root_chain:
                original(state, evm_state, deposit, after_gas_fix)

        return run

    change_deposit_run(make)


# before the EVM is enabled a deposit has no receipt, but it decides full shard keys
@alteration("root-deposit-skipped", "a root coinbase deposit of value 0 is not run", (), (RECEIPT, *DEPOSIT_POSSIBLE))
def root_deposit_skipped(world):
    def make(original):
        def run(state, evm_state, deposit, after_gas_fix):
            if deposit.value or not deposit.is_from_root_chain:
                original(state, evm_state, deposit, after_gas_fix)

        return run

    change_deposit_run(make)


@alteration(
    "root-deposit-gas", "root coinbase deposits start at 9000 gas too", (GAS, XGAS), (RECEIPT, *DEPOSIT_POSSIBLE)
)
def root_deposit_gas(world):
    patching.rewrite(
        ShardState,
        "_ShardState__run_one_xshard_tx",
        ("opcodes.GTXXSHARDCOST if not deposit.is_from_root_chain else 0", "opcodes.GTXXSHARDCOST"),
    )


@alteration(
    "ddos-fix-never",
    "deposits with gas price 0 start at 0 gas at every root height",
    (GAS, XGAS),
    (RECEIPT, *DEPOSIT_POSSIBLE),
)
def ddos_fix_never(world):
    change_deposit_run(lambda original: lambda state, evm, deposit, fixed: original(state, evm, deposit, False))


@alteration(
    "ddos-fix-always", "deposits start at 9000 gas at every root height", (GAS, XGAS), (RECEIPT, *DEPOSIT_POSSIBLE)
)
def ddos_fix_always(world):
    change_deposit_run(lambda original: lambda state, evm, deposit, fixed: original(state, evm, deposit, True))


@alteration("deposit-order", "the deposits of one minor block are run last to first", (RECEIPT,), DEPOSIT_POSSIBLE)
def deposit_order(world):
    def set_list(cursor, deposits):
        cursor.reversed_list = deposits and deposits[::-1]

    XshardTxCursor.xtx_list = property(lambda cursor: cursor.reversed_list, set_list)


# ---- cross-shard, sending -------------------------------------------------------------------------
def change_sent_deposits(change):
    """change(deposit) edits every deposit that a transaction sends."""

    def hook(ext, state, *args, **kwargs):
        def add(deposit):
            change(deposit)
            state.xshard_list.append(deposit)

        ext.add_cross_shard_transaction_deposit = add

    patching.after_init(VMExt, hook)


@alteration("send-refund-rate", "sent deposits carry a refund rate of 99", (SENDS,))
def send_refund_rate(world):
    def change(deposit):
        deposit.refund_rate = 99

    change_sent_deposits(change)


@alteration("send-gas", "sent deposits carry one gas less", (SENDS,))
def send_gas(world):
    def change(deposit):
        deposit.gas_remained = max(deposit.gas_remained - 1, 0)

    change_sent_deposits(change)


@alteration(
    "send-create-nonce", "a contract created across shards is named after the nonce of its transaction", (SENDS,)
)
def send_create_nonce(world):
    change = ("state.get_nonce(tx.sender), tx.from_full_shard_key", "tx.nonce, tx.from_full_shard_key")
    shard_state.apply_transaction = patching.rewrite(messages, "apply_transaction", change)


@alteration("send-gas-used", "the 9000 gas of a sent deposit count at the source", (GAS, RECEIPT))
def send_gas_used(world):
    change = ("state.gas_used -= opcodes.GTXXSHARDCOST if success else 0", "pass")
    shard_state.apply_transaction = patching.rewrite(messages, "apply_transaction", change)


# ---- when transactions are valid ------------------------------------------------------------------
@alteration(
    "evm-enabled-early",
    "the EVM is enabled one round early",
    (),
    (RECEIPT, *DEPOSIT_POSSIBLE, REFUSED),
    seed=202,
    rounds=20,
)
def evm_enabled_early(world):
    world.qc.ENABLE_EVM_TIMESTAMP -= world.p.time_step


@alteration(
    "gas-token-unknown", "a gas token without a price pays nothing instead of being invalid", (REFUSED,), seed=101
)
def gas_token_unknown(world):
    shard_state.validate_transaction = patching.rewrite(
        messages, "validate_transaction", ("if genesis_token_gas_price == 0:", "if False:")
    )
    shard_state.apply_transaction = patching.rewrite(
        messages, "apply_transaction", ("check(converted_genesis_token_gas_price > 0)", "pass")
    )


# ---- fees and rewards -----------------------------------------------------------------------------
@alteration("fee-rounds-up", "the miner's share of a fee is rounded up", (STATE, COINBASE))
def fee_rounds_up(world):
    # -(-x // d) is x / d rounded up
    rounding = ("        * local_fee_rate.numerator\n", "        * -local_fee_rate.numerator\n")
    end = ("// local_fee_rate.denominator\n    )\n", "// local_fee_rate.denominator\n    ) * -1\n")
    patching.rewrite(messages, "apply_transaction_message", rounding, end)


@alteration("fee-untaxed", "the miner gets the whole fee of a transaction", (STATE, COINBASE))
def fee_untaxed(world):
    change = ("* local_fee_rate.numerator", "* local_fee_rate.denominator")
    patching.rewrite(messages, "apply_transaction_message", change)


@alteration("coinbase-no-decay", "the block reward does not shrink from epoch to epoch", (STATE, COINBASE))
def coinbase_no_decay(world):
    ShardState._ShardState__decay_by_epoch = lambda state, value, height: value


@alteration("coinbase-early-decay", "an epoch begins one block early", (STATE, COINBASE))
def coinbase_early_decay(world):
    patching.wrap(
        ShardState,
        "_ShardState__decay_by_epoch",
        lambda original: lambda state, value, height: original(state, value, height + 1),
    )


@alteration("root-coinbase-no-decay", "the root block reward does not shrink from epoch to epoch", (ROOT,))
def root_coinbase_no_decay(world):
    change = ("block_reward_decay_factor.numerator ** epoch", "block_reward_decay_factor.denominator ** epoch")
    patching.rewrite(RootState, "_calculate_root_block_coinbase", change)


@alteration("refund-rate-ignored", "unused gas bought with a native token is refunded in full", (STATE,), rounds=LONG)
def refund_rate_ignored(world):
    patching.wrap(
        messages,
        "_refund",
        lambda original: lambda state, message, total, percent: original(state, message, total, 100),
    )


@alteration("refund-not-burnt", "the withheld part of a refund is not credited to address 0", (STATE,), rounds=LONG)
def refund_not_burnt(world):
    patching.rewrite(messages, "_refund", ("if to_burn:", "if False:"))


# ---- accounts and their encoding ------------------------------------------------------------------
@alteration("zero-list-dropped", "an account without any balance left is stored with empty balances", (STATE,))
def zero_list_dropped(world):
    def make(original):
        def serialize(balances):
            data = original(balances)
            return b"" if data == b"\x00\xc0" else data

        return serialize

    patching.wrap(TokenBalances, "serialize", make)


@alteration("reverted-key-removed", "a reverted credit leaves no zero entry behind", (STATE,))
def reverted_key_removed(world):
    def make(original):
        def set_balance(balances, journal, token_id, value):
            known = balances.balance(token_id) or token_id in balances._balances
            original(balances, journal, token_id, value)
            if not known:
                journal[-1] = lambda: balances._balances.pop(token_id, None)

        return set_balance

    patching.wrap(TokenBalances, "set_balance", make)


@alteration("token-trie-threshold", "16 tokens make a token trie", (STATE,))
def token_trie_threshold(world):
    evm_state.TOKEN_TRIE_THRESHOLD = 15


@alteration("empty-accounts-kept", "touched accounts that are blank stay in the trie", (STATE,))
def empty_accounts_kept(world):
    patching.wrap(State, "commit", lambda original: lambda state: original(state, allow_empties=True))


@alteration("shard-key-on-creation", "an account gets the full shard key under which it stops being blank", (STATE,))
def shard_key_on_creation(world):
    def make(original):
        def get_and_cache_account(state, address, should_cache=True):
            account = original(state, address, should_cache)
            if account.is_blank() and not account.deleted:
                account.full_shard_key = state.full_shard_key
            return account

        return get_and_cache_account

    patching.wrap(State, "get_and_cache_account", make)


@alteration(
    "selfdestruct-at-block-end",
    "selfdestructed accounts are wiped at the end of the block",
    (STATE,),
    (RECEIPT, BLOOM, GAS, XGAS, COINBASE),
    rounds=LONG,
)
def selfdestruct_at_block_end(world):
    change = ("state.del_account(s)", 'vars(state).setdefault("to_wipe", []).append(s)')
    patching.rewrite(messages, "apply_transaction_message", change)

    def make(original):
        def commit(state, *args, **kwargs):
            for address in vars(state).pop("to_wipe", []):
                state.del_account(address)
            original(state, *args, **kwargs)

        return commit

    patching.wrap(State, "commit", make)


# ---- contract creation ----------------------------------------------------------------------------
CREATE_POSSIBLE = (RECEIPT, GAS, XGAS, COINBASE, BLOOM)


@alteration(
    "contract-address",
    "contract addresses do not depend on the full shard key",
    (STATE, RECEIPT),
    (GAS, XGAS, COINBASE, BLOOM, SENDS),
)
def contract_address(world):
    import world as generator_world

    patching.wrap(
        messages,
        "mk_contract_address",
        lambda original: lambda sender, nonce, full_shard_key: original(sender, nonce, None),
        generator_world,
    )


@alteration("contract-nonce", "new contracts start at nonce 0", (STATE,), CREATE_POSSIBLE)
def contract_nonce(world):
    patching.rewrite(messages, "create_contract", ("ext.set_nonce(msg.to, 1)", "ext.set_nonce(msg.to, 0)"))


@alteration(
    "creator-nonce",
    "CREATE2 does not bump the creator's nonce",
    (STATE,),
    CREATE_POSSIBLE,
)
def creator_nonce(world):
    bump = "if ext.tx_origin != msg.sender:"
    patching.rewrite(messages, "create_contract", (bump, "if ext.tx_origin != msg.sender and salt is None:"))


@alteration("create2-address", "CREATE2 addresses begin with fe instead of ff", (STATE,), CREATE_POSSIBLE, rounds=LONG)
def create2_address(world):
    change = ('b"\\xff"', 'b"\\xfe"')
    patching.rewrite(messages, "mk_contract_address2", change)


# ---- PoSW -----------------------------------------------------------------------------------------
POSW_POSSIBLE = (STATE, RECEIPT, GAS, XGAS, COINBASE, BLOOM, SENDS)


@alteration("posw-no-lock", "block producers may spend their stake", (STATE, RECEIPT), POSW_POSSIBLE)
def posw_no_lock(world):
    messages.transfer_failure_by_posw_balance_check = lambda ext, msg: False


@alteration(
    "posw-lock-value-only",
    "the lock does not stop messages without value",
    (STATE, RECEIPT),
    POSW_POSSIBLE,
    rounds=LONG,
)
def posw_lock_value_only(world):
    patching.wrap(
        messages,
        "transfer_failure_by_posw_balance_check",
        lambda original: lambda ext, msg: msg.value > 0 and original(ext, msg),
    )


@alteration("posw-window", "the lock looks one block further back", (STATE, RECEIPT), POSW_POSSIBLE, rounds=LONG)
def posw_window(world):
    patching.wrap(
        shard_state,
        "get_posw_coinbase_blockcnt",
        lambda original: lambda window, *args: original(window + 1, *args),
    )


# ---- header rules ---------------------------------------------------------------------------------
@alteration("difficulty-cutoff", "the difficulty falls after one second less", (REFUSED,))
def difficulty_cutoff(world):
    for state in world.net.shards.values():
        state.diff_calc.cutoff -= 1


@alteration("block-gas-limit", "blocks have a gas limit of 12000001", (REFUSED,))
def block_gas_limit(world):
    for shard in world.qc.shards.values():
        shard.GENESIS.GAS_LIMIT += 1
