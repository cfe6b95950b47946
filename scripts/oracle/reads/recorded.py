"""What the slaves of a recorded cluster answered while its chain stood still, as fixtures/reads/recorded.json.gz: for each shard
the blocks of its database, its restart, and its part of every answer.

Usage: PYTHONPATH=<pyquarkchain>:<this folder> python recorded.py <database folder> <recording> <output folder>
"""
import gzip
import json
import sys

from quarkchain.cluster import rpc
from quarkchain.cluster.cluster_config import ClusterConfig
from quarkchain.cluster.rpc import CLUSTER_OP_SERIALIZER_MAP, ClusterOp
from quarkchain.core import MinorBlock, RootBlock
from quarkchain.db import PersistentDb
from quarkchain.genesis import GenesisManager


def write(folder, name, value):
    with gzip.GzipFile("%s/%s.json.gz" % (folder, name), "wb", mtime=0) as file:
        file.write(json.dumps(value).encode())


def rows(db, prefix):
    return {key[len(prefix):]: value for key, value in db.range_iter(prefix, prefix[:-1] + bytes([prefix[-1] + 1]))}


def history(db, shard, start, root_tip):
    """Steps up to a root block, and what came behind it."""
    roots = {h: RootBlock.deserialize(raw) for h, raw in rows(db, b"rblock_").items()}
    blocks = {h: MinorBlock.deserialize(raw) for h, raw in rows(db, b"mblock_").items()}
    lists = rows(db, b"xShard_")
    steps, done = [], set()

    def add(h):
        """With all that it stands on."""
        if h in done or h not in blocks or blocks[h].header.height == 0:
            return
        done.add(h)
        header = blocks[h].header
        add_root(header.hash_prev_root_block)
        add(header.hash_prev_minor_block)
        steps.append({"block": blocks[h].serialize().hex()})

    def add_root(h):
        if h in done or roots[h].header.height == 0:
            return
        done.add(h)
        add_root(roots[h].header.hash_prev_block)
        for header in roots[h].minor_block_header_list:
            other = header.get_hash()
            if header.branch.value == shard:
                add(other)
            elif other in lists:
                steps.append({"list": lists[other].hex(), "from": other.hex()})
        steps.append({"root": roots[h].serialize().hex()})

    ordered = sorted(blocks, key=lambda h: (blocks[h].header.height, blocks[h].header.create_time))
    add_root(root_tip)
    for h in sorted(roots, key=lambda h: roots[h].header.height):
        add_root(h)
    for h in ordered:
        add(h)
    return steps


def shard_of(config, op, request):
    if op == ClusterOp.EXECUTE_TRANSACTION_REQUEST:
        evm_tx = request.tx.tx.to_evm_tx()
        evm_tx.set_quark_chain_config(config)
        return evm_tx.from_full_shard_id
    if op == ClusterOp.ESTIMATE_GAS_REQUEST:
        return config.get_full_shard_id_by_full_shard_key(request.from_address.full_shard_key)
    if hasattr(request, "branch"):
        return request.branch.value
    if op != ClusterOp.GET_ACCOUNT_DATA_REQUEST and hasattr(request, "address"):
        return config.get_full_shard_id_by_full_shard_key(request.address.full_shard_key)
    return None


READS = [
    name for name in vars(ClusterOp)
    if name.startswith(("GET_", "EXECUTE", "ESTIMATE", "GAS_PRICE", "CHECK")) and name.endswith("_REQUEST")
    and name not in ("GET_WORK_REQUEST", "GET_NEXT_BLOCK_TO_MINE_REQUEST", "GET_ECO_INFO_LIST_REQUEST")
]


def main():
    databases, recording, output = sys.argv[1:4]
    config_text = open(recording + "/cluster_config.json").read()
    config = ClusterConfig.from_json(config_text)
    manifest = json.load(open(recording + "/manifest.json"))
    frames = [json.loads(line) for line in gzip.open(recording + "/wire.jsonl.gz", "rt")]
    end = next(f["seq"] for f in frames if f.get("event") == "phase" and f["name"].startswith("moving"))
    frames = [f for f in frames if "event" not in f and f["seq"] < end and f["link"].startswith("master->")]
    ping = next(f for f in frames if f["op_name"] == "PING" and rpc.Ping.deserialize(bytes.fromhex(f["payload"])).root_tip)
    root_tip = rpc.Ping.deserialize(bytes.fromhex(ping["payload"])).root_tip.header.get_hash()
    genesis = GenesisManager(config.QUARKCHAIN).create_root_block()
    lives = []
    for slave, shards in manifest["slaves"].items():
        for shard in (int(text, 16) for text in shards):
            db = PersistentDb("%s/shard-%d.db" % (databases, shard))
            steps = [{"now": int(manifest["started_unix"] - 100)}]
            steps += history(db, shard, genesis, root_tip)
            steps += [{"now": int(manifest["started_unix"] + ping["t"])}, {"restart": root_tip.hex()}]
            answers = {(f["link"], f["rpc_id"]): f for f in frames if f["direction"] == "back"}
            for f in frames:
                if f["link"] != "master->" + slave or f["direction"] != "fwd" or f["op_name"] not in READS:
                    continue
                op = getattr(ClusterOp, f["op_name"])
                request = CLUSTER_OP_SERIALIZER_MAP[op].deserialize(bytes.fromhex(f["payload"]))
                if shard_of(config.QUARKCHAIN, op, request) not in (None, shard):
                    continue
                answer = answers[f["link"], f["rpc_id"]]["payload"]
                if op == ClusterOp.GET_ACCOUNT_DATA_REQUEST:
                    response = rpc.GetAccountDataResponse.deserialize(bytes.fromhex(answer))
                    mine = [each for each in response.account_branch_data_list if each.branch.value == shard]
                    answer = rpc.GetAccountDataResponse(response.error_code, mine).serialize().hex()
                if op == ClusterOp.GET_UNCONFIRMED_HEADERS_REQUEST:
                    response = rpc.GetUnconfirmedHeadersResponse.deserialize(bytes.fromhex(answer))
                    mine = [each for each in response.headers_info_list if each.branch.value == shard]
                    answer = rpc.GetUnconfirmedHeadersResponse(response.error_code, mine).serialize().hex()
                steps.append({"ask": f["op_name"][: -len("_REQUEST")], "request": f["payload"], "answer": answer})
            lives.append({"fullShardId": shard, "steps": steps})
    write(output, "recorded", {"config": config_text, "rootGenesis": genesis.serialize().hex(), "lives": lives})


main()
