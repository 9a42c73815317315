"""One scenario over every kind of calendar: equal busy times, proposals and final states."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import event as hook
from sqlalchemy import select

from integrations.ports import item_key
from integrations.registry import Ports
from mentoring.interval import Interval, merged
from service.passes import begin, sync_all
from service.roster_source import load
from service.status import status
from service.work import reading
from store import calendars
from store.tables import meetings, outbox
from tests.demo.partners import answer_mail
from tests.servers.radicale import radicale
from tests.servers.started import SIMULATORS
from tests.world import World, at, event_in

SCENARIO = tomllib.loads((Path(__file__).parents[1] / "scenarios" / "fortnight.toml").read_text())
OFFICE = "mentoring@example.org"
SPAN = Interval(datetime(2027, 1, 11, tzinfo=UTC), datetime(2027, 2, 8, tzinfo=UTC))


@dataclass
class Backend:
    """One kind of calendar. `ports` is what overlap.toml says where mail goes there too."""

    calendar: Callable[[str], str]
    fill: Callable[[str, str], None]
    remove: Callable[[str, str], None]
    settings: str = ""
    whole: str = ""
    server: Any = None


def whole(events: str) -> str:
    head = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//T//T//EN\n"
    stamped = events.strip()
    if "DTSTAMP" not in stamped:
        stamped = stamped.replace("BEGIN:VEVENT", "BEGIN:VEVENT\nDTSTAMP:20270101T000000Z")
    return f"{head}{stamped}\nEND:VCALENDAR\n".replace("\n", "\r\n")


@contextmanager
def ics(directory: Path) -> Iterator[Backend]:
    texts: dict[str, str] = {}

    def write(user: str) -> None:
        (directory / f"{user}.ics").write_bytes(whole(texts[user]).encode())

    def fill(user: str, events: str) -> None:
        texts[user] = texts.get(user, "") + events
        write(user)

    def remove(user: str, uid: str) -> None:
        calendar = Calendar.from_ical(whole(texts[user]))
        left = [e for e in calendar.walk("VEVENT") if str(e["uid"]) != uid]
        texts[user] = "\n".join(e.to_ical().decode().replace("\r\n", "\n") for e in left)
        write(user)

    yield Backend(lambda user: f"file:{user}.ics", fill, remove)


@contextmanager
def caldav(directory: Path) -> Iterator[Backend]:
    users = dict.fromkeys(SCENARIO["zones"], "word")
    (directory / "word").write_text("word")
    folder = directory / "radicale"
    folder.mkdir()
    with radicale(folder, users) as server:
        for user in users:
            server.create(user)

        def fill(user: str, events: str) -> None:
            by_uid: dict[str, list[str]] = {}
            for event in Calendar.from_ical(whole(events)).walk("VEVENT"):
                by_uid.setdefault(str(event["uid"]), []).append(event.to_ical().decode())
            for uid, parts in by_uid.items():
                server.put(user, uid.partition("@")[0], whole("".join(parts).replace("\r", "")))

        def remove(user: str, uid: str) -> None:
            server.delete(user, uid.partition("@")[0])

        yield Backend(server.url, fill, remove, '[caldav]\npassword = "file:word"\n')


@contextmanager
def simulator(scheme: str, directory: Path) -> Iterator[Backend]:
    with SIMULATORS[scheme](directory) as started:
        server = started.server
        for user, zone in SCENARIO["zones"].items():
            server.user(f"{user}@example.org", zone)
        server.user(OFFICE, "America/New_York")
        yield Backend(
            lambda user: f"{scheme}:{user}@example.org",
            lambda user, events: server.fill(f"{user}@example.org", whole(events)),
            lambda user, uid: server.remove(f"{user}@example.org", uid),
            started.toml(),
            scheme,
            server,
        )


BACKENDS: dict[str, Callable[[Path], AbstractContextManager[Backend]]] = {
    "ics": ics,
    "caldav": caldav,
    **{scheme: partial(simulator, scheme) for scheme in SIMULATORS},
}


@dataclass
class Play:
    """What a scenario came to, without what may differ: UIDs and the words of links.

    `busy` holds each one's busy times to come, after each step.
    """

    busy: dict[tuple[str, str], list[Interval]] = field(default_factory=dict)
    meetings: list[Any] = field(default_factory=list)
    states: list[Any] = field(default_factory=list)
    mails: list[Any] = field(default_factory=list)


def play(directory: Path, backend: Backend, *, by_provider: bool) -> Play:
    """The whole scenario; `by_provider` also mails and keeps the meetings at the provider."""
    world = _world(directory, backend, by_provider)
    invites: dict[tuple[str, str], EmailMessage] = {}
    for user, events in SCENARIO["calendars"].items():
        backend.fill(user, events)
    result = Play()
    for step in SCENARIO["steps"]:
        now = at(step["at"])
        for user, uid in step.get("remove", []):
            backend.remove(user, uid)
        for added in step.get("add", []):
            backend.fill(added["person"], added["ics"])
        for user, partstat, other in step.get("replies", []):
            raw = answer_mail(
                f"{user}@example.org", event_in(invites[user, other]), "REPLY", partstat, now
            )
            if by_provider:
                backend.server.deliver(OFFICE, raw)
            else:
                world.drop(raw)
        world.step(now)
        for mail in _letters(world, backend, by_provider):
            _note(invites, mail)
        _note_busy(result, world, step["at"])
    _gather(result, world, at(SCENARIO["steps"][-1]["at"]))
    world.close()
    return result


def _world(directory: Path, backend: Backend, by_provider: bool) -> World:
    world = World(directory)
    urls = {user: backend.calendar(user) for user in SCENARIO["zones"]}
    world.write(
        people=SCENARIO["people"].strip().format(**urls), pairs=SCENARIO["pairs"].strip() + "\n"
    )
    settings = directory / "overlap.toml"
    text = settings.read_text() + backend.settings
    if by_provider:
        text = text.replace("maildir:outbox", f"{backend.whole}:")
        text = text.replace("maildir:inbox", f"{backend.whole}:")
        text += f'[calendar]\nurl = "{backend.whole}:"\n'
    settings.write_text(text)
    return world


def _letters(world: World, backend: Backend, by_provider: bool) -> list[EmailMessage]:
    if not by_provider:
        return world.sent()
    import email
    import email.policy

    fresh = backend.server.sent(OFFICE)[len(world._seen) :]
    world._seen |= {f"{len(world._seen) + n}" for n in range(len(fresh))}
    return [email.message_from_bytes(raw, policy=email.policy.default) for raw in fresh]


def _note(invites: dict[tuple[str, str], EmailMessage], mail: EmailMessage) -> None:
    if not any(part.get_content_type() == "text/calendar" for part in mail.walk()):
        return
    reader = mail["To"].addresses[0].username
    attendees: Any = event_in(mail)["attendee"]
    people = {str(a).partition(":")[2].partition("@")[0] for a in attendees}
    (other,) = people - {reader}
    invites[reader, other] = mail


def _note_busy(result: Play, world: World, moment: str) -> None:
    span = Interval(at(moment), SPAN.end)
    with reading(world.engine) as connection:
        own = {item_key(uid) for uid in connection.execute(select(meetings.c.uid)).scalars()}
        for user in SCENARIO["zones"]:
            who = f"{user}@example.org"
            found = calendars.busy_of(connection, (who, ""), span)[who]
            kept = [b.interval for b in found if b.item not in own]
            result.busy[moment, user] = merged(kept)


def _gather(result: Play, world: World, now: datetime) -> None:
    roster = load(world.directory)
    with reading(world.engine) as connection:
        rows = connection.execute(
            select(
                meetings.c.mentor,
                meetings.c.number,
                meetings.c.state,
                meetings.c.sequence,
                meetings.c.start,
                meetings.c.decision,
            ).order_by(meetings.c.mentor, meetings.c.number)
        )
        result.meetings = [(*row[:5], _decided(row.decision)) for row in rows]
        document = status(connection, roster, now)
        result.states = [document["pairs"], [row["state"] for row in document["calendars"]]]
        kinds = connection.execute(select(outbox.c.kind, outbox.c.recipient, outbox.c.state))
        result.mails = sorted(tuple(row) for row in kinds)


def _decided(decision: str) -> Any:
    """Why this time. Why not others is told in other words where a calendar shows our meetings."""
    return {name: why for name, why in json.loads(decision).items() if name != "rejected"}


@pytest.fixture(scope="module")
def by_files(tmp_path_factory: pytest.TempPathFactory) -> Play:
    directory = tmp_path_factory.mktemp("ics")
    with ics(directory) as backend:
        return play(directory, backend, by_provider=False)


def test_the_scenario_has_all_that_makes_it_worth_playing(by_files: Play) -> None:
    states = {meeting[2] for meeting in by_files.meetings}
    assert max(meeting[3] for meeting in by_files.meetings) >= 1  # something moved
    assert "held" in states
    assert {kind for kind, *_ in by_files.mails} >= {"invite", "moved", "nudge"}
    assert all(by_files.busy[SCENARIO["steps"][0]["at"], user] for user in SCENARIO["zones"])


@pytest.mark.parametrize("name", [name for name in BACKENDS if name != "ics"])
def test_the_same_scenario_ends_the_same_everywhere(
    tmp_path: Path, by_files: Play, name: str
) -> None:
    with BACKENDS[name](tmp_path) as backend:
        result = play(tmp_path, backend, by_provider=False)
    assert result.busy == by_files.busy
    assert result.meetings == by_files.meetings
    assert result.states == by_files.states
    assert result.mails == by_files.mails


@pytest.mark.parametrize("name", [n for n in BACKENDS if n not in ("ics", "caldav")])
def test_mail_and_meetings_at_the_provider_change_nothing_either(
    tmp_path: Path, by_files: Play, name: str
) -> None:
    with BACKENDS[name](tmp_path) as backend:
        result = play(tmp_path, backend, by_provider=True)
    assert result.busy == by_files.busy
    assert result.meetings == by_files.meetings
    assert result.states == by_files.states
    assert result.mails == by_files.mails


@pytest.mark.parametrize("name", BACKENDS)
def test_an_unchanged_calendar_is_written_by_nobody(tmp_path: Path, name: str) -> None:
    with BACKENDS[name](tmp_path) as backend:
        world = _world(tmp_path, backend, by_provider=False)
        for user, events in SCENARIO["calendars"].items():
            backend.fill(user, events)
        roster = load(tmp_path)
        ports = Ports(roster, tmp_path)
        now = at(SCENARIO["steps"][0]["at"])
        sync_all(begin(roster, world.engine, ports, now))
        work = begin(roster, world.engine, ports, now + timedelta(minutes=15))
        written: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            if not statement.startswith(("SELECT", "BEGIN", "PRAGMA")):
                written.append(statement)

        hook.listen(world.engine, "before_cursor_execute", note)
        sync_all(work)
        hook.remove(world.engine, "before_cursor_execute", note)
        assert (work.counts["synced"], written) == (len(SCENARIO["zones"]), [])
        world.close()
