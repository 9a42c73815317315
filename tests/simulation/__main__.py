"""`python -m tests.simulation --seeds 1000`: worlds by their seeds; `--seed N` plays one again."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.settle import settle
from tests.simulation.world import Size, World
from tests.world import in_memory


@dataclass(frozen=True)
class Played:
    """What became of one world. `digest` is of every mail's bytes and every state."""

    seed: int
    passes: int
    kills: int
    booked: int
    mails: int
    faults: tuple[str, ...]
    digest: str
    seconds: float


def played(size: Size, seed: int) -> Played:
    """One world, from beginning to end."""
    began = time.process_time()
    with TemporaryDirectory(prefix="overlap-", dir=in_memory()) as folder:
        world = World(seed, Path(folder) / "programme", size)
        world.play()
    return Played(
        seed,
        world.passes,
        world.kills,
        world.invariants.booked,
        world.mails,
        tuple(world.faults),
        world.trace.hexdigest(),
        time.process_time() - began,
    )


def all_of(seeds: list[int], size: Size, jobs: int) -> Iterator[Played]:
    """The worlds in the seeds' order, on so many processes; each plays as it would alone."""
    play = partial(played, size)
    if jobs == 1:
        yield from map(play, seeds)
        return
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        yield from pool.imap(play, seeds)


def say(*lines: str) -> None:
    sys.stdout.write("\n  ".join(lines) + "\n")
    sys.stdout.flush()


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    asked.add_argument("--seeds", type=int, default=20, help="how many worlds")
    asked.add_argument("--first", type=int, default=1, help="the first one's seed")
    asked.add_argument("--seed", type=int, help="this one alone")
    asked.add_argument("--jobs", type=int, default=1, help="how many at once")
    asked.add_argument("--pairs", type=int, default=Size.pairs)
    asked.add_argument("--weeks", type=int, default=Size.weeks)
    asked.add_argument("--looks", type=int, default=Size.looks, help="passes a week")
    asked.add_argument(
        "--weekly", type=float, default=Size.weekly, help="the share of pairs that meet each week"
    )
    given = asked.parse_args()
    size = Size(given.pairs, given.weeks, given.looks, given.weekly)
    alone = given.seed is not None
    seeds = [given.seed] if alone else list(range(given.first, given.first + given.seeds))
    settle()
    worlds = []
    for world in all_of(seeds, size, given.jobs):
        worlds.append(world)
        if world.faults:
            say(f"seed {world.seed}: {len(world.faults)} faults", *world.faults[:5])
        elif alone:
            say(f"seed {world.seed}: {world.digest}")
    say(_in_short(worlds, size))
    return 1 if any(world.faults for world in worlds) else 0


def _in_short(worlds: list[Played], size: Size) -> str:
    bad = [world.seed for world in worlds if world.faults]
    sums = (
        f"{sum(world.passes for world in worlds)} passes",
        f"{sum(world.kills for world in worlds)} kills",
        f"{sum(world.booked for world in worlds)} times chosen",
        f"{sum(world.mails for world in worlds)} mails",
        f"{len(bad)} with faults {bad[:20]}",
    )
    return (
        f"{len(worlds)} worlds of {size.pairs} pairs and {size.weeks} weeks: {', '.join(sums)}; "
        f"{sum(world.seconds for world in worlds):.1f} s of one core"
    )


if __name__ == "__main__":
    sys.exit(main())
