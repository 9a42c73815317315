"""Every pair and calendar at one instant: what page, `status` and CSV show, made once for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from mentoring.attention import Need, by_pair
from mentoring.forecast import Forecast
from mentoring.interval import Interval
from mentoring.roster import Pair, Person, Roster
from service.attention import needs_of, place
from service.links import base_url
from store import calendars, forecasts
from store import overview as stored
from store.overview import Known, Unread

NO_CALENDAR = "none"


@dataclass(frozen=True)
class PairRow:
    """One pair as it stands. `coming` is its next meeting, `needs` what it needs a human for."""

    pair: Pair
    state: str
    reason: str
    coming: Interval | None
    held: int
    missed: int
    needs: tuple[Need, ...]
    forecast: Forecast | None


@dataclass(frozen=True)
class CalendarRow:
    """One partner's calendar. `state` is "none" for who has none, "new" for one never read."""

    person: Person
    state: str
    synced_at: datetime | None = None
    failing_since: datetime | None = None
    reason: str = ""


@dataclass(frozen=True)
class Overview:
    """Pairs in the roster's order; `known` is what it was made of."""

    roster: Roster
    now: datetime
    pairs: tuple[PairRow, ...]
    known: Known

    @property
    def mail(self) -> Mapping[str, int]:
        """How many letters are in each state that is not settled."""
        return self.known.mail

    @property
    def consents(self) -> int:
        """How many calendars wait for their owner's consent."""
        return sum(c.state == calendars.NEEDS_CONSENT for c in self.known.calendars.values())

    @cached_property
    def calendars(self) -> tuple[CalendarRow, ...]:
        """The calendar of everyone who is in a pair, in the roster's order."""
        paired: set[str] = {email for pair in self.roster.pairs for email in pair.key}
        return tuple(
            _calendar(self.known.calendars.get(person.email), self.roster, person)
            for person in self.roster.people.values()
            if person.email in paired
        )


def overview(connection: Connection, roster: Roster, now: datetime) -> Overview:
    """All of it, in a number of queries that no roster makes longer. `roster` is in force."""
    known, expected = stored.read(connection, now), forecasts.all(connection)
    troubles = by_pair(needs_of(known, roster, now, expected))
    today = now.astimezone(ZoneInfo(roster.programme.timezone)).date()

    def row(pair: Pair) -> PairRow:
        key = pair.key
        here, record = place(known, pair, today), known.records.get(key)
        return PairRow(
            pair=pair,
            state=here.state,
            reason=here.reason,
            coming=here.coming.slot if here.coming else None,
            held=record.held if record else 0,
            missed=record.missed if record else 0,
            needs=troubles.get(key, ()),
            forecast=expected.get(key),
        )

    return Overview(roster, now, tuple(row(pair) for pair in roster.pairs), known)


def _calendar(known: Unread | None, roster: Roster, person: Person) -> CalendarRow:
    if not person.calendar:
        return CalendarRow(person, NO_CALENDAR)
    if known is None:
        return CalendarRow(person, calendars.NEW, reason="it was never read")
    mend = known.mend
    if known.state == calendars.NEEDS_CONSENT and not base_url(roster):
        mend = "set [web] base_url, so that its owner can be sent a link"
    reason = f"{known.reason}; {mend}" if known.reason else ""
    return CalendarRow(person, known.state, known.synced_at, known.failing_since, reason)
