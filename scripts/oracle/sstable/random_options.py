"""Random RocksDB options for the table reader's oracle; everything follows from one random.Random."""

from rocksdict import (
    BlockBasedIndexType,
    BlockBasedOptions,
    ChecksumType,
    DataBlockIndexType,
    DBCompactionStyle,
    DBCompressionType,
    DBRecoveryMode,
    Options,
    SliceTransform,
)

COMPRESSIONS = ["none", "snappy", "zlib", "lz4", "lz4hc", "zstd"]
CHECKSUMS = ["no_checksum", "crc32c", "xxhash", "xxhash64", "xxh3"]
INDEX_TYPES = ["binary_search", "two_level_index_search", "hash_search"]


def compression(name):
    return getattr(DBCompressionType, name)()


def pyquarkchain_options():
    """What pyquarkchain opens its databases with (pyquarkchain db.py: PersistentDb.__init__)."""
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_max_open_files(100000)
    options.set_write_buffer_size(128 * 1024 * 1024)
    options.set_max_write_buffer_number(3)
    options.set_target_file_size_base(67108864)
    options.set_compression_type(compression("snappy"))
    return options


def random_table(rng, note):
    """How blocks are laid out."""
    table = BlockBasedOptions()

    def choose(name, values, apply):
        value = rng.choice(values)
        note[name] = value
        apply(value)

    choose("format_version", [2, 3, 4, 5, 6], table.set_format_version)
    choose("checksum", CHECKSUMS, lambda name: table.set_checksum_type(getattr(ChecksumType, name)()))
    choose("index_type", INDEX_TYPES, lambda name: table.set_index_type(getattr(BlockBasedIndexType, name)()))
    choose("block_size", [64, 256, 1024, 4096, 16384, 131072], table.set_block_size)
    choose("restart_interval", [1, 2, 7, 16, 64], table.set_block_restart_interval)
    choose("index_restart_interval", [1, 1, 3, 16], table.set_index_block_restart_interval)
    choose("metadata_block_size", [128, 1024, 4096], table.set_metadata_block_size)
    choose(
        "data_block_index",
        ["binary_search", "binary_search", "binary_and_hash"],
        lambda name: table.set_data_block_index_type(getattr(DataBlockIndexType, name)()),
    )
    if rng.random() < 0.3:
        note["bloom"] = True
        table.set_bloom_filter(10, rng.random() < 0.5)
        table.set_partition_filters(note["index_type"] == "two_level_index_search" and rng.random() < 0.5)
    return table


def random_compression(rng, note, options):
    if rng.random() < 0.25:
        levels = [rng.choice(COMPRESSIONS) for _ in range(7)]
        note["compression"] = levels
        options.set_compression_per_level([compression(name) for name in levels])
    else:
        name = rng.choice(COMPRESSIONS)
        note["compression"] = name
        options.set_compression_type(compression(name))
    if rng.random() < 0.2:
        note["bottommost"] = rng.choice(COMPRESSIONS)
        options.set_bottommost_compression_type(compression(note["bottommost"]))


def random_options(rng):
    """Options and a printable note of what was chosen."""
    note = {}
    if rng.random() < 0.15:
        note["options"] = "pyquarkchain"
        return pyquarkchain_options(), note
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    table = random_table(rng, note)
    options.set_block_based_table_factory(table)
    if note["index_type"] == "hash_search" or rng.random() < 0.1:
        options.set_prefix_extractor(SliceTransform.create_max_len_prefix(rng.choice([1, 3, 8])))
    random_compression(rng, note, options)
    note["write_buffer"] = rng.choice([64 << 10, 64 << 10, 256 << 10, 8 << 20])
    options.set_write_buffer_size(note["write_buffer"])
    options.set_max_write_buffer_number(rng.choice([2, 3, 6]))
    if rng.random() < 0.2:
        # Flushes wait for several memtables, so several logs stay live.
        note["merged_memtables"] = 3
        options.set_min_write_buffer_number_to_merge(3)
        options.set_max_write_buffer_number(6)
    options.set_target_file_size_base(rng.choice([4 << 10, 32 << 10, 1 << 20]))
    options.set_max_bytes_for_level_base(rng.choice([16 << 10, 128 << 10, 1 << 20]))
    options.set_max_bytes_for_level_multiplier(rng.choice([2.0, 4.0, 10.0]))
    options.set_level_zero_file_num_compaction_trigger(rng.choice([2, 4, 20]))
    options.set_level_compaction_dynamic_level_bytes(rng.random() < 0.5)
    options.set_disable_auto_compactions(rng.random() < 0.3)
    if rng.random() < 0.2:
        note["compaction"] = "universal"
        options.set_compaction_style(DBCompactionStyle.universal())
    if rng.random() < 0.15:
        note["recycled_logs"] = True
        options.set_recycle_log_file_num(4)
    if rng.random() < 0.1:
        options.set_wal_recovery_mode(DBRecoveryMode.skip_any_corrupted_record())
    if rng.random() < 0.1:
        note["max_manifest"] = 2000
        options.set_max_manifest_file_size(2000)
    if rng.random() < 0.1:
        options.set_max_total_wal_size(100 << 10)
    return options, note
