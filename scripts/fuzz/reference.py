"""The running reference: answers requests, one JSON object a line, in order.

Needs pyquarkchain's checkout on PYTHONPATH; FIXTUREGEN names the fixture generator for the chain level.
"""
import json
import logging
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle", "evm"))
logging.disable(logging.CRITICAL)


def messages(request):
    from message_cases import cases_of_seed

    return [cases_of_seed(seed) for seed in request["seeds"]]


def message(request):
    from message_cases import run_again

    return run_again(request["case"])


def trace(request):
    from message_cases import trace as trace_case

    return trace_case(request["case"], request["limit"])


def blocks(request):
    from block_cases import case_of_seed

    return [case_of_seed(seed) for seed in request["seeds"]]


def block(request):
    from block_cases import run_again

    return run_again(request["case"])


def database(request):
    """Made in a process of its own: a database leaves much behind."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "chain_cases.py")
    made = subprocess.run(
        [sys.executable, "-W", "ignore", script, str(request["seed"]), request["folder"]], capture_output=True, text=True
    )
    if made.returncode != 0:
        raise RuntimeError("seed %d: %s" % (request["seed"], made.stderr[-1500:]))
    with open(os.path.join(request["folder"], "made.json")) as answer:
        return json.load(answer)


REQUESTS = {f.__name__: f for f in (messages, message, trace, blocks, block, database)}


def main():
    # What the reference prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"answer": REQUESTS[request["do"]](request)}
        except Exception as error:
            answer = {"error": "%s: %s" % (type(error).__name__, error)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
