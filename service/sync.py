"""Reading partners' calendars into the store: busy stretches only, and what went wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.engine import Connection

from integrations.ports import ConsentNeeded, ProviderError, Reading
from mentoring.interval import Interval
from mentoring.notices import CalendarNotice
from mentoring.roster import Person
from service.consent import connect_link, needs_consent
from service.post import post
from service.work import Work, reader
from store import calendars, outbox
from store.calendars import FAILING, NEEDS_CONSENT, OK, UNREADABLE, Calendar

log = structlog.get_logger()

EVERY = timedelta(minutes=15)
STALE_AFTER = timedelta(hours=2)
"""A reading older than this says nothing about now."""
_ON_RECORD = STALE_AFTER / 2
"""How old the record of an unchanged calendar may grow before it is written again."""
_PATIENCE = timedelta(hours=1)
"""How long a passing fault may last before the owner is told."""
_DOUBT_FROM = 3
"""A calendar with so many entries that comes back empty is read once more before it is believed."""
_KEEP_PAST = timedelta(days=1)
_SLACK = timedelta(days=5)
_STEP = timedelta(weeks=1)
_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)


def window(work: Work, person: Person) -> Interval:
    """What to read: yesterday until past every horizon, its end moving in steps of a week.

    The steps keep a cursor good for days: an unchanged calendar isn't expanded again meanwhile.
    With the usual horizon it is no longer than the 42 days that Exchange tells of in one free/busy
    answer (Graph: 62).
    """
    horizons = [pair.agreement.horizon for pair in work.roster.pairs_of(person.email)]
    reach = work.now + max(horizons, default=work.roster.agreement.horizon) + _SLACK
    return Interval(work.now - _KEEP_PAST, stepped(reach))


def stepped(reach: datetime) -> datetime:
    """The next full week: an end that stays where it is for so long."""
    return _EPOCH - ((_EPOCH - reach) // _STEP) * _STEP


def is_of(person: Person, calendar: Calendar) -> bool:
    """Whether a record is of the calendar that the person has now, and not of one before it."""
    return calendar.url_digest == url_digest(person)


def url_digest(person: Person) -> str:
    """By which a calendar's record knows whose link it is of, without the link."""
    return hashlib.sha256(person.calendar.encode()).hexdigest()


def is_known(calendar: Calendar | None, now: datetime) -> bool:
    """Whether a calendar's busy times may be relied on: unknown is not free."""
    if calendar is None or calendar.state != OK or calendar.synced_at is None:
        return False
    return abs(now - calendar.synced_at) <= STALE_AFTER  # a clock put back proves nothing


def note_read(work: Work, people: Collection[str]) -> None:
    """These people's calendars were read, and nothing had changed."""
    with work.engine.begin() as connection:
        calendars.note_read(connection, people, work.now)


def sync(work: Work, person: Person, kept: Calendar | None) -> bool:
    """Read one partner's calendar, if they have one, and keep what it says.

    `kept` is its record. True where nothing changed but the time of the last reading: that is
    left to the caller, who notes it for all at once.
    """
    if not person.calendar:
        if kept:
            with work.engine.begin() as connection:
                calendars.forget(connection, person.email)
        return False
    calendar = _present(work, person, kept)
    try:
        source = work.outside.busy_source(person)
        answer = source.read(window(work, person), _cursor(calendar, work.now))
    except ProviderError as error:
        _keep_fault(work, person, calendar, error)
        return False
    except Exception as error:  # whatever an adapter did not foresee: unknown is not free
        log.exception("adapter_failed", person=person.email)
        what = f"reading it failed unexpectedly ({type(error).__name__})"
        _keep_fault(work, person, calendar, ProviderError(what, mend="see the service's log"))
        return False
    work.counts.add("synced")
    for warning in answer.warnings:
        log.warning("calendar_item_doubtful", person=person.email, warning=warning)
    if _is_old_news(calendar, answer, work.now):
        return work.now - (calendar.synced_at or work.now) >= _ON_RECORD
    _keep_reading(work, person, calendar, answer)
    return False


def _cursor(calendar: Calendar, now: datetime) -> str | None:
    """Where to read on; from the beginning where the clock went back, since the last window began
    later and left out what lies before it."""
    return None if calendar.synced_at and calendar.synced_at > now else calendar.cursor


def _present(work: Work, person: Person, kept: Calendar | None) -> Calendar:
    if kept and is_of(person, kept):
        return kept
    with work.engine.begin() as connection:
        calendars.forget(connection, person.email)
        # Outages are counted on, so that its owner hears of the new one's faults too.
        fresh = Calendar(person.email, url_digest(person), outage=kept.outage if kept else 0)
        calendars.save(connection, fresh)
        return fresh


def _keep_reading(work: Work, person: Person, calendar: Calendar, answer: Reading) -> None:
    with work.engine.begin() as connection:
        if _is_doubtful(connection, person, calendar, answer):
            log.warning("calendar_suddenly_empty", person=person.email)
            # Read when it was: what the reading before this one knew reaches no further.
            calendars.save(connection, replace(calendar, doubted=True))
            return
        calendars.write_busy(
            connection, person.email, answer.items, complete=answer.complete, now=work.now
        )
        read = replace(_well(calendar, work.now), doubted=False, cursor=answer.cursor)
        calendars.save(connection, read)
        if calendar.state in FAILING:
            log.info("calendar_readable_again", person=person.email)
            outbox.withdraw(connection, _key(calendar))


def _is_old_news(calendar: Calendar, answer: Reading, now: datetime) -> bool:
    """Nothing changed since the last reading on record."""
    if answer.items or answer.complete or answer.cursor != calendar.cursor:
        return False
    well = calendar.state == OK and not calendar.doubted and calendar.synced_at is not None
    return well and now >= (calendar.synced_at or now)


def _is_doubtful(
    connection: Connection, person: Person, calendar: Calendar, answer: Reading
) -> bool:
    if calendar.doubted or not answer.complete or any(answer.items.values()):
        return False
    return calendars.items_of(connection, person.email) >= _DOUBT_FROM


def _well(calendar: Calendar, now: datetime) -> Calendar:
    return replace(
        calendar,
        state=OK,
        synced_at=now,
        failing_since=None,
        reason="",
        mend="",
        permanent=False,
    )


def _keep_fault(work: Work, person: Person, calendar: Calendar, error: ProviderError) -> None:
    work.counts.add("unreadable")
    log.warning("calendar_unreadable", person=person.email, reason=error.message, mend=error.mend)
    state = NEEDS_CONSENT if isinstance(error, ConsentNeeded) else UNREADABLE
    # Another link is news to its owner, even where they know that something is wrong.
    first = calendar.state not in (FAILING if state == UNREADABLE else {NEEDS_CONSENT})
    broken = replace(
        calendar,
        state=state,
        failing_since=work.now if first else min(calendar.failing_since or work.now, work.now),
        reason=error.message,
        mend=error.mend,
        permanent=error.permanent,
        outage=calendar.outage + 1 if first else calendar.outage,
    )
    with work.engine.begin() as connection:
        calendars.save(connection, broken)
        since = broken.failing_since or work.now
        if error.permanent or work.now - since >= _PATIENCE:
            post(work, connection, _notice(work, person, broken))


def _notice(work: Work, person: Person, broken: Calendar) -> CalendarNotice:
    """What the owner is told: with the page where they consent, if there is one."""
    wants_consent = broken.state == NEEDS_CONSENT
    link = connect_link(work, person) if wants_consent else ""
    mend = broken.mend
    if needs_consent(person) or person.calendar.startswith("exchange:"):
        mend = ""  # the programme's own access is at fault, which only the coordinator can mend
    if wants_consent:
        page = "open the page below and follow it; it takes a minute"
        mend = page if link else "write to the coordinator, who can connect it with you"
    return CalendarNotice(
        key=_key(broken),
        reader=reader(person, work.now),
        problem=broken.reason,
        mend=mend,
        link=link,
        again=not wants_consent or broken.synced_at is not None,
    )


def _key(calendar: Calendar) -> str:
    return f"consent:{calendar.person}:{calendar.outage}"
