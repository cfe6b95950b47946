"""Random headers with the verdicts of pyquarkchain's own validate_seal, one JSON object per line.

usage: PYTHONPATH=<pyquarkchain> python seals.py SEED COUNT ALGORITHM   (POW_DOUBLESHA256, POW_ETHASH or POW_QKCHASH)

Each header is asked about with its right seal at difficulties on both sides of the target, and with a wrong nonce, a wrong
mixhash and, for qkchash, as the other variant. qkchash needs libqkchash.so (make -C qkchash).
"""
import json
import random
import sys

from ethereum.pow import ethpow
from ethereum.pow.ethash_utils import EPOCH_LENGTH, get_cache_size, get_full_size
from qkchash import qkcpow
from quarkchain.cluster.miner import validate_seal
from quarkchain.config import ConsensusType
from quarkchain.core import Branch, MinorBlockHeader, RootBlockHeader
from quarkchain.utils import sha256

EPOCHS = {
    ConsensusType.POW_DOUBLESHA256: range(700),
    ConsensusType.POW_ETHASH: (0, 1),  # a cache takes pure Python half a minute
    ConsensusType.POW_QKCHASH: (0, 1, 48, 49, 50, 110, 650, 740),
}


def remember(function):
    known = {}

    def answer(*arguments):
        key = tuple(a for a in arguments if not isinstance(a, list))
        if key not in known:
            known[key] = function(*arguments)
        return known[key]

    return answer


# validate_seal asks again for the same hash at each difficulty
ethpow.hashimoto = remember(ethpow.hashimoto)


def random_header(r, height):
    common = dict(version=0, height=height, create_time=r.getrandbits(32), difficulty=r.getrandbits(60),
                  extra_data=r.randbytes(r.randrange(30)))
    if r.random() < 0.3:
        header = RootBlockHeader(hash_prev_block=r.randbytes(32), hash_merkle_root=r.randbytes(32),
                                 total_difficulty=r.getrandbits(80), **common)
    else:
        header = MinorBlockHeader(branch=Branch(r.randrange(8) << 16 | 1), hash_prev_minor_block=r.randbytes(32),
                                  hash_meta=r.randbytes(32), bloom=r.getrandbits(2048), **common)
    header.nonce = r.choice((0, 1, 2 ** 63, 2 ** 64 - 1, *[r.getrandbits(64)] * 12))
    return header


def mix_and_result(header, algorithm, x):
    mining_hash, nonce = header.get_hash_for_mining(), header.nonce.to_bytes(8, "big")
    if algorithm == ConsensusType.POW_ETHASH:
        cache = ethpow.get_cache(get_cache_size(header.height), header.height)
        out = ethpow.hashimoto(header.height, get_full_size(header.height), cache, mining_hash, nonce)
        return out[b"mix digest"], out[b"result"]
    if algorithm == ConsensusType.POW_QKCHASH:
        out = qkcpow.get_mining_output(header.height, mining_hash, nonce, x)
        return out["mix digest"], out["result"]
    return bytes(32), sha256(sha256(mining_hash + nonce))


def accepted(header, algorithm, difficulty, x):
    try:
        validate_seal(header, algorithm, adjusted_diff=difficulty, qkchash_with_rotation_stats=x)
        return True
    except ValueError:
        return False


def questions(r, header, algorithm, x):
    """(header, difficulty, x) around the seal that the header carries"""
    mix, result = mix_and_result(header, algorithm, x)
    header.mixhash = mix
    largest = 2 ** 256 // max(int.from_bytes(result, "big"), 1)
    for difficulty in sorted({0, 1, max(largest - 1, 0), largest, largest + 1, r.randrange(2 * largest + 2)}):
        yield header, difficulty, x
    wrong_mix = type(header).deserialize(header.serialize())
    bits = bytearray(mix)
    bits[r.randrange(32)] ^= 1 << r.randrange(8)
    wrong_mix.mixhash = bytes(bits)
    yield wrong_mix, 1, x
    wrong_nonce = type(header).deserialize(header.serialize())
    wrong_nonce.nonce ^= 1 << r.randrange(64)
    yield wrong_nonce, largest, x
    if algorithm == ConsensusType.POW_QKCHASH:
        yield header, 1, not x


def main():
    seed, count, algorithm = int(sys.argv[1]), int(sys.argv[2]), ConsensusType[sys.argv[3]]
    r = random.Random("%d/%s" % (seed, algorithm.name))
    for _ in range(count):
        height = r.choice(EPOCHS[algorithm]) * EPOCH_LENGTH + r.choice((0, EPOCH_LENGTH - 1, r.randrange(EPOCH_LENGTH)))
        header = random_header(r, height)
        x = algorithm == ConsensusType.POW_QKCHASH and r.random() < 0.5
        for asked, difficulty, variant in questions(r, header, algorithm, x):
            print(json.dumps({
                "consensusType": algorithm.name, "miningHash": asked.get_hash_for_mining().hex(),
                "nonce": str(asked.nonce), "mixhash": asked.mixhash.hex(), "difficulty": str(difficulty),
                "height": asked.height, "qkchashX": variant, "accepted": accepted(asked, algorithm, difficulty, variant)}))


main()
