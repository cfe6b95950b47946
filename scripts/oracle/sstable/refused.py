"""Databases with features that the reader must refuse by name, each with a few ordinary rows."""

from rocksdict import (
    CuckooTableOptions,
    Options,
    PlainTableFactoryOptions,
    Rdict,
    SliceTransform,
)

from random_options import compression


def _options():
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    return options


def _fill(rng, db, count=200):
    for _ in range(count):
        db.put(rng.randbytes(8), b"value " * 20)


def range_deletions(rng, path):
    db = Rdict(path, _options())
    _fill(rng, db)
    db.delete_range(b"\x10", b"\x80")
    if rng.random() < 0.5:
        db.flush()
    return db


def wide_columns(rng, path):
    db = Rdict(path, _options())
    _fill(rng, db)
    db.put_entity(b"\x80entity", [b"name"], [b"value"])
    if rng.random() < 0.5:
        db.flush()
    return db


def blob_files(rng, path):
    options = _options()
    options.set_enable_blob_files(True)
    options.set_min_blob_size(10)
    db = Rdict(path, options)
    _fill(rng, db)
    db.flush()
    return db


def column_families(rng, path):
    db = Rdict(path, _options())
    _fill(rng, db)
    db.create_column_family("other", _options())
    return db


def dictionaries(rng, path):
    options = _options()
    options.set_compression_type(compression(rng.choice(["zlib", "lz4", "zstd"])))
    options.set_compression_options(-14, 5, 0, 4096)
    options.set_bottommost_compression_options(-14, 5, 0, 4096, True)
    db = Rdict(path, options)
    _fill(rng, db, 2000)
    db.compact_range(None, None)
    return db


def bzip2(rng, path):
    options = _options()
    options.set_compression_type(compression("bz2"))
    db = Rdict(path, options)
    _fill(rng, db, 2000)
    db.flush()
    return db


def plain_tables(rng, path):
    options = _options()
    options.set_prefix_extractor(SliceTransform.create_max_len_prefix(2))
    options.set_allow_mmap_reads(True)
    factory = PlainTableFactoryOptions()
    factory.user_key_length = 0
    factory.bloom_bits_per_key = 10
    factory.hash_table_ratio = 0.75
    factory.index_sparseness = 16
    options.set_plain_table_factory(factory)
    db = Rdict(path, options)
    _fill(rng, db)
    db.flush()
    return db


def cuckoo_tables(rng, path):
    options = _options()
    options.set_allow_mmap_reads(True)
    options.set_cuckoo_table_factory(CuckooTableOptions())
    db = Rdict(path, options)
    _fill(rng, db)
    db.flush()
    return db


REFUSED = {
    "range deletions": range_deletions,
    "wide-column entities": wide_columns,
    "blob files": blob_files,
    "column families": column_families,
    "compression dictionaries": dictionaries,
    "BZip2": bzip2,
    "plain tables": plain_tables,
    "cuckoo tables": cuckoo_tables,
}
