"""The overview for the coordinator's page: made anew after an act, or when it is seconds old."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from mentoring.attention import for_supervisor, rank
from mentoring.roster import Roster
from service.doors import Doors
from service.overview import Overview, PairRow, overview
from service.work import Work, reading

GOOD_FOR = timedelta(seconds=10)


@dataclass(frozen=True)
class Seen:
    """An overview with the work it was made by; `rows` has the pairs that need help first."""

    work: Work
    overview: Overview
    rows: tuple[PairRow, ...]


def seen_by(seen: Seen, coordinator: str) -> Seen:
    """What this coordinator may see, who may be the supervisor of some."""
    own = seen.work.roster.supervised_by(coordinator)
    if not own:
        return seen
    rows = tuple(replace(row, needs=for_supervisor(row.needs, own)) for row in seen.rows)
    return replace(seen, rows=rows)


class Latest:
    """Keeps the newest overview, so that turning a page of thousands of pairs costs no reading."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._lock = threading.Lock()
        self._kept: Seen | None = None

    def seen(self, present: Work) -> Seen:
        """The overview as of `present`, at the most ten seconds old."""
        with self._lock:
            if self._kept is None or not _serves(self._kept, present):
                self._kept = self._look()
            return self._kept

    def forget(self) -> None:
        """Something was done: what is kept is old."""
        with self._lock:
            self._kept = None

    def _look(self) -> Seen:
        with _without_collecting():
            work = self._doors.work()
            with reading(work.engine) as connection:
                made = overview(connection, work.roster, work.now)
            return Seen(work, made, tuple(helped_first(made)))


@contextmanager
def _without_collecting() -> Iterator[None]:
    """No full garbage collection halfway: of thousands of pairs it finds nothing, in 100 ms."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _serves(kept: Seen, present: Work) -> bool:
    same_files = kept.work.files is present.files
    return same_files and timedelta(0) <= present.now - kept.work.now < GOOD_FOR


def helped_first(made: Overview) -> list[PairRow]:
    """Pairs that need help first, the most pressing at the top; the others by their names."""
    helped = sorted((row for row in made.pairs if row.needs), key=lambda row: rank(row.needs[0]))
    others = sorted(
        (row for row in made.pairs if not row.needs), key=lambda row: _names(made.roster, row)
    )
    return [*helped, *others]


def _names(roster: Roster, row: PairRow) -> tuple[str, str]:
    mentor, mentee = roster.both_of(row.pair)
    return mentor.name.casefold(), mentee.name.casefold()
