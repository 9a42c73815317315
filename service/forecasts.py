"""Keeping each pair's forecast: when what it follows from has changed, or has grown old."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zlib import crc32
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.engine import Connection

from mentoring.forecast import forecast
from mentoring.meeting import State
from mentoring.openings import monday_of, openings
from mentoring.outlook import Case
from mentoring.roster import Pair, Person
from mentoring.track import Kept, cohort
from service.work import Work, reading
from store import forecasts as store
from store import standings
from store.forecasts import History, Key, Known

log = structlog.get_logger()

_AT_ONCE = 200
"""So many pairs are looked at in a pass, so that it stays short; the others wait for the next."""


def forecasts(work: Work) -> None:
    """Forecast anew for pairs whose meetings, terms or hours changed, and whose forecast is old."""
    with reading(work.engine) as connection:
        known = store.known(connection)
        histories = store.histories(connection)
        bases = _bases(work, histories)
        due = _due(work, known, histories, bases)
        cases = _cases(work, connection, due[:_AT_ONCE])
    gone = known.keys() - bases.keys()
    if not cases and not gone:
        return
    records = {key: row.record for key, row in known.items() if key in bases}
    records |= {case.pair.key: case.record for case in cases}
    at_large = cohort(records[key] for key in sorted(records))
    made = {
        case.pair.key: (
            forecast(case, at_large),
            Known(work.now, bases[case.pair.key], case.record),
        )
        for case in cases
    }
    with work.engine.begin() as connection:
        store.forget(connection, gone)
        store.save(connection, made)
    log.info("forecast", pairs=len(made), waiting=len(due) - len(made))


def _bases(work: Work, histories: Mapping[Key, History]) -> dict[Key, str]:
    """By pair, a digest of all that its forecast follows from besides the day."""
    people = {email: _digest(_of_person(person)) for email, person in work.roster.people.items()}
    none = History("", None)
    return {
        pair.key: _digest(
            f"{pair.start} {pair.end} {pair.agreement} {pair.goal} {pair.pauses} "
            f"{people[pair.mentor]} {people[pair.mentee]} {histories.get(pair.key, none).trace}"
        )
        for pair in work.roster.pairs
    }


def _of_person(person: Person) -> str:
    return f"{person.hours} {person.timezone} {person.holidays} {person.exceptions}"


def _digest(text: str) -> str:
    return f"{crc32(text.encode()):08x}"


def _due(
    work: Work, known: Mapping[Key, Known], histories: Mapping[Key, History], bases: dict[Key, str]
) -> list[Pair]:
    """The pairs to look at: new and changed ones first, then those looked at longest ago."""
    changed, old = [], []
    for pair in work.roster.pairs:
        row = known.get(pair.key)
        if row is None or row.basis != bases[pair.key]:
            changed.append(pair)
        elif _is_old(work, pair, row, histories.get(pair.key)):
            old.append(pair)
    return [*changed, *sorted(old, key=lambda pair: known[pair.key].made_at)]


def _is_old(work: Work, pair: Pair, row: Known, history: History | None) -> bool:
    """Whether days alone have changed what is to be expected.

    With a meeting ahead a week does: until it, only changes matter. Without one a day does.
    """
    made = row.made_at.astimezone(ZoneInfo(work.roster.programme.timezone)).date()
    if made > pair.end:
        return False
    newest = history.newest if history else None
    has_one_ahead = newest is not None and newest > work.now
    return made < (monday_of(work.today) if has_one_ahead else work.today)


def _cases(work: Work, connection: Connection, due: Sequence[Pair]) -> list[Case]:
    """What the forecasts of these pairs follow from."""
    if not due:
        return []
    starts = store.starts(connection, [pair.key for pair in due])
    rests = {key: each.rest_until for key, each in standings.every(connection).items()}
    return [_case(work, pair, starts[pair.key], rests.get(pair.key)) for pair in due]


def _case(
    work: Work, pair: Pair, starts: Sequence[tuple[datetime, State]], rests: datetime | None
) -> Case:
    zone = ZoneInfo(work.roster.programme.timezone)
    people = work.roster.both_of(pair)
    return Case(
        pair=pair,
        people=people,
        kept=tuple(Kept(start.astimezone(zone).date(), state) for start, state in starts),
        days=openings(pair, people, work.roster.programme.timezone),
        zone=work.roster.programme.timezone,
        today=work.today,
        rests_until=rests.astimezone(zone).date() if rests else None,
    )
