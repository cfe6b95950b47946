"""Runs one message or creation on pyquarkchain's State and VM and describes it as a JSON case.

A case names everything the result depends on; README.md beside the recorded cases explains the fields.
"""

from quarkchain.config import ChainConfig, ShardConfig
from quarkchain.db import InMemoryDb
from quarkchain.evm import specials as specials_module
from quarkchain.evm import vm
from quarkchain.evm.common import FakeHeader
from quarkchain.evm.config import Env
from quarkchain.evm.messages import VMExt, apply_msg, create_contract
from quarkchain.evm.specials import SystemContract, configure_special_contract_ts, configure_system_contract_ts
from quarkchain.evm.state import State
from quarkchain.utils import token_id_encode

NEVER = 99999999999999999999
PROBE_KEY = 0x77665544
PROBE_TOKEN = 77


def precompile(index):
    return bytes.fromhex("%040x" % (0x514B430000 + index))


def schedule_specials(evm, native, general):
    for index in (1, 2, 3):
        configure_special_contract_ts(specials_module.specials, precompile(index), evm)
    for index in (4, 5):
        configure_special_contract_ts(specials_module.specials, precompile(index), native)
    system = specials_module._system_contracts
    configure_system_contract_ts(system, SystemContract.NON_RESERVED_NATIVE_TOKEN, native)
    configure_system_contract_ts(system, SystemContract.GENERAL_NATIVE_TOKEN, general)


def build_state(accounts, default_token):
    state = State(env=Env(InMemoryDb()), db=InMemoryDb())
    chain_config = ChainConfig()
    chain_config.DEFAULT_CHAIN_TOKEN = default_token
    state.shard_config = ShardConfig(chain_config)
    for address, account in accounts.items():
        state.full_shard_key = account["key"]
        state.set_nonce(address, account["nonce"])
        if account["code"]:
            state.set_code(address, account["code"])
        for token, amount in account["balances"].items():
            state.set_token_balance(address, token, amount)
        for slot, value in account["storage"].items():
            state.set_storage_data(address, slot, value)
    state.commit()
    return state


def hexed(data):
    return bytes(data).hex()


def case_of(name, world, message, probes=False):
    """Runs it and returns the case with pyquarkchain's answers. `probes`: show which accounts were looked at."""
    context = world["context"]
    schedule_specials(context["evm"], context["native"], context["general"])
    state = build_state(world["accounts"], context["defaultToken"])
    state.full_shard_key = context["fullShardKey"]
    state.timestamp = context["timestamp"]
    state.block_number = context["number"]
    state.block_difficulty = context["difficulty"]
    state.block_coinbase = context["coinbase"]
    state.gas_limit = context["gasLimit"]
    state.sender_disallow_map = context["disallow"]
    for ancestor in reversed(context["hashes"]):
        state.add_block_header(FakeHeader(hash=ancestor))
    return {
        "name": name,
        "accounts": {
            hexed(address): {
                "nonce": account["nonce"],
                "balances": {str(token): str(amount) for token, amount in account["balances"].items()},
                "code": hexed(account["code"]),
                "storage": {str(slot): str(value) for slot, value in account["storage"].items()},
                "key": account["key"],
            }
            for address, account in world["accounts"].items()
        },
        "context": {
            **{k: context[k] for k in ("fullShardKey", "timestamp", "number")},
            "difficulty": str(context["difficulty"]),
            "gasLimit": str(context["gasLimit"]),
            "gasPrice": str(context["gasPrice"]),
            "coinbase": hexed(context["coinbase"]),
            "origin": hexed(context["origin"]),
            "defaultToken": str(token_id_encode(context["defaultToken"])),
            "disallow": {hexed(k): str(v) for k, v in context["disallow"].items()},
            "hashes": [hexed(h) for h in context["hashes"]],
            **{k: None if context[k] == NEVER else context[k] for k in ("evm", "native", "general")},
        },
        "message": {
            k: hexed(v) if isinstance(v, bytes) else str(v) if k in ("value", "token") else v for k, v in message.items()
        },
        "expected": run(state, context, message, list(world["accounts"]) if probes else None),
    }


def run(state, context, message, probed):
    ext = VMExt(state, context["origin"], context["gasPrice"])
    fields = dict(
        value=message["value"],
        gas=message["gas"],
        depth=message["depth"],
        to_full_shard_key=message["toFullShardKey"],
        transfer_token_id=message["token"],
    )
    try:
        if message["create"]:
            msg = vm.Message(message["sender"], b"", data=message["data"], **fields)
            recipient = message["recipient"] or b""
            success, gas, output = create_contract(ext, msg, recipient, message["salt"])
        else:
            msg = vm.Message(
                message["sender"],
                message["to"],
                data=message["data"],
                code_address=message["codeAddress"],
                transfers_value=message["transfersValue"],
                static=message["isStatic"],
                **fields
            )
            success, gas, output = apply_msg(ext, msg)
    except Exception as error:
        return {"aborts": type(error).__name__}
    probed = [] if probed is None else probed + [address for address in state.cache if address not in probed]
    expected = {
        "success": bool(success),
        "gas": gas,
        "output": hexed(output),
        "logs": [[hexed(log.address), ["%064x" % topic for topic in log.topics], hexed(log.data)] for log in state.logs],
        "refund": state.refunds,
        "selfDestructs": [hexed(address) for address in state.suicides],
        "probed": [hexed(address) for address in probed],
    }
    # An account looked at before has its key already; the others are born with this one.
    state.full_shard_key = PROBE_KEY
    for address in probed:
        state.delta_token_balance(address, PROBE_TOKEN, 1)
    state.commit()
    expected["root"] = hexed(state.trie.root_hash)
    return expected
