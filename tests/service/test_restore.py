"""A backup put back at every stage: what people were told stays told, over real servers."""

from __future__ import annotations

import email
import email.policy
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from icalendar import Calendar
from sqlalchemy import select

from service.backups import backup, restore
from service.work import reading
from store import meetings, tables
from store.booking import Booking
from store.restore import _TOLD
from store.schema import metadata
from tests.servers.radicale import Radicale, radicale
from tests.servers.smtpd import SmtpServer, smtpd
from tests.world import DANA, LEE, World, at, calendar_of, event_in

SUNDAY, MONDAY = at("2027-01-10 03:00"), at("2027-01-11 12:00")
STORE = "sqlite:///overlap.db"


@dataclass
class Office:
    """A programme that mails by SMTP and shows its meetings in a CalDAV calendar."""

    world: World
    smtp: SmtpServer
    calendar: Radicale
    keep: Path

    def sent(self) -> list[EmailMessage]:
        return [
            email.message_from_bytes(taken.raw, policy=email.policy.default)
            for taken in self.smtp.letters
        ]

    def back_up(self) -> None:
        backup(STORE, self.world.directory, self.keep)

    def restore(self, now: datetime, *, lost: bool = False) -> str:
        """Put the backup back; with `lost`, the disk under the store was replaced."""
        self.world.close()
        self.world._engine = None
        if lost:
            for path in self.world.directory.glob("overlap.db*"):
                path.unlink()
        return restore(STORE, self.world.directory, self.keep, now)

    def booking(self) -> Booking:
        with reading(self.world.engine) as connection:
            (booking,) = meetings.live(connection)[:1]
        return booking

    def states(self) -> dict[str, str]:
        """Each letter's state by its key."""
        with reading(self.world.engine) as connection:
            query = select(tables.outbox.c.key, tables.outbox.c.state)
            return {row.key: row.state for row in connection.execute(query)}

    def shown(self) -> list[Calendar]:
        """The entries of the organiser's calendar."""
        folder = self.keep.parent / "dav/collections/collection-root/office/work"
        return [Calendar.from_ical(path.read_bytes()) for path in folder.glob("*.ics")]

    def answer(self, person: str, partstat: str, now: datetime) -> None:
        """Answer the newest invite that this person got."""
        invites = [m for m in self.sent() if m["To"].addresses[0].addr_spec == person]
        newest = [m for m in invites if m.get_content_type() == "multipart/mixed"][-1]
        self.world.reply(person, newest, partstat, now)


@contextmanager
def opened(tmp_path: Path) -> Iterator[Office]:
    (tmp_path / "dav").mkdir()
    world = World(tmp_path / "programme")
    with smtpd() as smtp, radicale(tmp_path / "dav", {"office": "word"}) as calendar:
        calendar.create("office")
        world.write()
        (world.directory / "word").write_text("word")
        toml = world.directory / "overlap.toml"
        text = toml.read_text().replace("maildir:outbox", f"smtp://127.0.0.1:{smtp.port}")
        toml.write_text(
            text + f'[calendar]\nurl = "{calendar.url("office")}"\npassword = "file:word"\n'
        )
        yield Office(world, smtp, calendar, tmp_path / "kept.db")
        world.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with opened(tmp_path) as office:
        yield office


def nothing_twice(office: Office) -> None:
    sent = Counter(str(m["Message-ID"]) for m in office.sent())
    assert {id_: n for id_, n in sent.items() if n > 1} == {}
    times = Counter(
        (str(m["To"]), str(event["uid"]), str(event["sequence"]), str(calendar_of(m)["method"]))
        for m in office.sent()
        if m.get_content_type() == "multipart/mixed"
        for event in [event_in(m)]
    )
    assert times
    assert set(times.values()) == {1}


def test_what_was_told_since_the_backup_stays_told(office: Office) -> None:
    office.world.step(MONDAY)
    office.back_up()
    office.answer(DANA, "DECLINED", MONDAY)
    office.world.step(MONDAY + timedelta(hours=1))
    moved, letters = office.booking().meeting, len(office.smtp.letters)
    assert moved.sequence == 1
    said = office.restore(MONDAY + timedelta(hours=2))
    assert "taken over" in said
    office.world.step(MONDAY + timedelta(hours=2))
    assert office.booking().meeting == moved
    assert len(office.smtp.letters) == letters  # nothing was left to say
    office.answer(LEE, "DECLINED", MONDAY + timedelta(hours=3))
    office.world.step(MONDAY + timedelta(hours=3))
    assert office.booking().meeting.sequence > 1
    assert office.booking().meeting.slot != moved.slot
    nothing_twice(office)
    (entry,) = [calendar.walk("VEVENT")[0] for calendar in office.shown()]
    assert entry["uid"] == moved.uid
    assert entry.decoded("dtstart") == office.booking().meeting.slot.start


def test_mail_that_waited_in_both_still_goes_out(office: Office) -> None:
    office.world.step(SUNDAY)
    waiting = [key for key, state in office.states().items() if state == "queued"]
    assert waiting
    office.back_up()
    office.restore(SUNDAY + timedelta(hours=1))
    office.world.step(MONDAY)
    assert {office.states()[key] for key in waiting} == {"sent"}
    nothing_twice(office)


def test_after_a_lost_disk_no_mail_goes_out_again_and_the_coordinator_hears_of_it(
    office: Office,
) -> None:
    office.world.step(SUNDAY)
    waiting = [key for key, state in office.states().items() if state == "queued"]
    office.back_up()
    office.world.step(MONDAY)  # they went out, and the disk fails
    before = office.sent()
    said = office.restore(MONDAY + timedelta(minutes=10), lost=True)
    assert f"{len(waiting)} mails that waited" in said
    office.world.step(MONDAY + timedelta(minutes=10))
    office.world.step(MONDAY + timedelta(minutes=20))
    assert {office.states()[key] for key in waiting} == {"unknown"}
    since = office.sent()[len(before) :]
    assert {str(m["To"]) for m in since} == {"Coordinator <coordinator@example.org>"}
    assert len([m for m in since if "in doubt" in m["Subject"]]) == len(waiting)
    nothing_twice(office)


def test_after_a_lost_disk_what_is_new_wins_over_what_people_know(office: Office) -> None:
    office.world.step(SUNDAY)
    office.back_up()
    office.world.step(MONDAY)
    office.answer(DANA, "DECLINED", MONDAY)
    office.world.step(MONDAY + timedelta(hours=1))
    known = office.booking().meeting
    assert known.sequence == 1
    office.restore(MONDAY + timedelta(hours=2), lost=True)
    # Her answer is still in the inbox: read again, it moves the meeting past what they know.
    office.world.step(MONDAY + timedelta(hours=2))
    after = office.booking().meeting
    assert after.uid == known.uid
    assert after.sequence > known.sequence + 1
    newest = [m for m in office.sent() if m.get_content_type() == "multipart/mixed"][-2:]
    assert {str(m["To"].addresses[0].addr_spec) for m in newest} == {DANA, LEE}
    for message in newest:
        assert event_in(message).decoded("dtstart") == after.slot.start
        assert int(str(event_in(message)["sequence"])) == after.sequence
    (entry,) = [calendar.walk("VEVENT")[0] for calendar in office.shown()]
    assert entry.decoded("dtstart") == after.slot.start  # one event, at the new time
    nothing_twice(office)


def test_after_a_lost_disk_a_meeting_that_the_backup_never_knew_is_one_event(
    office: Office,
) -> None:
    office.world.new = True  # the pair is welcomed and introduced as it is added
    office.world.write(pairs="mentor,mentee\n")
    _same_settings(office)
    office.world.step(SUNDAY)
    office.back_up()
    office.world.write()
    _same_settings(office)
    office.world.step(MONDAY)
    first, told = office.booking().meeting, office.sent()
    office.restore(MONDAY + timedelta(minutes=10), lost=True)
    office.world.step(MONDAY + timedelta(minutes=20))
    again, since = office.booking().meeting, office.sent()[len(told) :]
    invites = [m for m in since if m.get_content_type() == "multipart/mixed"]
    assert {m["To"].addresses[0].addr_spec for m in invites} == {DANA, LEE}
    # Welcome, introduction and agreement may have gone out: nobody gets them again.
    assert [m for m in since if m not in invites] == []
    assert list(office.states().values()).count("unknown") == 7
    assert (again.uid, first.sequence) == (first.uid, 0)
    assert again.sequence > 1000
    (entry,) = [calendar.walk("VEVENT")[0] for calendar in office.shown()]
    assert entry.decoded("dtstart") == again.slot.start
    nothing_twice(office)


def _same_settings(office: Office) -> None:
    """The sample's settings were written anew: point them at the servers again."""
    toml = office.world.directory / "overlap.toml"
    text = toml.read_text().replace("maildir:outbox", f"smtp://127.0.0.1:{office.smtp.port}")
    url = office.calendar.url("office")
    toml.write_text(text + f'[calendar]\nurl = "{url}"\npassword = "file:word"\n')


def test_a_mail_folder_settles_every_doubt_by_itself(world: World, tmp_path: Path) -> None:
    world.step(SUNDAY)
    backup(STORE, world.directory, tmp_path / "kept.db")
    world.step(MONDAY)
    sent = len(world.sent())
    world.close()
    world._engine = None
    for path in world.directory.glob("overlap.db*"):
        path.unlink()
    restore(STORE, world.directory, tmp_path / "kept.db", MONDAY)
    world.step(MONDAY + timedelta(minutes=10))
    assert sent
    assert world.sent() == []
    with reading(world.engine) as connection:
        states = set(connection.execute(select(tables.outbox.c.state)).scalars())
    assert states == {"sent"}


def test_every_table_taken_over_is_there() -> None:
    for name, key in _TOLD.items():
        assert set(key) <= {column.name for column in metadata.tables[name].columns}
