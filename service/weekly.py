"""The coordinator's digest: once a week, at their first work hours, and only if it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from mentoring.attention import Trouble, for_supervisor
from mentoring.availability import reads_at, working_day_before
from mentoring.meeting import LIVE
from mentoring.roster import Mailbox, Person
from mentoring.week import Matter, Point, attention, of_pairs, week_of
from service.attention import needs
from service.channels import INBOX, ORGANISER, silent
from service.consent import needs_consent
from service.links import base_url
from service.post import post
from service.roster_faults import refused
from service.work import Work, reading
from store import bounces, calendars, facts, meetings, outbox
from store.calendars import UNREADABLE, Calendar
from store.overview import lost_to

_PAGE = "coordinator"
_WEEK = timedelta(days=7)
_PATIENCE = timedelta(hours=1)
"""How long a passing fault may last before it counts."""
_NAMED = 3
_Pair = tuple[str, str]


@dataclass(frozen=True)
class _Told:
    """The week that was last looked at, and the marks of what its mail said."""

    week: str
    marks: frozenset[str]


def weekly(work: Work) -> None:
    """Look once a week at what needs a human; queue the mail where anything does."""
    programme, week = work.roster.programme, week_of(work.today)
    coordinator = work.outsider(Mailbox("Coordinator", programme.coordinator))
    if work.today > programme.end or not reads_at(coordinator, work.now):
        return
    with reading(work.engine) as connection:
        if _told(connection).week == week:
            return
    with work.engine.begin() as connection:
        matters = _matters(work, connection)
        marks = [work.token(mark, length=16) for matter in matters for mark in matter.marks]
        told = _arrived(connection)
        known = [m for matter in matters for m in matter.marks if work.token(m, length=16) in told]
        facts.keep(connection, facts.WEEK, _Told(week, frozenset(marks)), _Told)
        base = base_url(work.roster)
        page = f"{base}/{_PAGE}" if base else ""
        notice = attention(_key(week), work.coordinator(), matters, known, page)
        if notice:
            post(work, connection, notice, expires_at=_next_week(work))


def _key(week: str) -> str:
    return f"coordinator:{week}"


def _told(connection: Connection) -> _Told:
    return facts.kept(connection, facts.WEEK, _Told) or _Told("", frozenset())


def _arrived(connection: Connection) -> frozenset[str]:
    """What the last week's mail said; nothing where it did not go out."""
    told = _told(connection)
    return told.marks if outbox.was_sent(connection, _key(told.week)) else frozenset()


def _next_week(work: Work) -> datetime:
    """When the next week's mail makes this one stale."""
    monday = work.today + _WEEK - timedelta(days=work.today.weekday())
    return datetime.combine(monday, time(), ZoneInfo(work.roster.programme.timezone))


def _matters(work: Work, connection: Connection) -> list[Matter]:
    paired = {email for pair in work.roster.pairs for email in pair.key}
    broken = [c for c in calendars.every(connection) if c.person in paired and _is_broken(work, c)]
    ours = [c for c in broken if _is_ours(work.roster.people[c.person])]
    theirs = {c.person for c in broken} - {c.person for c in ours}
    own = work.roster.supervised_by(work.roster.programme.coordinator)
    found = [
        need
        for need in for_supervisor(needs(connection, work.roster, work.now), own)
        if need.why is not Trouble.UNREADABLE or theirs & set(need.pair)
    ]
    unread = unread_from(work)
    put_back = _put_back(work, connection, unread)
    return [
        *of_pairs(found, put_back, work.roster, work.today, unread),
        *_access(work, ours),
        *_channels(work, connection),
        *_lost(work, connection, paired, unread),
        *_paused(work, connection),
        *_files(work, connection),
    ]


def unread_from(work: Work) -> date:
    """The first day whose mails reach the coordinator only today: after their last day of work."""
    coordinator = work.outsider(Mailbox("Coordinator", work.roster.programme.coordinator))
    before = working_day_before(coordinator, work.now, 1)
    return _day(work, before) + timedelta(days=1) if before else work.today


def _is_broken(work: Work, calendar: Calendar) -> bool:
    if calendar.state != UNREADABLE or calendar.failing_since is None:
        return False
    return calendar.permanent or work.now - calendar.failing_since >= _PATIENCE


def _is_ours(person: Person) -> bool:
    """Whether the programme's own access reads it, so that its owner can mend nothing."""
    return needs_consent(person) or person.calendar.startswith("exchange:")


def _access(work: Work, broken: list[Calendar]) -> Iterator[Matter]:
    """One matter a provider: its fault and mend, and whose calendars it holds up."""
    by_provider: dict[str, list[Calendar]] = {}
    for calendar in broken:
        scheme = work.roster.people[calendar.person].calendar.partition(":")[0]
        by_provider.setdefault(scheme, []).append(calendar)
    for scheme, held_up in sorted(by_provider.items()):
        first = min(held_up, key=lambda c: c.failing_since or work.now)
        names = [work.roster.people[c.person].name for c in held_up]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        why = f"The programme can't read {', '.join(names[:_NAMED])}{more}: {first.reason}"
        point = Point(why, _day(work, first.failing_since or work.now), _sentence(first.mend))
        yield Matter(f"access\0{scheme}", f"Access to {_PROVIDERS[scheme]}", (point,))


_PROVIDERS = {
    "google": "Google Calendar",
    "microsoft365": "Microsoft 365",
    "exchange": "Exchange Server",
}


def _channels(work: Work, connection: Connection) -> Iterator[Matter]:
    """The programme's own inbox and calendar, where they have not answered for a while."""
    for channel, fault in silent(connection).items():
        if fault.permanent or work.now - fault.since >= _PATIENCE:
            what, held_up = _CHANNELS[channel]
            point = Point(
                f"{held_up}: {fault.reason}", _day(work, fault.since), _sentence(fault.mend)
            )
            yield Matter(f"channel\0{channel}", what, (point,))


_CHANNELS = {
    INBOX: ("The programme's inbox", "Answers by mail are not read"),
    ORGANISER: ("The programme's calendar", "Meetings are not shown or watched there"),
}


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _lost(work: Work, connection: Connection, paired: set[str], unread: date) -> Iterator[Matter]:
    """Mails to anybody but partners in pairs and the coordinator that did not arrive."""
    people = work.roster.people.values()
    known = {p.supervisor.email: p.supervisor.name for p in people if p.supervisor}
    known |= {p.email: p.name for p in people}
    paired = paired | {one.address for one in bounces.paused(connection)}  # said below
    for email, since in sorted(lost_to(connection).items()):
        if email in paired or email not in known or _day(work, since) >= unread:
            continue  # partners are a pair's matter; of the newest the coordinator has just heard
        remedy = f"Check the address {email} in people.csv, then write to them yourself."
        why = "A mail was refused, or may not have arrived"
        about = f"Mail to {known[email] or email}"
        yield Matter(f"mail\0{email}", about, (Point(why, _day(work, since), remedy),))


def _paused(work: Work, connection: Connection) -> Iterator[Matter]:
    """Addresses of the programme that get no mail, because it came back."""
    known = {*work.roster.people, *work.roster.supervisors}
    for one in bounces.paused(connection):
        if one.address in known:
            why = f"Nothing is mailed there: {one.reason}"
            remedy = "Correct it in people.csv. If it works again, lift the pause: " + (
                "the page Mail has a button."
                if base_url(work.roster)
                else f"daemon.py lift {one.address}"
            )
            point = Point(why, _day(work, one.since), remedy)
            yield Matter(f"paused\0{one.address}", f"The address {one.address}", (point,))


def _put_back(work: Work, connection: Connection, unread: date) -> Mapping[_Pair, Point]:
    """Pairs with a meeting ahead that was moved by hand last week, to where it can't be."""
    found: dict[_Pair, Point] = {}
    for key, at in outbox.said_since(connection, "putback:", work.now - _WEEK):
        booking = meetings.by_uid(connection, key.split(":")[1])
        if (
            _day(work, at) < unread
            and booking
            and booking.meeting.state in LIVE
            and booking.meeting.slot.end > work.now
        ):
            why = "A meeting that was moved by hand was put back"
            remedy = "Choose another time: daemon.py explain names those that suit both."
            pair = (booking.meeting.mentor, booking.meeting.mentee)
            found[pair] = Point(why, _day(work, at), remedy)
    return found


def _files(work: Work, connection: Connection) -> Iterator[Matter]:
    if bad := refused(connection):
        number = "one fault" if bad.faults == 1 else f"{bad.faults} faults"
        why = f"The last edit was refused, with {number}"
        remedy = f"{bad.first}. Until then the files as they were before hold."
        yield Matter("files", "The programme's files", (Point(why, _day(work, bad.since), remedy),))


def _day(work: Work, at: datetime) -> date:
    return at.astimezone(ZoneInfo(work.roster.programme.timezone)).date()
