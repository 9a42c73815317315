"""`python -m tests.simulation --seeds 1000`: worlds by their seeds; `--seed N` plays one again."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.simulation.world import Size, World


def played(seed: int, size: Size) -> World:
    """One world, from beginning to end."""
    with TemporaryDirectory(prefix="overlap-", dir=_in_memory()) as folder:
        world = World(seed, Path(folder) / "programme", size)
        world.play()
    return world


def _in_memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def say(*lines: str) -> None:
    sys.stdout.write("\n  ".join(lines) + "\n")
    sys.stdout.flush()


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    asked.add_argument("--seeds", type=int, default=20, help="how many worlds")
    asked.add_argument("--first", type=int, default=1, help="the first one's seed")
    asked.add_argument("--seed", type=int, help="this one alone")
    asked.add_argument("--pairs", type=int, default=Size.pairs)
    asked.add_argument("--weeks", type=int, default=Size.weeks)
    asked.add_argument("--looks", type=int, default=Size.looks, help="passes a week")
    given = asked.parse_args()
    size = Size(given.pairs, given.weeks, given.looks)
    alone = given.seed is not None
    seeds = [given.seed] if alone else list(range(given.first, given.first + given.seeds))
    began, mails, kills, passes, booked, bad = time.process_time(), 0, 0, 0, 0, []
    for seed in seeds:
        world = played(seed, size)
        mails, kills, passes = mails + world.mails, kills + world.kills, passes + world.passes
        booked += world.invariants.booked
        if world.faults:
            bad.append(seed)
            say(f"seed {seed}: {len(world.faults)} faults", *world.faults[:5])
        elif alone:
            say(f"seed {seed}: {world.trace.hexdigest()}")
    spent = time.process_time() - began
    say(
        f"{len(seeds)} worlds of {size.pairs} pairs and {size.weeks} weeks: {passes} passes, "
        f"{kills} kills, {booked} times chosen, {mails} mails, "
        f"{len(bad)} with faults {bad[:20]}; {spent:.1f} s of one core"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
