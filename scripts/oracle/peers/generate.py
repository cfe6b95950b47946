"""What pyquarkchain's PeerShardConnection answers, believes and announces, as fixtures/peers/*.json.gz (see README.md there).

Usage: PYTHONPATH=<pyquarkchain> python generate.py <output folder> [seed]
"""
import asyncio
import gzip
import json
import random
import sys
from types import SimpleNamespace

from quarkchain.cluster.p2p_commands import (
    CommandOp,
    GetMinorBlockHeaderListRequest,
    GetMinorBlockHeaderListWithSkipRequest,
    NewMinorBlockHeaderListCommand,
)
from quarkchain.cluster.shard import PeerShardConnection
from quarkchain.core import Branch

TIP = 24
FORK = 20
"""Canonical blocks 0 to TIP; a side branch of two blocks on block FORK."""


class Closed(Exception):
    pass


class Connection(PeerShardConnection):
    """The rules alone: nothing is sent anywhere, and what would close the connection is noted."""

    def __init__(self, state, synchronizer=None):
        self.shard_state = state
        self.shard = SimpleNamespace(synchronizer=synchronizer)
        self.best_root_block_header_observed = None
        self.best_minor_block_header_observed = None
        self.closed = False
        self.sent = []

    def close_with_error(self, error):
        self.closed = True

    def write_command(self, op, cmd):
        assert op == CommandOp.NEW_MINOR_BLOCK_HEADER_LIST
        self.sent.append(cmd)


class Header(SimpleNamespace):
    __hash__ = object.__hash__

    def __eq__(self, other):
        return self is other


def name(n):
    return n.to_bytes(32, "big")


class Chain:
    """Block n of the canonical chain is called n, the side branch FORK+1 and FORK+2 are called 101 and 102."""

    def __init__(self):
        heights = {n: n for n in range(TIP + 1)}
        heights.update({101: FORK + 1, 102: FORK + 2})
        parents = {n: n - 1 for n in range(1, TIP + 1)}
        parents.update({101: FORK, 102: 101})
        self.headers = {
            name(n): Header(name=n, height=h, hash_prev_minor_block=name(parents.get(n, 2 ** 255)))
            for n, h in heights.items()
        }

    def get_minor_block_header_by_hash(self, h):
        return self.headers.get(h)

    def get_minor_block_header_by_height(self, height):
        return self.headers.get(name(height))


def served():
    chain = Chain()
    state = SimpleNamespace(branch=1, db=chain, root_tip=None, header_tip=chain.headers[name(TIP)])
    answers = []

    def ask(handler, request):
        connection = Connection(state)
        try:
            response = asyncio.run(handler(connection, request))
            names = [h.name for h in response.block_header_list]
        except (AssertionError, AttributeError):
            # An exception in a handler closes the connection too.
            return None
        return None if connection.closed else names

    for hash_ in [0, 1, 5, TIP, 102, 77]:
        for limit in [0, 1, 2, 30, 200, 201]:
            for branch, direction in [(1, 0), (1, 1), (2, 0)]:
                request = GetMinorBlockHeaderListRequest(name(hash_), branch, limit, direction)
                got = ask(PeerShardConnection.handle_get_minor_block_header_list_request, request)
                answers.append({"hash": hash_, "branch": branch, "limit": limit, "direction": direction, "headers": got})
    starts = [(0, n) for n in [0, 3, TIP, 101, 77]] + [(1, n) for n in [0, 3, TIP, TIP + 1, 101, 2 ** 64, 2 ** 256 - 1]]
    for type_, data in starts + [(2, 0)]:
        for limit in [0, 1, 4, 200, 201]:
            for skip in [0, 1, 6, 2 ** 32 - 1]:
                for direction in [0, 1, 2]:
                    request = GetMinorBlockHeaderListWithSkipRequest(type_, name(data), 1, limit, skip, direction)
                    got = ask(PeerShardConnection.handle_get_minor_block_header_list_with_skip_request, request)
                    answers.append(
                        {"type": type_, "data": "%x" % data, "limit": limit, "skip": skip, "direction": direction, "headers": got}
                    )
    return {"tip": TIP, "fork": FORK, "answers": answers}


def announcements(rng, with_pushes):
    """One connection's life: what the peer shows and what becomes of our tip, each with what follows from it."""
    roots = []
    difficulty = 0
    for n in range(6):
        difficulty += rng.choice([0, 1, 1, 2])
        roots.append(Header(name=n, total_difficulty=difficulty, height=n, is_known=rng.random() < 0.8))
    by_hash = {name(r.name): r for r in roots if r.is_known}
    known = [r for r in roots if r.is_known] or roots[:1]
    tasks = []
    state = SimpleNamespace(
        branch=Branch(1),
        get_root_block_header_by_hash=by_hash.get,
        header_tip=None,
        root_tip=None,
        confirmed_header_tip=None,
    )
    connection = Connection(state, SimpleNamespace(add_task=lambda header, conn: tasks.append(header)))
    blocks = []

    def block():
        header = Header(
            name=len(blocks), height=rng.choice([1, 2, 3, 4, 4, 5, 5, 5]), branch=Branch(rng.choice([1] * 30 + [2])),
            hash_prev_root_block=name(rng.choice(roots).name),
        )
        blocks.append(header)
        return header

    def own_tip():
        """Never less than before: a root tip of more difficulty, or the same one and a block that is not lower."""
        old_root, old = state.root_tip, state.header_tip
        later = [r for r in known if old_root is None or r is old_root or r.total_difficulty > old_root.total_difficulty]
        root = rng.choice(later)
        shown = connection.best_minor_block_header_observed
        header = shown if shown is not None and shown.branch.value == 1 and rng.random() < 0.3 else block()
        if header.branch.value != 1 or (old_root is root and header.height < old.height):
            return None
        state.root_tip, state.header_tip = root, header
        state.confirmed_header_tip = rng.choice([None, Header(hash_prev_root_block=name(rng.choice(known).name))])
        return header

    while own_tip() is None:
        pass
    state.confirmed_header_tip = None
    events = [{"kind": "start", "root": state.root_tip.name, "block": state.header_tip.name}]
    newest = 0
    for _ in range(rng.randrange(3, 20)):
        kind = rng.choice(["announce", "announce", "tip"] + (["push"] if with_pushes else []))
        if kind == "announce":
            root = rng.choice(roots[newest:] if rng.random() < 0.9 else roots)
            newest = root.name
            headers = [block() for _ in range(rng.choice([1] * 20 + [0, 2]))]
            tasks.clear()
            command = NewMinorBlockHeaderListCommand(root, headers)
            asyncio.run(connection.handle_new_minor_block_header_list_command(CommandOp.NEW_MINOR_BLOCK_HEADER_LIST, command, 0))
            result = "close" if connection.closed else "sync" if tasks else "none"
            events.append({"kind": kind, "root": root.name, "blocks": [h.name for h in headers], "result": result})
            if connection.closed:
                break
        elif kind == "push":
            header = block()
            connection.best_minor_block_header_observed = header
            events.append({"kind": kind, "block": header.name})
        elif own_tip() is not None:
            connection.sent.clear()
            try:
                connection.broadcast_new_tip()
            except AttributeError:
                break
            confirmed = state.confirmed_header_tip
            events.append(
                {
                    "kind": kind,
                    "root": state.root_tip.name,
                    "block": state.header_tip.name,
                    "confirmedOn": None if confirmed is None else int.from_bytes(confirmed.hash_prev_root_block, "big"),
                    "result": bool(connection.sent),
                }
            )
    return {
        "roots": [{"totalDifficulty": r.total_difficulty, "height": r.height, "isKnown": r in known} for r in roots],
        "blocks": [
            {"height": h.height, "branch": h.branch.value, "root": int.from_bytes(h.hash_prev_root_block, "big")} for h in blocks
        ],
        "events": events,
    }


def write(path, value):
    with open(path, "wb") as file:
        file.write(gzip.compress(json.dumps(value, separators=(",", ":")).encode(), mtime=0))


def main():
    folder = sys.argv[1]
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    write(folder + "/served.json.gz", served())
    lives = {
        "announced": [announcements(rng, False) for _ in range(300)],
        "pushed": [announcements(rng, True) for _ in range(300)],
    }
    write(folder + "/announcements.json.gz", lives)


main()
