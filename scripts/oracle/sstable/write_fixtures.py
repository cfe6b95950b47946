"""Writes fixtures/sstable: small databases made by RocksDB through rocksdict, with what RocksDB reads back from them.

    python write_fixtures.py FOLDER

Each FOLDER/<name>.json.gz holds {"files": {name: base64}, "rows": [[key, value], ...]} with hex keys and values in key
order; "writes" lists the operations of databases that are only a log, "refused" names what the reader must refuse.
"""

import base64
import gzip
import json
import os
import random
import re
import shutil
import sys
import tempfile
import time

from log_patch import log_files, make_deletions_single
from random_options import compression, pyquarkchain_options
from refused import REFUSED
from rocksdict import BlockBasedIndexType, BlockBasedOptions, ChecksumType, DataBlockIndexType, Options, Rdict, SliceTransform
from write_databases import in_child, read_back

# Only these make up a database; OPTIONS, LOG and LOCK are left out.
LIVE_FILE = re.compile(r"^(CURRENT|IDENTITY|MANIFEST-\d+|\d+\.(sst|log))$")

# Format version, checksum, compression, index type, index restart interval, data block index.
TABLES = [
    (2, "crc32c", "none", "binary_search", 1, "binary_search"),
    (2, "xxhash", "snappy", "two_level_index_search", 1, "binary_search"),
    (3, "xxhash64", "zlib", "hash_search", 1, "binary_and_hash"),
    (4, "xxhash", "lz4", "two_level_index_search", 3, "binary_search"),
    (4, "no_checksum", "lz4hc", "binary_search", 16, "binary_and_hash"),
    (5, "xxh3", "zstd", "binary_search", 2, "binary_search"),
    (5, "crc32c", "zlib", "hash_search", 1, "binary_search"),
    (6, "xxh3", "lz4", "two_level_index_search", 2, "binary_and_hash"),
    (6, "crc32c", "snappy", "binary_search", 1, "binary_search"),
    (6, "xxhash", "zstd", "binary_search", 1, "binary_search"),
    (6, "xxhash64", "zlib", "two_level_index_search", 1, "binary_search"),
    (6, "no_checksum", "lz4hc", "binary_search", 1, "binary_search"),
]


# Those of TABLES that also come so small that each of their bytes can be flipped in turn.
TINY = [0, 1, 2, 5, 7, 8]
TINY_ROWS = 24


def text_value(rng):
    return (" ".join(rng.choice(["root", "minor", "header", "deposit"]) for _ in range(rng.randrange(12)))).encode()


def key_of(number):
    return b"key/%05d" % number


def table_options(version, checksum, compressed, index, index_restart, data_index):
    table = BlockBasedOptions()
    table.set_format_version(version)
    table.set_checksum_type(getattr(ChecksumType, checksum)())
    table.set_index_type(getattr(BlockBasedIndexType, index)())
    table.set_index_block_restart_interval(index_restart)
    table.set_data_block_index_type(getattr(DataBlockIndexType, data_index)())
    table.set_block_size(256)
    table.set_metadata_block_size(200)
    table.set_bloom_filter(10, False)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_compression_type(compression(compressed))
    options.set_block_based_table_factory(table)
    if index == "hash_search":
        options.set_prefix_extractor(SliceTransform.create_max_len_prefix(6))
    return options


def one_table(rng, path, options, rows=120):
    db = Rdict(path, options)
    for number in rng.sample(range(2 * rows), rows):
        db.put(key_of(number), text_value(rng))
    for number in rng.sample(range(2 * rows), rows // 8):
        db.delete(key_of(number))
    db.flush()
    db.close()


def first_key_index(rng, path):
    """An index type that rocksdict does not offer, through RocksDB's own options file."""
    assert in_child(lambda: Rdict(path, pyquarkchain_options()).close())
    name = next(name for name in os.listdir(path) if name.startswith("OPTIONS-"))
    with open(os.path.join(path, name)) as file:
        text = file.read()
    for option, value in (("index_type", "kBinarySearchWithFirstKey"), ("block_size", "256"),
                          ("index_block_restart_interval", "3")):
        text, changed = re.subn(r"(?m)^(\s*)%s=.*$" % option, r"\g<1>%s=%s" % (option, value), text)
        assert changed == 1
    with open(os.path.join(path, name), "w") as file:
        file.write(text)
    options, families = Options.load_latest(path)
    db = Rdict(path, options, column_families=families)
    for number in rng.sample(range(200), 120):
        db.put(key_of(number), text_value(rng))
    db.flush()
    db.close()


def pyquarkchain_closed(rng, path):
    one_table(rng, path, pyquarkchain_options())


def log_only(rng, path, writes):
    """No state occurs twice: values are numbered and only keys that are there get deleted."""
    db = Rdict(path, pyquarkchain_options())
    present = []
    for number in range(60):
        if len(present) > 10 and rng.random() < 0.3:
            key, value = present.pop(rng.randrange(5)), None
            db.delete(key)
        else:
            # One record spans log blocks.
            key, value = key_of(rng.randrange(30)), b"%d " % number * (9000 if number == 40 else 5)
            if key in present:
                present.remove(key)
            present.append(key)
            db.put(key, value)
        writes.append([key.hex(), None if value is None else value.hex()])
    return db


def levels(rng, path):
    """Several levels, overlapping tables in level 0, versions kept for snapshots, single deletions, a live log."""
    options = table_options(6, "xxh3", "snappy", "binary_search", 1, "binary_search")
    options.set_level_compaction_dynamic_level_bytes(False)
    options.set_level_zero_file_num_compaction_trigger(2)
    options.set_target_file_size_base(1500)
    options.set_max_bytes_for_level_base(3000)
    options.set_max_bytes_for_level_multiplier(2.0)
    once = [b"once/%03d" % number for number in range(20)]

    def first():
        db = Rdict(path, options)
        for _ in range(4):
            for number in rng.sample(range(300), 150):
                db.put(key_of(number), text_value(rng))
            db.flush()
        time.sleep(1)
        for key in once:
            db.put(key, b"put once")
        db.flush()
        for key in once[:10]:
            db.delete(key)
        return db

    def second():
        snapshots = []
        options.set_disable_auto_compactions(True)
        db = Rdict(path, options)
        for _ in range(4):
            for number in rng.sample(range(300), 40):
                if rng.random() < 0.3:
                    db.delete(key_of(number))
                else:
                    db.put(key_of(number), text_value(rng))
            snapshots.append(db.snapshot())
            for number in range(0, 300, 9):
                db.put(key_of(number), b"newer")
            db.flush()
        for number in range(0, 300, 25):
            db.delete(key_of(number))
        for number in range(5, 300, 60):
            db.put(key_of(number), b"in the log")
        return db, snapshots

    assert in_child(first)
    assert make_deletions_single(log_files(path)[-1], set(once)) == 10
    return second()


def several_logs(rng, path):
    options = pyquarkchain_options()
    options.set_write_buffer_size(64 << 10)
    options.set_min_write_buffer_number_to_merge(5)
    options.set_max_write_buffer_number(8)
    db = Rdict(path, options)
    for number in range(160):
        db.put(key_of(number % 70), b"%d " % number * 300)
    return db


def recycled_log(rng, path):
    options = pyquarkchain_options()
    options.set_recycle_log_file_num(2)
    db = Rdict(path, options)
    for round_number in range(4):
        for number in range(40 - 9 * round_number):
            db.put(key_of(number), b"round %d" % round_number)
        if round_number < 3:
            db.flush()
    return db


def empty(rng, path):
    Rdict(path, pyquarkchain_options()).close()


def compressed_log(rng, path):
    assert in_child(lambda: Rdict(path, pyquarkchain_options()).close())
    name = next(name for name in os.listdir(path) if name.startswith("OPTIONS-"))
    with open(os.path.join(path, name)) as file:
        text = file.read()
    with open(os.path.join(path, name), "w") as file:
        file.write(text.replace("wal_compression=kNoCompression", "wal_compression=kZSTD"))
    options, families = Options.load_latest(path)
    db = Rdict(path, options, column_families=families)
    db.put(b"key", b"value")
    return db


def record(target, name, make, extra=None):
    """Makes a database in a child that abandons it, lets RocksDB read a copy and writes the fixture."""
    content = dict(extra or {})
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "db")
        rows_path = os.path.join(folder, "rows.json")

        def work():
            writes = []
            abandoned = make(random.Random(name), path, *([writes] if make is log_only else []))
            with open(rows_path, "w") as file:
                json.dump(writes, file)
            return abandoned

        assert in_child(work), name
        with open(rows_path) as file:
            writes = json.load(file)
        if writes:
            content["writes"] = writes
        content["files"] = {
            file_name: base64.b64encode(open(os.path.join(path, file_name), "rb").read()).decode()
            for file_name in sorted(os.listdir(path))
            if LIVE_FILE.match(file_name)
        }
        if "refused" not in content:
            copy = os.path.join(folder, "copy")
            shutil.copytree(path, copy, ignore=shutil.ignore_patterns("OPTIONS-*"))

            def read():
                rows = read_back(Rdict(copy, pyquarkchain_options()))
                with open(rows_path, "w") as file:
                    json.dump([[key.hex(), value.hex()] for key, value in rows], file)

            assert in_child(read), name
            with open(rows_path) as file:
                content["rows"] = json.load(file)
    with gzip.GzipFile(os.path.join(target, name + ".json.gz"), "wb", mtime=0) as file:
        file.write(json.dumps(content, separators=(",", ":")).encode())


def main():
    (target,) = sys.argv[1:]
    for table in TABLES:
        name = "table-v%d-%s-%s-%s" % (table[0], table[1], table[2], table[3].split("_")[0])
        record(target, name, lambda rng, path, table=table: one_table(rng, path, table_options(*table)))
    for table in (TABLES[index] for index in TINY):
        name = "tiny-v%d-%s-%s-%s" % (table[0], table[1], table[2], table[3].split("_")[0])
        record(target, name, lambda rng, path, table=table: one_table(rng, path, table_options(*table), TINY_ROWS))
    record(target, "table-v6-first-keys", first_key_index)
    record(target, "pyquarkchain-closed", pyquarkchain_closed)
    record(target, "log-only", log_only)
    record(target, "levels", levels)
    record(target, "several-logs", several_logs)
    record(target, "recycled-log", recycled_log)
    record(target, "empty", empty)
    for feature, make in REFUSED.items():
        record(target, "refused-" + feature.lower().replace(" ", "-"), make, {"refused": feature})
    record(target, "refused-compressed-log", compressed_log, {"refused": "compressed write-ahead logs"})


if __name__ == "__main__":
    main()
