"""Which pairs need a human: the store's facts, as `mentoring/attention.py` wants them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from mentoring import attention
from mentoring.attention import Asked, Broken, Need, Outlook, PairFacts
from mentoring.availability import working_days_between
from mentoring.choices import pause_on
from mentoring.forecast import Forecast
from mentoring.meeting import State
from mentoring.roster import Pair, Roster
from service.propose import ENDED, PAUSED, WAITING
from store import calendars, forecasts, overview
from store.overview import Ahead, Key, Known, Record

_NOTHING = Record(0, 0, None, None)
_BEFORE_SUGGESTION = "); "


@dataclass(frozen=True)
class Place:
    """Where a pair stands: the state and reason that `status` shows, and its next meeting."""

    state: str
    reason: str
    coming: Ahead | None


def needs(connection: Connection, roster: Roster, now: datetime) -> tuple[Need, ...]:
    """What needs a human now. `roster` is the one in force."""
    known = overview.read(connection, now)
    return needs_of(known, roster, now, forecasts.all(connection))


def needs_of(
    known: Known, roster: Roster, now: datetime, expected: Mapping[Key, Forecast]
) -> tuple[Need, ...]:
    zone = ZoneInfo(roster.programme.timezone)
    today = now.astimezone(zone).date()
    facts = [_facts(known, roster, pair, now, zone, today, expected) for pair in roster.pairs]
    return attention.needs(facts, today)


def place(known: Known, pair: Pair, today: date) -> Place:
    """Where a pair stands; what the coordinator paused or a date ended holds at once."""
    key = pair.key
    state, reason = known.standings.get(key, (WAITING, "no pass has run yet"))
    ahead = known.ahead.get(key, ())
    coming = ahead[0] if ahead else None
    if coming and state != WAITING:
        state = str(coming.state)
    if today > pair.end:
        return Place(ENDED, f"the pair ended on {pair.end}", coming)
    if pair.pauses and (pause := pause_on(pair, today, today)) and pause.by_coordinator:
        return Place(PAUSED, str(pause), coming)
    return Place(state, reason, coming)


def _facts(
    known: Known,
    roster: Roster,
    pair: Pair,
    now: datetime,
    zone: ZoneInfo,
    today: date,
    expected: Mapping[Key, Forecast],
) -> PairFacts:
    def day(at: datetime | None) -> date | None:
        return at.astimezone(zone).date() if at else None

    key = pair.key
    here, record = place(known, pair, today), known.records.get(key, _NOTHING)
    ahead = known.ahead.get(key, ())
    missed, missed_on = known.missed.get(key, (0, None))
    no_slot = known.no_slot.get(key)
    forecast = expected.get(key)
    return PairFacts(
        *key,
        state=here.state,
        start=pair.start,
        every=pair.agreement.every,
        met=day(record.met),
        planned=any(meeting.state is State.CONFIRMED for meeting in ahead),
        proposed=day(ahead[0].proposed_at) if ahead else None,
        touched=day(record.touched),
        rested=max((p.last for p in pair.pauses if p.last < today), default=None),
        missed=missed,
        missed_on=day(missed_on),
        no_slot=day(no_slot),
        suggestion=here.reason.partition(_BEFORE_SUGGESTION)[2],
        broken=tuple(_broken(known, roster, key, zone)),
        lost=_lost(known, roster, key, zone) if known.lost else (),
        unsigned=_unsigned(known, roster, pair, zone),
        poll=_poll(known, roster, pair, now, zone),
        poorly=day(known.poorly.get(key)),
        outlook=Outlook(forecast.chance, forecast.remedy, forecast.remedy_chance)
        if forecast
        else None,
    )


def _lost(known: Known, roster: Roster, key: Key, zone: ZoneInfo) -> tuple[tuple[str, date], ...]:
    return tuple(
        (roster.people[email].name, known.lost[email].astimezone(zone).date())
        for email in key
        if email in known.lost
    )


def _broken(known: Known, roster: Roster, key: Key, zone: ZoneInfo) -> Iterator[Broken]:
    for email in key:
        calendar = known.calendars.get(email)
        if calendar and calendar.failing_since and calendar.state in calendars.FAILING:
            since = calendar.failing_since.astimezone(zone).date()
            consent = calendar.state == calendars.NEEDS_CONSENT
            yield Broken(roster.people[email].name, consent, since)


def _unsigned(known: Known, roster: Roster, pair: Pair, zone: ZoneInfo) -> Asked | None:
    waits = known.unsigned.get(pair.key)
    if waits is None:
        return None
    since = max(waits.since.astimezone(zone).date(), pair.start)
    return Asked(since, _missing(roster, pair, waits.answered))


def _poll(known: Known, roster: Roster, pair: Pair, now: datetime, zone: ZoneInfo) -> Asked | None:
    poll = known.polls.get(pair.key)
    if poll is None:
        return None
    days = min(working_days_between(p, poll.since, now) for p in roster.both_of(pair))
    missing = _missing(roster, pair, poll.answered)
    return Asked(poll.since.astimezone(zone).date(), missing, days)


def _missing(roster: Roster, pair: Pair, answered: frozenset[str]) -> tuple[str, ...]:
    return tuple(p.name for p in roster.both_of(pair) if p.email not in answered)
