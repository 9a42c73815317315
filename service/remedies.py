"""What would help a pair for which no time suits: gathered, and worded for whom it concerns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from mentoring.diagnosis import LOOK_FURTHER, Change, Remedy, in_words, smallest_changes
from mentoring.interval import Interval
from mentoring.notices import Hint, PatternNotice
from mentoring.roster import Pair
from mentoring.slots import Side, Wanted
from mentoring.stretch import have_common_hours
from service.post import post
from service.sides import sides
from service.sync import window
from service.work import Work, party, reader


def remedies(
    work: Work, connection: Connection, pair: Pair, wanted: Wanted
) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """The changes that would help, the smallest first, and the same in the coordinator's words."""
    until = _known_until(work, pair, wanted)
    reach = Interval(wanted.window.start, max(until, wanted.window.end))
    both = sides(work, connection, work.roster.both_of(pair), reach)
    changes = smallest_changes(*both, wanted, until)
    return changes, tuple(in_words(change, both, wanted) for change in changes)


def _known_until(work: Work, pair: Pair, wanted: Wanted) -> datetime:
    """A later time is named while the pair lasts, and as far as calendars were read."""
    zone = ZoneInfo(work.roster.programme.timezone)
    end = datetime.combine(pair.end + timedelta(days=1), time(), zone)
    read = (window(work, p).end for p in work.roster.both_of(pair) if p.calendar)
    return min(wanted.window.end + LOOK_FURTHER, end, *read)


def tell_both(
    work: Work,
    connection: Connection,
    pair: Pair,
    both: tuple[Side, Side],
    wanted: Wanted,
    changes: Sequence[Change],
    *,
    number: int,
) -> None:
    """Ask both to change something, once a meeting; who share no hours are asked to bend."""
    if not have_common_hours(*both, wanted):
        return
    people = work.roster.both_of(pair)
    for person in people:
        notice = PatternNotice(
            key=f"escalate:{pair.mentor}:{pair.mentee}:full:{number}:{person.email}",
            reader=reader(person, work.now),
            mentor=party(people[0], work.now),
            mentee=party(people[1], work.now),
            for_coordinator=False,
            hints=hints(changes, mentor=person is people[0]),
            full=True,
        )
        post(work, connection, notice, expires_at=wanted.window.end)


def hints(changes: Sequence[Change], *, mentor: bool) -> tuple[Hint, ...]:
    """The changes as one of the two may read them: what the other's calendar holds is not said."""
    told = []
    for change in changes:
        mine, theirs = change.parts if mentor else reversed(change.parts)
        if change.remedy is Remedy.FREES and theirs:
            continue
        told.append(Hint(str(change.remedy), change.slot, change.minutes, mine, theirs))
    return tuple(told)
