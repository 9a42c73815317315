"""`python -m tests.hostile --cases N --seed S`: N mutants over all parsers, and what came of it."""

from __future__ import annotations

import argparse
import sys
import time

import structlog

from tests.hostile.fuzz import bound_memory, fuzz, share
from tests.hostile.parsers import PARSERS


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Exit status 1 where anything was found."""
    arguments = argparse.ArgumentParser(prog="python -m tests.hostile")
    arguments.add_argument("--cases", type=int, default=1_000_000)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--only", choices=sorted(PARSERS), default=None)
    given = arguments.parse_args()
    wanted = {given.only: given.cases} if given.only else share(given.cases)
    bound_memory()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    found, ran, began = 0, 0, time.process_time()
    _say(f"{'parser':<14}{'cases':>9}{'slowest':>10}  came to")
    for name, cases in wanted.items():
        run = fuzz(name, cases, given.seed)
        said = ", ".join(f"{word} {count}" for word, count in sorted(run.outcomes.items()))
        _say(f"{name:<14}{cases:>9}{run.slowest * 1000:>7.0f} ms  {said}")
        for finding in run.findings:
            _say(finding)
        found += len(run.findings)
        ran += cases
    _say(f"{ran} cases, {found} findings, {time.process_time() - began:.0f} s of processor time")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
