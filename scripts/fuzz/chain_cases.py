"""Chain level: `chain_cases.py SEED FOLDER` makes a small database from a random configuration.

Blocks, transactions and reorganisations are the fixture generator's (FIXTUREGEN); the configuration and the programs
are drawn here.
"""
import argparse
import asyncio
import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle", "evm"))

from explorer import Explorer
from programs import assemble

# The generator has another module of that name.
del sys.modules["programs"]
sys.path.insert(0, os.environ["FIXTUREGEN"])

import fuzzgen
import generate
from world import Params, World

NEVER = 10 ** 12


def program(rng, addresses):
    if rng.random() < 0.5:
        return fuzzgen.program(rng, addresses)
    code = Explorer(rng, addresses, rng.randint(1, 2)).program(rng.randint(1, 8))
    # Off its end with gas below zero, code called by a deposit would stop the target shard for good.
    return code + assemble("STOP")


def params_of(seed):
    rng = random.Random(seed)

    class RandomParams(Params):
        name = "fuzz-chain"
        chains = [1] + [rng.choice([1, 1, 2, 4]) for _ in range(rng.randint(1, 4))]
        blocks_per_round = rng.choice([(0, 1, 1, 2), (2, 3, 4, 5), (0, 3, 5), (1, 2, 6)])
        empty_prob = rng.choice([0.05, 0.2, 0.5])
        time_step = rng.choice([40, 60, 100])
        posw_windows = [rng.choice([2, 3, 5, 8, 16]) for _ in range(5)]
        history = rng.random() < 0.3
        root_reorg_every = rng.choice([0, 4, 7])
        flood_rounds = tuple(rng.sample(range(6, 20), rng.choice([0, 0, 1, 2])))
        flood_simple = rng.random()
        jump_rounds = {rng.randint(5, 12): 8 * 86400} if rng.random() < 0.5 else {}
        fuzz = staticmethod(program)
        predeploy = rng.random() < 0.4
        slaves = 1

    RandomParams.late_chain = len(RandomParams.chains) - 1 if len(RandomParams.chains) > 2 and rng.random() < 0.25 else None
    rounds = rng.randint(16, 36)
    if RandomParams.late_chain is not None and RandomParams.root_reorg_every:
        # A fork below the root block that a shard starts from is more than the driver can follow.
        RandomParams.root_reorg_every = 7
    return RandomParams, rounds


class RandomWorld(World):
    def make_config(self):
        super().make_config()
        rng = random.Random("config %s" % self.seed)
        quarkchain = self.cfg["QUARKCHAIN"]
        length = self.p.time_step * self.rounds

        def moment(name, null_means):
            """A time within the run, at its start, or none."""
            value = rng.choice([self.T0 + int(length * rng.random() * 0.7)] * 6 + [0, None])
            if value is None and quarkchain["NETWORK_ID"] == 1 and null_means == NEVER:
                value = 0
            quarkchain[name] = value
            return null_means if value is None else value

        quarkchain["NETWORK_ID"] = rng.choice([1, 1, 3, 255])
        self.ts_tx = moment("ENABLE_TX_TIMESTAMP", 0)
        self.ts_evm = moment("ENABLE_EVM_TIMESTAMP", 0)
        tokens = moment("ENABLE_NON_RESERVED_NATIVE_TOKEN_TIMESTAMP", NEVER)
        general = moment("ENABLE_GENERAL_NATIVE_TOKEN_TIMESTAMP", NEVER)
        self.ts_mnt = max(tokens, general)
        self.ts_decay = moment("ENABLE_POSW_STAKING_DECAY_TIMESTAMP", NEVER)
        self.ts_155 = moment("ENABLE_EIP155_SIGNER_TIMESTAMP", 0)
        quarkchain["XSHARD_GAS_DDOS_FIX_ROOT_HEIGHT"] = rng.choice([0, 1, rng.randint(2, self.rounds), 90000])
        quarkchain["REWARD_TAX_RATE"] = rng.choice([0.5, 0.1, 0.33, 0.75])
        quarkchain["BLOCK_REWARD_DECAY_FACTOR"] = rng.choice([0.88, 0.5, 1.0])
        root = quarkchain["ROOT"]
        root["EPOCH_INTERVAL"] = rng.randint(1, self.rounds + 3)
        root["COINBASE_AMOUNT"] = rng.choice([156 * 10 ** 18, 1, 10 ** 30 + 7])
        root["DIFFICULTY_ADJUSTMENT_CUTOFF_TIME"] = rng.choice([45, 7, 300])
        root["DIFFICULTY_ADJUSTMENT_FACTOR"] = rng.choice([2048, 16, 1])
        for chain in quarkchain["CHAINS"]:
            self.vary_chain(rng, chain, length)

    def vary_chain(self, rng, chain, length):
        # A reward that decays to nothing gives blocks that pyquarkchain makes and, read back, refuses.
        chain["COINBASE_AMOUNT"] = rng.choice([65 * 10 ** 17, 10 ** 15 + 3, 10 ** 30 + 7])
        chain["EPOCH_INTERVAL"] = rng.randint(6, 60)
        chain["DIFFICULTY_ADJUSTMENT_CUTOFF_TIME"] = rng.choice([7, 9, 60])
        chain["DIFFICULTY_ADJUSTMENT_FACTOR"] = rng.choice([512, 16, 1])
        genesis = chain["GENESIS"]
        genesis["GAS_LIMIT"] = rng.choice([12000000, 12000000, 11000000, 16000001, 30000000])
        if genesis.get("ROOT_HEIGHT"):
            genesis["ROOT_HEIGHT"] = rng.choice([1, 2, 2, 2, 3])
        posw = chain["POSW_CONFIG"]
        posw["ENABLED"] = rng.random() < 0.8
        posw["TOTAL_STAKE_PER_BLOCK"] = posw["TOTAL_STAKE_PER_BLOCK"] or 40000 * 10 ** 18
        posw["ENABLE_TIMESTAMP"] = rng.choice([0, self.T0 + int(length * rng.random() * 0.6)])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("folder")
    args = parser.parse_args()
    asyncio.run(make(args.seed, args.folder))


async def make(seed, folder):
    params, rounds = params_of(seed)
    world = RandomWorld(params, seed, rounds, folder)
    runner = generate.Runner(world)
    stopped = None
    try:
        await runner.run()
    except Exception as error:
        # Some chains pyquarkchain cannot continue (a shard born late that meets a header older than itself, a deposit
        # that nobody can process): what there is up to here is a database all the same.
        stopped = "%s: %s" % (type(error).__name__, error)
    await asyncio.sleep(0)
    answer = {
        "stopped": stopped,
        "rounds": rounds,
        "minorBlocks": len(world.net.records),
        "transactions": len(runner.txs),
        "rootTip": world.net.root.tip.height,
        "shards": len(world.fids),
    }
    world.net.close()
    with open(os.path.join(folder, "made.json"), "w") as made:
        json.dump(answer, made)


if __name__ == "__main__":
    main()
