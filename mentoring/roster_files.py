"""The coordinator's files as one roster, or every fault in them at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import TypeVar

from mentoring import cells
from mentoring.roster import (
    Agreement,
    Channel,
    DateException,
    ExceptionKind,
    Mailbox,
    Pair,
    Person,
    Programme,
    Roster,
)
from mentoring.roster_extras import read_events, read_places
from mentoring.roster_rows import (
    EXCEPTIONS,
    FILES,
    PAIRS,
    PEOPLE,
    REQUIRED,
    RowReader,
    one_of,
    rows_of,
)
from mentoring.settings_file import FILE as SETTINGS
from mentoring.settings_file import SELDOMEST, SettingsFile, read_settings
from mentoring.tables import Fault, nearest, quoted

T = TypeVar("T")

_FEW = 300  # comparing a stranger with more people than this takes too long


def read_roster(files: Mapping[str, bytes]) -> tuple[Roster | None, tuple[Fault, ...]]:
    """The roster in the files, by name; None with every fault, in order, where there is one."""
    faults = [
        Fault(name, 1, "the file is missing", "create it; config/ has a sample")
        for name in REQUIRED
        if name not in files
    ]
    settings, found = read_settings(files[SETTINGS]) if SETTINGS in files else (None, [])
    faults += found
    people = _people(files, settings, faults)
    people = _exceptions(files, people, faults)
    pairs = _pairs(files, settings, people, faults)
    events, places = read_events(files, settings, faults), read_places(files, faults)
    if faults or settings is None:
        order = {name: number for number, name in enumerate(FILES)}
        return None, tuple(sorted(faults, key=lambda fault: (order[fault.file], fault.line)))
    roster = Roster(
        programme=settings.programme,
        agreement=settings.agreement,
        summary_every=settings.summary_every,
        settings=settings.settings,
        people=people,
        pairs=pairs,
        events=events,
        places=places,
        links=settings.links,
    )
    return roster, ()


def _people(
    files: Mapping[str, bytes], settings: SettingsFile | None, faults: list[Fault]
) -> dict[str, Person]:
    reader = RowReader(PEOPLE, faults)
    people: dict[str, Person] = {}
    default_region = settings.programme.holidays if settings else ""
    for reader.row in rows_of(files, PEOPLE, faults):
        person = _person(reader, default_region)
        if person is None:
            continue
        if person.email in people:
            first = people[person.email].line
            reader.fault("email", f"{person.email} stands in line {first} already", "remove one")
            continue
        people[person.email] = person
    return people


def _person(reader: RowReader, default_region: str) -> Person | None:
    before = len(reader.faults)
    email = reader.cell("email", cells.read_email, "")
    hours = reader.cell("hours", cells.read_hours, None)
    name = reader.cell("name", cells.read_name, "")
    zone = reader.cell("timezone", cells.read_zone, "")
    supervisor = reader.cell("supervisor", cells.read_mailbox, None)
    if supervisor and supervisor.email == email:
        reader.fault("supervisor", "nobody is their own supervisor", "name another, or none")
    person = Person(
        email=email,
        name=name,
        timezone=zone,
        hours=hours or _NO_HOURS,
        holidays=reader.cell("holidays", cells.read_region, default_region),
        site=reader.cell("site", cells.read_name, ""),
        onsite=reader.cell("onsite", cells.read_weekdays, frozenset()),
        calendar=reader.cell("calendar", lambda t: cells.read_url(t, cells.CALENDARS), ""),
        tools=reader.cell("tools", cells.read_list, ()),
        expertise=reader.cell("expertise", cells.read_list, ()),
        links=reader.cell("links", cells.read_links, ()),
        supervisor=_named(supervisor),
        language=reader.cell("language", cells.read_language, "en"),
        line=reader.row.line,
    )
    # A person with a fault stays known, so that their pairs are not called strangers as well.
    return person if email else (None if len(reader.faults) > before else person)


_NO_HOURS = cells.read_hours("Mon 09:00-10:00")


def _named(mailbox: Mailbox | None) -> Mailbox | None:
    if mailbox is None or mailbox.name:
        return mailbox
    return Mailbox(mailbox.email, mailbox.email)


def _exceptions(
    files: Mapping[str, bytes], people: dict[str, Person], faults: list[Fault]
) -> dict[str, Person]:
    reader = RowReader(EXCEPTIONS, faults)
    result = dict(people)
    for reader.row in rows_of(files, EXCEPTIONS, faults):
        email = reader.cell("person", cells.read_email, "")
        exception = _exception(reader)
        if email and email not in people:
            _stranger(reader, "person", email, people)
        elif email and exception:
            person = result[email]
            result[email] = replace(person, exceptions=(*person.exceptions, exception))
    return result


def _exception(reader: RowReader) -> DateException | None:
    before = len(reader.faults)
    first = reader.cell("from", cells.read_date, date.min)
    last = reader.cell("to", cells.read_date, date.max)
    kind = reader.cell("kind", lambda t: ExceptionKind(one_of(t, tuple(ExceptionKind))), None)
    value, hours = reader.row.cells.get("value", ""), None
    if last < first:
        reader.fault("to", "the last day is before the first", "swap the two dates")
    if kind in (ExceptionKind.TIMEZONE, ExceptionKind.HOURS) and not value:
        reader.fault("value", f"the new {kind} is missing", "write it here")
    elif kind is ExceptionKind.TIMEZONE:
        value = reader.cell("value", cells.read_zone, "")
    elif kind is ExceptionKind.HOURS:
        hours = reader.cell("value", cells.read_hours, None)
    if kind is None or len(reader.faults) > before:
        return None
    return DateException(kind, first, last, value, hours)


def _stranger(reader: RowReader, column: str, email: str, people: Mapping[str, Person]) -> None:
    """Name somebody who is not in people.csv; not where that whole file could not be read."""
    if people or all(fault.file != PEOPLE for fault in reader.faults):
        reader.fault(column, f"{email} is not in people.csv", _whom_else(email, people))


def _whom_else(email: str, people: Mapping[str, Person]) -> str:
    if 0 < len(people) <= _FEW:
        return nearest(email, list(people))
    return "add them to people.csv"


def _pairs(
    files: Mapping[str, bytes],
    settings: SettingsFile | None,
    people: Mapping[str, Person],
    faults: list[Fault],
) -> tuple[Pair, ...]:
    reader = RowReader(PAIRS, faults)
    pairs: dict[tuple[str, str], Pair] = {}
    for reader.row in rows_of(files, PAIRS, faults):
        pair = _pair(reader, settings)
        if not (pair.mentor and pair.mentee):
            continue
        _check_pair(reader, pair, people, settings.programme if settings else None)
        if pair.key in pairs:
            first = pairs[pair.key].line
            reader.fault("mentee", f"this pair stands in line {first} already", "remove one")
        pairs.setdefault(pair.key, pair)
    return tuple(pairs.values())


def _pair(reader: RowReader, settings: SettingsFile | None) -> Pair:
    agreement = settings.agreement if settings else Agreement()
    start = settings.programme.start if settings else date.min
    end = settings.programme.end if settings else date.max
    return Pair(
        mentor=reader.cell("mentor", cells.read_email, ""),
        mentee=reader.cell("mentee", cells.read_email, ""),
        start=reader.cell("start", cells.read_date, start),
        end=reader.cell("end", cells.read_date, end),
        agreement=replace(
            agreement,
            every=reader.cell("every", _cadence, agreement.every),
            minutes=reader.cell("minutes", lambda t: _number(t, 15, 480), agreement.minutes),
        ),
        channel=reader.cell(
            "channel", lambda t: Channel(one_of(t, tuple(Channel))), Channel.EITHER
        ),
        goal=reader.cell("goal", lambda t: _number(t, 1, 1000), None),
        line=reader.row.line,
    )


def _cadence(text: str) -> timedelta:
    every = cells.read_duration(text)
    if every < timedelta(days=1):
        raise cells.CellError(f"{quoted(text)} is shorter than a day", 'write "1 week" or so')
    if every > SELDOMEST:
        raise cells.CellError(f"{quoted(text)} is longer than a month", 'write "month" or less')
    return every


def _number(text: str, low: int, high: int) -> int:
    if text.isascii() and text.isdigit() and len(text) < 9 and low <= int(text) <= high:
        return int(text)
    raise cells.CellError(f"{quoted(text)} can't be used", f"write {low} to {high}")


def _check_pair(
    reader: RowReader, pair: Pair, people: Mapping[str, Person], programme: Programme | None
) -> None:
    for column, email in (("mentor", pair.mentor), ("mentee", pair.mentee)):
        if email not in people:
            _stranger(reader, column, email, people)
    if pair.mentor == pair.mentee:
        reader.fault("mentee", "mentor and mentee are one person", "name two people")
    elif pair.mentor in _chain_above(pair.mentee, people):
        mend = "choose a mentor outside the mentee's chain of supervisors"
        reader.fault("mentor", f"{pair.mentor} supervises {pair.mentee}", mend)
    if pair.end < pair.start:
        reader.fault("end", "the end is before the start", "swap the two dates")
    elif programme and not programme.start <= pair.start <= pair.end <= programme.end:
        dates = f"{programme.start} to {programme.end}"
        reader.fault("start", "the pair's dates lie outside the programme's", f"stay in {dates}")


def _chain_above(email: str, people: Mapping[str, Person]) -> set[str]:
    """Everyone who supervises a person, directly or through others in the roster."""
    above: set[str] = set()
    while email in people and (boss := people[email].supervisor) and boss.email not in above:
        email = boss.email
        above.add(email)
    return above
