"""Make the databases of further seeds and check that pyquarkchain re-executes each of them without a divergence.

usage: PYQUARKCHAIN=... FIXTUREGEN=... python seeds.py --out DIR [--only NAME ...]

DIR/seed-<kind>-<seed> gets the database, cluster_config.json, the generator's exports and expected.json.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys

import oracle_env

# name: (scenario, seed, root rounds)
SEEDS = {
    "small-101": ("small", 101, 16),
    "small-202": ("small", 202, 20),
    "small-303": ("small", 303, 24),
    "small-404": ("small", 404, 30),
    "mainnet-505": ("mainnet-like", 505, 40),
    "mainnet-606": ("mainnet-like", 606, 60),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, help="folder that gets one folder per seed")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=sorted(SEEDS), help="default: all")
    parser.add_argument("--build-here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    chosen = args.only or list(SEEDS)
    if args.build_here:
        (name,) = chosen
        build(*SEEDS[name], args.out)
        return 0
    return 0 if all([make(name, args.out) for name in chosen]) else 1


def make(name, out):
    """Make one folder; True when its re-execution is clean."""
    folder = os.path.join(out, "seed-" + name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    print("%s: scenario %s, seed %d, %d rounds" % (name, *SEEDS[name]), flush=True)
    oracle_env.run_python("seeds.py", "--build-here", "--only", name, "--out", folder)
    expected_path = os.path.join(folder, "expected.json")
    oracle_env.run_python("reexecute.py", "--db", folder, "--out", expected_path)
    with open(expected_path) as f:
        expected = json.load(f)
    return not expected["divergences"] and not expected["rootDivergences"]


def build(scenario, seed, rounds, folder):
    oracle_env.use_generator()
    import generate

    os.chdir(folder)
    args = argparse.Namespace(
        scenario=scenario, seed=seed, root_blocks=rounds, out=".", flush_every=0, live_copy=None, plugin=None
    )
    asyncio.run(generate.amain(args))


if __name__ == "__main__":
    sys.exit(main())
