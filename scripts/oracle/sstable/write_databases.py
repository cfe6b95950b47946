"""Writes random databases with RocksDB itself and records what RocksDB reads back from them.

    python write_databases.py --out FOLDER --seed N [--count N]

For each seed from N on: FOLDER/<seed>/db is the database as it was left behind (cleanly closed, abandoned, copied while
open, its log damaged) and FOLDER/<seed>/expected.bin what RocksDB reads after its own recovery of a copy:
a JSON line {"outcome": "rows" | "refused" | "error" | "hang", "note": ...}, for "rows" followed by the rows in key
order and by keys that RocksDB does not find. Forward scan, backward scan and single gets are checked against each other
here. "hang": RocksDB 9.8's recovery never ends where damage makes a recyclable log record follow a plain one.
"""

import argparse
import json
import os
import random
import shutil
import signal
import struct
import sys
import traceback

try:
    import rocksdict
except ImportError:
    sys.exit(
        "The Python module rocksdict is missing for %s: install it (pip install rocksdict) or point ORACLE_PYTHON "
        "to an interpreter that has it." % sys.executable
    )

from log_patch import damage_log, log_files, make_deletions_single
from random_options import pyquarkchain_options, random_options
from refused import REFUSED
from workload import Workload

RECOVERY_SECONDS = 30


def in_child(work, seconds=0):
    """Runs `work` in a process of its own, which ends by os._exit; a database that `work` returns is abandoned open.

    True when it ended well, None when it was stopped after `seconds`."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        status = 1
        signal.alarm(seconds)
        try:
            _abandoned = work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    return None if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM else status == 0


def write_database(rng, folder, note):
    """Fills folder/db in one to three sessions and leaves it in some way."""
    sessions = rng.choice([1, 1, 1, 2, 3])
    workload = Workload(rng)
    for session in range(sessions):
        last = session == sessions - 1
        options, chosen = random_options(rng)
        note.setdefault("sessions", []).append(chosen)
        end = rng.choice(["close", "abandon", "abandon", "copy"]) if last else rng.choice(["close", "abandon"])
        chosen["end"] = end
        path = os.path.join(folder, "db")
        operations = workload.plan()
        chosen["operations"] = len(operations)

        def work():
            db = rocksdict.Rdict(path, options)
            workload.run(db, operations, options, chosen.get("recycled_logs", False))
            if end == "close":
                db.close()
            elif end == "copy":
                copied = path + ".copied"
                copy_live(path, copied)
                db.close()
                shutil.rmtree(path)
                os.rename(copied, path)
            return db

        if not in_child(work):
            raise SystemExit("the writer failed: %s" % json.dumps(note))
        if end != "close" and rng.random() < 0.3:
            chosen["single_deletes"] = sum(make_deletions_single(log, workload.once) for log in plain_logs(path))
    if rng.random() < 0.2:
        note["damage"] = damage_log(rng, os.path.join(folder, "db"))
    return workload


def copy_live(source, target):
    """Copies a database that is open, as a backup tool would: files may vanish under the copy."""
    os.mkdir(target)
    for name in os.listdir(source):
        try:
            shutil.copyfile(os.path.join(source, name), os.path.join(target, name))
        except FileNotFoundError:
            pass


def plain_logs(path):
    """Logs without recycled records, which the patch does not know."""
    for log in log_files(path):
        with open(log, "rb") as file:
            start = file.read(7)
        if len(start) == 7 and start[6] <= 4:
            yield log


def read_back(db):
    """All rows by forward scan; asserts that the backward scan and single gets agree."""
    rows = []
    it = db.iter()
    it.seek_to_first()
    while it.valid():
        rows.append((it.key(), it.value()))
        it.next()
    it.status()
    backward = []
    it.seek_to_last()
    while it.valid():
        backward.append((it.key(), it.value()))
        it.prev()
    it.status()
    assert backward == rows[::-1], "RocksDB's scans disagree"
    for key, value in rows:
        assert db.get(key) == value, "RocksDB's get disagrees with its scan"
    return rows


def record(rng, folder, note, workload):
    """Lets RocksDB recover and read a copy, and writes expected.bin."""
    copy = os.path.join(folder, "copy")
    # Without its OPTIONS file, which would bring the writer's recovery mode along.
    shutil.copytree(os.path.join(folder, "db"), copy, ignore=shutil.ignore_patterns("OPTIONS-*"))

    def work():
        try:
            db = rocksdict.Rdict(copy, pyquarkchain_options())
            rows = read_back(db)
        except Exception as error:
            if isinstance(error, AssertionError):
                raise
            note["error"] = str(error)
            write_expected(folder, "error", note)
            return
        present = {key for key, _ in rows}
        absent = [key for key in workload.absent_candidates(rng, rows) if key not in present]
        for key in absent:
            assert db.get(key) is None
        write_expected(folder, "rows", note, rows, absent)

    ended = in_child(work, RECOVERY_SECONDS)
    if ended is None:
        write_expected(folder, "hang", note)
    elif not ended:
        raise SystemExit("reading back failed: %s" % json.dumps(note))
    shutil.rmtree(copy)


def write_expected(folder, outcome, note, rows=(), absent=()):
    with open(os.path.join(folder, "expected.bin"), "wb") as file:
        file.write(json.dumps({"outcome": outcome, "note": note}).encode() + b"\n")
        file.write(struct.pack("<II", len(rows), len(absent)))
        for key, value in rows:
            file.write(struct.pack("<II", len(key), len(value)) + key + value)
        for key in absent:
            file.write(struct.pack("<I", len(key)) + key)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=1)
    args = parser.parse_args()
    for seed in range(args.seed, args.seed + args.count):
        rng = random.Random(seed)
        folder = os.path.join(args.out, str(seed))
        os.makedirs(folder)
        note = {"seed": seed}
        if rng.random() < 0.05:
            name = rng.choice(sorted(REFUSED))
            note["refused"] = name
            if not in_child(lambda: REFUSED[name](rng, os.path.join(folder, "db"))):
                raise SystemExit("the writer failed: %s" % json.dumps(note))
            write_expected(folder, "refused", note)
        else:
            record(rng, folder, note, write_database(rng, folder, note))


if __name__ == "__main__":
    main()
