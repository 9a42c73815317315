"""Times for many pairs at once: what the rules need of everybody, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta

from sqlalchemy.engine import Connection

from mentoring.asked import Seat, Wanted
from mentoring.free import Free
from mentoring.grid import SECONDS, Grid, Span, widened
from mentoring.interval import Interval
from mentoring.search import Search
from mentoring.worktime import Worktime, worktime
from service.kept_free import kept_free_of_all
from service.sides import AROUND, unknown_reason
from service.work import Work
from store import busy_bits, calendars, everybody

Key = tuple[str, str]
_Asked = tuple[str, timedelta]


def candidates(
    work: Work, connection: Connection, wanted: Mapping[Key, Wanted]
) -> dict[Key, Search]:
    """Each pair's search, by its key: what `find_slot` finds for the pair's `sides`.

    Pairs with an unreliable calendar are for the caller to leave out; see `unreliable`.
    """
    asked = {(email, each.buffer) for key, each in wanted.items() for email in key}
    if not asked:
        return {}
    people = {email for email, _ in asked}
    frees = _frees(work, connection, asked, _hull(each.window for each in wanted.values()))
    borne = everybody.borne(connection, people)

    def seat(role: str, email: str, buffer: timedelta) -> Seat:
        return Seat(role, work.roster.people[email], frees[email, buffer], borne.get(email, 0.0))

    return {
        key: Search(seat("mentor", key[0], each.buffer), seat("mentee", key[1], each.buffer), each)
        for key, each in wanted.items()
    }


def unreliable(work: Work, connection: Connection, people: Collection[str]) -> dict[str, str]:
    """Why nothing can be said of their time, for each person of whom that is so."""
    known = {calendar.person: calendar for calendar in calendars.every(connection)}
    found = {
        email: unknown_reason(work.roster.people[email], known.get(email), work.now)
        for email in people
    }
    return {email: reason for email, reason in found.items() if reason}


def _hull(windows: Iterable[Interval]) -> Interval:
    both = [(window.start, window.end) for window in windows]
    return Interval(min(start for start, _ in both), max(end for _, end in both))


def _frees(
    work: Work, connection: Connection, asked: Collection[_Asked], hull: Interval
) -> dict[_Asked, Free]:
    """Everybody's time with each buffer that is asked for around their busy times."""
    people = {email for email, _ in asked}
    times = {email: worktime(work.roster.people[email], hull) for email in people}
    busy = _busy(work, connection, asked, times, hull)
    taken = everybody.taken(connection, hull.widened(AROUND))
    for email, spans in kept_free_of_all(connection, work.roster, hull.widened(AROUND)).items():
        taken.setdefault(email, []).extend(spans)
    return {
        (email, buffer): Free(
            work=times[email],
            busy=busy.get((email, buffer), 0),
            taken=_covered(times[email].grid, taken.get(email, ()), buffer),
            margin=_seconds(buffer),
        )
        for email, buffer in asked
    }


def _busy(
    work: Work,
    connection: Connection,
    asked: Collection[_Asked],
    times: Mapping[str, Worktime],
    hull: Interval,
) -> dict[_Asked, int]:
    """Busy bits. A buffer of odd minutes needs the stretches: bits know whole quarter hours."""
    with_one = {each for each in asked if work.roster.people[each[0]].calendar}
    odd = {each for each in with_one if _seconds(each[1]) % SECONDS}
    kept = busy_bits.load(connection, {email for email, _ in with_one - odd})
    found = {
        (email, buffer): times[email].grid.cut(widened(bits, _seconds(buffer) // SECONDS), first)
        for email, buffer in with_one - odd
        for first, bits in (kept.get(email, (0, 0)),)
    }
    if not odd:
        return found
    reach = hull.widened(AROUND)
    buffers: dict[str, list[timedelta]] = {}
    for email, buffer in odd:
        buffers.setdefault(email, []).append(buffer)
    for email, spans in everybody.busy_spans(connection, buffers, reach):
        for buffer in buffers.get(email, ()):
            found[email, buffer] = _covered(times[email].grid, spans, buffer)
    return found


def _covered(grid: Grid, spans: Iterable[Span], buffer: timedelta) -> int:
    return grid.covered(spans, _seconds(buffer))


def _seconds(buffer: timedelta) -> int:
    return int(buffer.total_seconds())
