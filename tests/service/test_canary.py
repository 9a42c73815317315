"""What partners' calendars say, planted in every kind of server, is nowhere in ours."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from integrations import exchange_busy, google_busy, microsoft365_busy
from service.explain import explain
from service.status import status
from service.trail import document
from service.work import reading
from store import tables
from tests.demo.programme import busy_event
from tests.servers.feeds import feeds
from tests.servers.radicale import radicale
from tests.servers.started import SIMULATORS
from tests.service.traces import in_bytes, in_files, in_tables
from tests.world import LEE, World, at

MONDAY = at("2027-01-11 12:00")
CANARY = "Kanarienvögel"
WORDS = (CANARY, "Kanarienv", "KANARIENVOGEL")
SCHEMES = ("feed", "caldav", *SIMULATORS)
PRIVATE = "".join(
    f"{name}:KANARIENVOGEL {CANARY} {name}\r\n"
    for name in ("SUMMARY", "LOCATION", "DESCRIPTION", "CATEGORIES", "COMMENT", "CONTACT")
)
PRIVATE += 'ATTENDEE;CN="KANARIENVOGEL":mailto:kanarienvogel@example.com\r\n'
PRIVATE += "X-ALT-DESC;FMTTYPE=text/html:<p>KANARIENVOGEL</p>\r\n"


def entry(name: str) -> str:
    """A busy morning each day of two weeks, with canaries in every field that has words."""
    events = []
    for day in range(14):
        start = at("2027-01-13 09:00") + timedelta(days=day)
        ics = busy_event(f"{name}-{day}@example.org", start, start + timedelta(hours=3))
        first = ics.index("BEGIN:VEVENT")
        events.append(ics[first : ics.index("END:VCALENDAR")])
    begin = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//Test//EN\r\n"
    body = "".join(events).replace("SUMMARY:Something private\r\n", PRIVATE)
    return f"{begin}{body}END:VCALENDAR\r\n"


BROKEN = (
    "BEGIN:VEVENT\r\nUID:broken@example.org\r\nDTSTAMP:20270101T000000Z\r\n"
    "DTSTART;TZID=Nowhere/Known:20270114T090000\r\nDTEND:20270114T100000Z\r\n"
    f"{PRIVATE}END:VEVENT\r\n"
)


@contextmanager
def everywhere(folder: Path) -> Iterator[World]:
    """A mentor with a partner at each kind of server, each of whose calendars holds canaries."""
    world = World(folder)
    folder.mkdir()
    with ExitStack() as stack:
        served = stack.enter_context(feeds())
        dav = stack.enter_context(radicale(folder, {"caldav": "word"}))
        dav.create("caldav")
        dav.fill("caldav", entry("caldav"))
        broken = entry("feed").replace("END:VCALENDAR", f"{BROKEN}END:VCALENDAR")
        urls = {"feed": served.put("/feed.ics", broken), "caldav": dav.url("caldav")}
        sections = '[caldav]\npassword = "file:dav.secret"\n'
        (folder / "dav.secret").write_text("word")
        for name, start in SIMULATORS.items():
            started = stack.enter_context(start(folder))
            started.server.user(f"{name}@example.org", "America/New_York")
            started.server.fill(f"{name}@example.org", entry(name))
            urls[name] = f"{name}:{name}@example.org"
            sections += started.toml().replace("[tls]", "\n[tls]")
        people = "name,email,timezone,hours,calendar\n" + (
            f"Lee Park,{LEE},America/New_York,Mon-Fri 08:00-18:00,file:lee.ics\n"
        )
        pairs = "mentor,mentee\n"
        for name, url in urls.items():
            people += (
                f"Partner {name},{name}@example.org,America/New_York,Mon-Fri 09:00-17:00,{url}\n"
            )
            pairs += f"{LEE},{name}@example.org\n"
        world.write(people, pairs, agreement=sections)
        yield world
    world.close()


@pytest.fixture
def talkative(monkeypatch: pytest.MonkeyPatch) -> None:
    """Titles and places come over the wire too, though the adapters don't ask for them."""
    monkeypatch.setattr(google_busy, "_FIELDS", "nextPageToken,nextSyncToken,timeZone,items")
    more = f"{microsoft365_busy._FIELDS},subject,body,attendees"
    monkeypatch.setattr(microsoft365_busy, "_FIELDS", more)
    monkeypatch.setattr(exchange_busy, "_FIELDS", (*exchange_busy._FIELDS, "subject", "location"))


@pytest.mark.usefixtures("talkative")
def test_no_title_gets_anywhere(
    tmp_path: Path, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    with everywhere(tmp_path / "programme") as world:
        mails: list[bytes] = []
        now = MONDAY
        for _ in range(6):
            work = world.step(now)
            mails += world.letters()
            now += timedelta(hours=12)
        known = read(world)
        assert {name: known[name] for name in SCHEMES} == dict.fromkeys(SCHEMES, True)
        assert mails
        assert in_files(world.directory, WORDS) == []
        with reading(world.engine) as connection:
            assert in_tables(connection, WORDS) == []
            shown = json.dumps(status(connection, work.roster, now), ensure_ascii=False)
            for pair in work.roster.pairs:
                told = explain(work, connection, pair)
                shown += json.dumps(told, ensure_ascii=False)
        shown += json.dumps(document(world.engine, "", []), ensure_ascii=False)
        with sqlite3.connect(world.directory / "overlap.db") as store:
            shown += "\n".join(store.iterdump())
        assert in_bytes(shown.encode(), WORDS) == []
        for raw in mails:
            assert in_bytes(raw, WORDS) == []
        out = capfd.readouterr()
        assert "calendar_item_doubtful" in log.getvalue()
        assert in_bytes((log.getvalue() + out.out + out.err).encode(), WORDS) == []


def read(world: World) -> dict[str, bool]:
    """Of which partners busy times are known."""
    with reading(world.engine) as connection:
        people = set(connection.execute(select(tables.busy.c.person)).scalars())
    return {person.partition("@")[0]: True for person in people}


def test_the_search_would_find_one() -> None:
    assert in_bytes(entry("x").encode(), WORDS)
