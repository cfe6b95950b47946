"""Make databases under altered rules, and what unaltered pyquarkchain says about each of their blocks.

usage: PYQUARKCHAIN=... FIXTUREGEN=... python altered.py --out DIR [--only NAME ...] [--list]

Per alteration DIR/NAME gets the database, cluster_config.json, the generator's exports, alteration.json and
expected.json. Every database is made and re-executed in processes of its own, one after the other.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys

import oracle_env

oracle_env.use_generator()

import alterations
from alterations import ALTERATIONS, REFUSED, ROOT
from random_alterations import random_alteration

UNITS = "units.json"  # what the units of each block did under the altered rule


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", help="folder that gets one folder per alteration")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="default: all; random-SEED-INDEX: one drawn from a grammar of changes")
    parser.add_argument("--list", action="store_true", help="print the alterations and exit")
    parser.add_argument("--seed", type=int, help="override the seed of the alteration")
    parser.add_argument("--rounds", type=int, help="override the number of root rounds")
    parser.add_argument("--build-here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.list:
        for alteration in ALTERATIONS.values():
            print("%-26s %s" % (alteration.name, alteration.rule))
        return 0
    if not args.out:
        parser.error("--out is missing")
    chosen = [ALTERATIONS.get(name) or random_alteration(name) for name in args.only or ALTERATIONS]
    if None in chosen:
        parser.error("no alteration is called %s" % args.only[chosen.index(None)])
    if args.build_here:
        (alteration,) = chosen
        build(alteration, args.out, args.seed, args.rounds)
        return 0
    problems = [p for a in chosen for p in make(a, args.out, args.seed, args.rounds)]
    for problem in problems:
        print("PROBLEM " + problem)
    return 1 if problems else 0


def make(alteration, out, seed, rounds):
    """Make one folder; returns what does not look as the alteration says it should."""
    seed = alteration.seed if seed is None else seed
    rounds = alteration.rounds if rounds is None else rounds
    folder = os.path.join(out, alteration.name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    print("%s: seed %d, %d rounds" % (alteration.name, seed, rounds), flush=True)
    oracle_env.run_python(
        "altered.py",
        "--build-here",
        "--only",
        alteration.name,
        "--out",
        folder,
        "--seed",
        str(seed),
        "--rounds",
        str(rounds),
    )
    expected_path = os.path.join(folder, "expected.json")
    units = os.path.join(folder, UNITS)
    oracle_env.run_python("reexecute.py", "--db", folder, "--out", expected_path, "--units", units)
    os.remove(units)
    with open(expected_path) as f:
        expected = json.load(f)
    with open(os.path.join(folder, "alteration.json"), "w") as f:
        json.dump(summary(alteration, expected, seed, rounds), f, indent=1)
        f.write("\n")
    return check(alteration, expected)


def build(alteration, folder, seed, rounds):
    """Run the generator with the altered rule; the genesis blocks are made before the rule changes."""
    import generate
    from unit_effects import UnitEffects

    effects = []

    class AlteredWorld(generate.World):
        def __init__(self, *args):
            super().__init__(*args)
            alteration.apply(self)
            effects.append(UnitEffects())

    generate.World = AlteredWorld
    os.chdir(folder)
    args = argparse.Namespace(
        scenario="small", seed=seed, root_blocks=rounds, out=".", flush_every=0, live_copy=None, plugin=None
    )
    asyncio.run(generate.amain(args))
    with open(UNITS, "w") as f:
        json.dump(effects[0].blocks, f)


def touched(divergence):
    """The names of what differs in one divergence."""
    return {REFUSED} if "error" in divergence else {f["field"] for f in divergence["fields"]}


def summary(alteration, expected, seed, rounds):
    counts = {}
    for divergence in expected["divergences"]:
        for name in touched(divergence):
            counts[name] = counts.get(name, 0) + 1
    first = expected["divergences"][:1]
    return {
        "name": alteration.name,
        "rule": alteration.rule,
        "seed": seed,
        "rounds": rounds,
        "minorBlocks": expected["minorBlocks"],
        "divergentMinorBlocks": len(expected["divergences"]),
        "refusedRootBlocks": len(expected["rootDivergences"]),
        "fields": dict(sorted(counts.items())),
        "first": [
            dict({k: d[k] for k in ("fullShardId", "height", "rootHeight")}, fields=sorted(touched(d))) for d in first
        ],
    }


def check(alteration, expected):
    name, divergences = alteration.name, expected["divergences"]
    if alteration.certain == {ROOT}:
        if divergences or not expected["rootDivergences"]:
            return ["%s: expected refused root blocks and nothing else" % name]
        return []
    if not divergences:
        return ["%s: nothing diverges, the rule was not touched" % name]
    first = touched(divergences[0])
    allowed = alteration.certain | alteration.possible
    if not alteration.certain <= first <= allowed:
        return ["%s: first divergence in %s, expected %s" % (name, sorted(first), sorted(alteration.certain))]
    return []


if __name__ == "__main__":
    sys.exit(main())
