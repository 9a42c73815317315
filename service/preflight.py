"""Eight weeks ahead, once a day: pairs are told before their usual time, or all of it, goes."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy.engine import Connection

from mentoring import preflight as rules
from mentoring.choices import pause_on
from mentoring.interval import Interval
from mentoring.preflight import AHEAD, LATEST, AheadNotice, Departure, departures, usual_time
from mentoring.roster import Pair
from service.links import page_link
from service.post import CHOICES, post
from service.work import Work, party, reader
from store import facts, past

log = structlog.get_logger()

Latest = Sequence[tuple[Interval, str]]
"""A pair's latest meetings, each with the zone whose clock it went by."""
_LOOKED = "preflight"


def preflight(work: Work) -> None:
    """Name what is about to leave the hours of a pair, and tell both, once."""
    today = work.today.isoformat()
    with work.engine.begin() as connection:
        if facts.read(connection, _LOOKED) == today:
            return
        held = past.latest(connection, LATEST)
        for pair in work.roster.pairs:
            if pair.start <= work.today <= pair.end:
                _look(work, connection, pair, held.get(pair.key, ()))
        facts.write(connection, _LOOKED, today)


def _look(work: Work, connection: Connection, pair: Pair, held: Latest) -> None:
    gaps = gaps_ahead(work, pair)
    for gap in gaps:
        _tell(work, connection, pair, gap.start.date().isoformat(), gap=gap)
    for departure in _departures(work, pair, held):
        if not any(gap.contains(departure.slot) for gap in gaps):
            _tell(work, connection, pair, departure.first.isoformat(), departure=departure)


def _departures(work: Work, pair: Pair, held: Latest) -> list[Departure]:
    """Those worth a word: by the clocks, or for more than a week. A holiday alone is none.

    Nor is one that begins while the two rest, or after their last day.
    """
    usual = usual_time([slot for slot, _ in held], held[-1][1]) if held else None
    if usual is None:
        return []
    both = work.roster.both_of(pair)
    found = departures(*both, usual, pair.agreement.minutes, work.now)
    return [
        d
        for d in found
        if (d.clocks or d.last > d.first)
        and d.first <= pair.end
        and not pause_on(pair, d.first, d.first)
    ]


def gaps_ahead(work: Work, pair: Pair) -> list[Interval]:
    """Stretches that begin within eight weeks, longer than the rhythm, without a common hour.

    What a partner took for themself is no news to them.
    """
    window = Interval(work.now, work.now + AHEAD + 2 * pair.agreement.every)
    both = work.roster.both_of(pair)
    return [
        gap
        for gap in rules.gaps(*both, pair.agreement.minutes, window, pair.agreement.every)
        if work.now < gap.start < work.now + AHEAD
        and gap.start.date() <= pair.end
        and not pause_on(pair, gap.start.date(), gap.end.date())
    ]


def _tell(
    work: Work,
    connection: Connection,
    pair: Pair,
    since: str,
    *,
    departure: Departure | None = None,
    gap: Interval | None = None,
) -> None:
    people = work.roster.both_of(pair)
    begins = departure.slot.start if departure else gap.start if gap else work.now
    for person, other in (people, people[::-1]):
        notice = AheadNotice(
            key=f"ahead:{pair.mentor}:{pair.mentee}:{since}:{person.email}",
            reader=reader(person, begins),
            other=party(other, begins),
            departure=departure,
            gap=gap,
            link=page_link(work.roster, work.secret, work.now, CHOICES, person.email, *pair.key),
        )
        if post(work, connection, notice, expires_at=begins):
            log.info("ahead_told", mentor=pair.mentor, mentee=pair.mentee, since=since)
