"""`python -m tests.mutation [PATH…]` puts slips into what must hold, and counts those found."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from tests.mutation.subjects import MODULES
from tests.mutation.trial import try_module

LEAST = 90
"""Percent of a module's mutants that its own tests find."""


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("path", nargs="*", help="modules to try; all of them if none is named")
    parser.add_argument("--jobs", type=int, default=1, help="how many modules at once")
    parser.add_argument("--same", action="store_true", help="print the mutants named as the same")
    given = parser.parse_args(argv)
    if unknown := set(given.path) - {module.path for module in MODULES}:
        parser.error(f"not named in subjects.py: {', '.join(sorted(unknown))}")
    modules = [module for module in MODULES if not given.path or module.path in given.path]
    spawning = multiprocessing.get_context("spawn")
    poor = False
    print(f"{'module':32}{'mutants':>9}{'found':>7}{'same':>6}{'score':>8}")
    with ProcessPoolExecutor(given.jobs, mp_context=spawning, max_tasks_per_child=1) as pool:
        for score in pool.map(try_module, modules):
            percent = 100 * score.found / (score.tried - len(score.same))
            poor |= percent < LEAST or bool(score.stale)
            print(
                f"{score.path:32}{score.tried:9}{score.found:7}{len(score.same):6}{percent:7.1f}%",
                *score.lived,
                *(f"{score.path}: no mutant that lives is {name}" for name in score.stale),
                *(score.same if given.same else ()),
                sep="\n  ",
                flush=True,
            )
    return int(poor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
