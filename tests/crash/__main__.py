"""`python -m tests.crash`: kill the daemon at its system calls, and print what came of it.

All points without `--points`; `--points 1000 --doubles 100` is a sample. The exit status is 1
where anything was lost or doubled.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace

from tests.crash.channels import CHANNELS
from tests.crash.points import Plan, Result
from tests.crash.report import over, table


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--points", type=int, help="kills in all; every point without it")
    parser.add_argument("--doubles", type=int, default=0, help="double kills in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after these")
    parser.add_argument("--jobs", type=int, default=2, help="channels at once")
    parser.add_argument("--channels", default=",".join(CHANNELS))
    given = parser.parse_args(words)
    names = given.channels.split(",")
    began = time.monotonic()
    plan = Plan(
        points=None if given.points is None else -(-given.points // len(names)),
        doubles=-(-given.doubles // len(names)),
        seed=given.seed,
    )
    waves = -(-len(names) // given.jobs)
    results: list[Result] = []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(given.jobs, mp_context=context, max_tasks_per_child=1) as pool:
        runs = []
        for number, name in enumerate(names):  # each wave of channels has its share of the time
            share = (number // given.jobs + 1) / waves
            until = began + given.minutes * 60 * share
            runs.append(pool.submit(over, name, replace(plan, until=until)))
        for done in as_completed(runs):
            results += done.result()
    print(table(results))
    print(f"\nSeed {given.seed}, {(time.monotonic() - began) / 60:.0f} minutes.")
    bad = [result for result in results if not result.verdict.good]
    for result in bad:
        print(f"- {result}")
    return 1 if bad or not results else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
