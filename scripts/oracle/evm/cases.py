"""Prints cases as JSON lines: `cases.py random FIRST_SEED WORLDS` or `cases.py directed`.

Needs pyquarkchain's checkout on PYTHONPATH.
"""
import json
import sys


def main():
    if sys.argv[1] == "random":
        from random_cases import random_cases

        first, count = int(sys.argv[2]), int(sys.argv[3])
        for seed in range(first, first + count):
            for case in random_cases(seed):
                print(json.dumps(case))
    else:
        from directed_cases import directed_cases

        for case in directed_cases():
            print(json.dumps(case))


main()
