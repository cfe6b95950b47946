"""Random operations on a database: puts, overwrites, deletes, batches, snapshots, flushes, compactions, ingestion."""

import os
import tempfile

from rocksdict import BottommostLevelCompaction, CompactOptions, SstFileWriter, WriteBatch, WriteOptions

# Kinds of keys: what pyquarkchain writes (prefix and hash, bare hash) and shapes that stress prefix compression.
KEY_KINDS = ["hash", "prefixed", "tiny", "nested", "binary", "long"]


class Workload:
    def __init__(self, rng):
        self.rng = rng
        self.kind = rng.choice(KEY_KINDS)
        self.scale = rng.choice([0, 3, 30, 300, 300, 1500])
        self.value_kind = rng.choice(["short", "compressible", "random", "mixed"])
        self.known = [self._key() for _ in range(max(1, self.scale // 2))]
        # Keys that are put exactly once before they are deleted, as single deletions demand.
        self.once = set()

    def plan(self):
        """Operations of one session as (name, arguments) pairs."""
        rng = self.rng
        operations = []
        for _ in range(rng.randrange(self.scale + 1)):
            draw = rng.random()
            if draw < 0.62:
                operations.append(("put", self._any_key(), self._value()))
            elif draw < 0.76:
                operations.append(("delete", self._any_key()))
            elif draw < 0.84:
                batch = [
                    (self._any_key(), self._value() if rng.random() < 0.7 else None)
                    for _ in range(rng.randrange(1, 12))
                ]
                operations.append(("batch", batch))
            elif draw < 0.90:
                key = b"once" + rng.randbytes(8)
                self.once.add(key)
                operations.append(("put", key, self._value()))
                operations.append(("delete", key))
            elif draw < 0.93:
                operations.append(("put unlogged", self._any_key(), self._value()))
            elif draw < 0.955:
                operations.append(("snapshot",))
            elif draw < 0.975:
                operations.append(("flush",))
            elif draw < 0.985:
                operations.append(("compact",))
            elif draw < 0.99:
                operations.append(("ingest", sorted({self._any_key(): self._value() for _ in range(10)}.items())))
            else:
                operations.append(("drop snapshots",))
        return operations

    def run(self, db, operations, options, recycled_logs):
        # Snapshots held while keys are overwritten make flushes and compactions keep several versions of a key.
        snapshots = []
        # RocksDB refuses writes past a recycled log.
        unlogged = WriteOptions()
        unlogged.disable_wal = not recycled_logs
        for operation in operations:
            name = operation[0]
            if name == "put":
                db.put(operation[1], operation[2])
            elif name == "put unlogged":
                db.put(operation[1], operation[2], write_opt=unlogged)
            elif name == "delete":
                db.delete(operation[1])
            elif name == "batch":
                db.write(_batch(operation[1]))
            elif name == "snapshot":
                snapshots.append(db.snapshot())
            elif name == "drop snapshots":
                snapshots.clear()
            elif name == "flush":
                db.flush()
            elif name == "compact":
                forced = CompactOptions()
                forced.set_bottommost_level_compaction(BottommostLevelCompaction.force())
                db.compact_range(None, None, forced)
            else:
                _ingest(db, operation[1], options)

    def absent_candidates(self, rng, rows):
        """Keys near those of the database and keys it may have deleted."""
        candidates = list(self.known[:50]) + [self._key() for _ in range(20)] + [b"", b"\xff" * 40]
        for key, _ in rng.sample(rows, min(20, len(rows))):
            candidates += [key + b"\x00", key[:-1], key + key, key[:-1] + bytes([(key[-1:] or b"\0")[0] ^ 1])]
        return candidates

    def _any_key(self):
        rng = self.rng
        if self.known and rng.random() < 0.5:
            return rng.choice(self.known)
        key = self._key()
        if rng.random() < 0.3:
            self.known.append(key)
        return key

    def _key(self):
        rng = self.rng
        if self.kind == "hash":
            return rng.randbytes(32)
        if self.kind == "prefixed":
            return rng.choice([b"mheader_", b"mblock_", b"txindex_", b"xShard_"]) + rng.randbytes(32)
        if self.kind == "tiny":
            return rng.randbytes(rng.randrange(4))
        if self.kind == "nested":
            return b"a" * rng.randrange(60) + rng.choice([b"", b"\x00", b"b", b"\xff"])
        if self.kind == "binary":
            return bytes(rng.choice([0, 1, 127, 128, 255]) for _ in range(rng.randrange(12)))
        return bytes([rng.randrange(4)]) * rng.choice([5, 100, 127, 128, 2000]) + rng.randbytes(2)

    def _value(self):
        rng = self.rng
        kind = rng.choice(["short", "compressible", "random"]) if self.value_kind == "mixed" else self.value_kind
        if kind == "short":
            return rng.randbytes(rng.randrange(20))
        length = rng.choice([0, 10, 100, 500, 500, 3000]) if rng.random() < 0.98 else rng.choice([33000, 100000])
        if kind == "random":
            return rng.randbytes(length)
        return (rng.randbytes(7) * (length // 7 + 1))[:length]


def _batch(entries):
    batch = WriteBatch(raw_mode=True)
    for key, value in entries:
        if value is None:
            batch.delete(key)
        else:
            batch.put(key, value)
    return batch


def _ingest(db, rows, options):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "rows.sst")
        writer = SstFileWriter(options)
        writer.open(path)
        for key, value in rows:
            writer[key] = value
        writer.finish()
        db.ingest_external_file([path])
