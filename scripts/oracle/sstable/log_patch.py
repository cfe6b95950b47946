"""Changes write-ahead logs after the fact: single deletions (which rocksdict cannot write) and damage."""

import os

BLOCK = 32768
HEADER = 7
FULL = 1
DELETION, VALUE, SINGLE_DELETION = 0x00, 0x01, 0x07

_TABLE = []
for _byte in range(256):
    _crc = _byte
    for _ in range(8):
        _crc = (_crc >> 1) ^ (0x82F63B78 if _crc & 1 else 0)
    _TABLE.append(_crc)


def masked_crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def log_files(folder):
    return sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".log"))


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def make_deletions_single(path, keys):
    """Turns the deletions of `keys` in unfragmented records of a plain log into single deletions; returns how many."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    changed = at = 0
    while at + HEADER <= len(data):
        if BLOCK - at % BLOCK < HEADER:
            at += BLOCK - at % BLOCK
            continue
        length = data[at + 4] | data[at + 5] << 8
        end = at + HEADER + length
        if data[at + 6] == FULL:
            here = _patch_batch(data, at + HEADER, end, keys)
            if here:
                changed += here
                data[at : at + 4] = masked_crc32c(data[at + 6 : end]).to_bytes(4, "little")
        at = end
    with open(path, "wb") as file:
        file.write(data)
    return changed


def _patch_batch(data, start, end, keys):
    changed = 0
    at = start + 12
    while at < end:
        tag_at = at
        length, at = _varint(data, at + 1)
        key = bytes(data[at : at + length])
        at += length
        if data[tag_at] == VALUE:
            length, at = _varint(data, at)
            at += length
        elif data[tag_at] == DELETION:
            if key in keys:
                data[tag_at] = SINGLE_DELETION
                changed += 1
        else:
            raise ValueError("unexpected tag %d" % data[tag_at])
    return changed


def damage_log(rng, folder):
    """Truncates, flips, zeroes or extends one log; returns what was done, or None without a log that has bytes."""
    paths = [path for path in log_files(folder) if os.path.getsize(path) > 0]
    if not paths:
        return None
    path = rng.choice([paths[-1], rng.choice(paths)])
    with open(path, "rb") as file:
        data = bytearray(file.read())
    kind = rng.choice(["truncate", "truncate", "truncate", "flip", "zero", "append", "append zeros", "remove"])
    at = rng.randrange(len(data))
    if kind == "truncate":
        del data[at:]
    elif kind == "flip":
        data[at] ^= 1 << rng.randrange(8)
    elif kind == "zero":
        length = min(rng.choice([1, 20, 40000]), len(data) - at)
        data[at : at + length] = bytes(length)
    elif kind == "append":
        data += rng.randbytes(rng.choice([1, 6, 7, 100]))
    elif kind == "append zeros":
        data += bytes(rng.choice([1, 6, 7, 100, 40000]))
    else:
        os.remove(path)
        return "%s removed" % os.path.basename(path)
    with open(path, "wb") as file:
        file.write(data)
    return "%s %s at %d" % (os.path.basename(path), kind, at)
