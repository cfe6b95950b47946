"""Where pyquarkchain and the fixture generator are; importing this module makes both importable.

Environment: PYQUARKCHAIN = a pyquarkchain checkout (with qkchash/libqkchash.so built),
FIXTUREGEN = the folder of the fixture generator (only needed to make databases).
"""

import os
import subprocess
import sys


def _folder(variable):
    path = os.environ.get(variable)
    if not path:
        raise SystemExit("%s is not set; see README.md" % variable)
    if not os.path.isdir(path):
        raise SystemExit("%s=%s is not a folder" % (variable, path))
    return os.path.abspath(path)


def use_pyquarkchain():
    """Put the checkout on the import path and return its folder."""
    path = _folder("PYQUARKCHAIN")
    if path not in sys.path:
        sys.path.insert(0, path)
    return path


def use_generator():
    """Put the generator on the import path and return its folder."""
    use_pyquarkchain()
    path = _folder("FIXTUREGEN")
    if path not in sys.path:
        sys.path.insert(0, path)
    return path


def run_python(script, *args):
    """Run a script of this folder in a fresh interpreter (ORACLE_PYTHON, default: this one)."""
    here = os.path.dirname(os.path.abspath(__file__))
    python = os.environ.get("ORACLE_PYTHON", sys.executable)
    subprocess.run([python, "-W", "ignore", os.path.join(here, script), *args], check=True)
