"""Ten thousand pairs from a store, and the room that a hundred thousand people take."""

from __future__ import annotations

import gc
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from mentoring.asked import Wanted
from mentoring.free import Free
from mentoring.interval import Interval
from mentoring.worktime import forget, worktime
from service.candidates import Key, candidates, unreliable
from service.propose import NotYet, wanted_next
from service.work import Work, reading
from store.meetings import Standing
from store.past import NONE
from tests.bench.programme import DAY, NOW, calendar, filled, person
from tests.bench.row import Row, Scale

ROOT = Path(__file__).parents[2]
_RULES = 1_000
_CALENDARS = 500


def pairs(scale: Scale) -> Iterator[Row]:
    """A whole programme proposed from what the store holds."""
    with tempfile.TemporaryDirectory() as folder:
        work = filled(Path(folder), scale.pairs).work
        chosen, taken, waited = _timed(work)
        yield Row(
            f"{scale.pairs:,} pairs, from the store",
            taken,
            "s",
            f"calendars, meetings and minutes borne read, {chosen:,} best slots with reasons; no "
            f"rule's hours known before; processor time of one core ({waited:.1f} s on the clock)",
            limit=5,
        )
        _, again, waited = _timed(work)
        yield Row(
            f"{scale.pairs:,} pairs, once more",
            again,
            "s",
            f"hours known from the first time ({waited:.1f} s on the clock)",
            limit=5,
            peer="the first time",
            ratio=taken / again,
        )
        work.engine.dispose()


def _timed(work: Work) -> tuple[int, float, float]:
    """How many pairs have a time, and the seconds that finding them took: worked, and waited."""
    begun, clock = time.process_time(), time.perf_counter()
    chosen = proposed(work)
    return chosen, time.process_time() - begun, time.perf_counter() - clock


def proposed(work: Work) -> int:
    """How many pairs have a time."""
    people = {email for pair in work.roster.pairs for email in pair.key}
    with reading(work.engine) as connection:
        doubtful = unreliable(work, connection, people)
        wanted: dict[Key, Wanted] = {}
        for pair in work.roster.pairs:
            each = wanted_next(work, pair, NONE, Standing(*pair.key, "waiting"))
            if not isinstance(each, NotYet) and not doubtful.keys() & set(pair.key):
                wanted[pair.key] = each
        found = candidates(work, connection, wanted)
        return sum(search.best() is not None for search in found.values())


def memory(scale: Scale) -> Iterator[Row]:
    """In a process of its own: what one frees, another finds again."""
    code = f"from tests.bench.many import room; print(room({scale.people}))"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    yield Row(
        f"{scale.people:,} people's time",
        float(run.stdout),
        "MB",
        f"30 days, 180 entries each, {_RULES:,} rules; growth of the process, by address",
        limit=150,
    )


def room(people: int) -> float:
    """Megabytes by which the process grows for so many people's free time."""
    chance = random.Random(1)
    start = NOW + 2 * DAY
    window = Interval(start, start + 30 * DAY)
    rules = [person(number, chance) for number in range(_RULES)]
    spans = [calendar(start, 30, chance) for _ in range(_CALENDARS)]
    forget()
    gc.collect()
    before = resident()
    kept = {}
    for number in range(people):
        shift = 60 * chance.randrange(600)
        own = [(a + shift, b + shift) for a, b in spans[number % _CALENDARS]]
        work = worktime(rules[number % _RULES], window)
        kept[f"person{number}@example.org"] = Free.of(work, own)
    gc.collect()
    return resident() - before


def resident(process: str = "self") -> float:
    """Megabytes of a process in memory."""
    text = Path(f"/proc/{process}/status").read_text("utf-8")
    line = next(line for line in text.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024
