"""Which letters go, when, in which order, and what becomes of those that did not arrive.

The store is real; the channel is one whose every answer a test decides. `test_deliver.py` plays
some of it over SMTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.engine import Row
from structlog.testing import capture_logs

from integrations.ports import (
    BusySource,
    Inbox,
    Letter,
    LetterRefused,
    Mailer,
    Organiser,
    OutcomeUnknown,
    ProviderError,
)
from mentoring.interval import Interval
from mentoring.meeting import Attendance, Meeting, State
from mentoring.roster import Person
from mentoring.sign_in import SIGN_IN
from service.deliver import deliver, reader_of
from service.roster_source import load
from service.work import Work
from store import bounces, meetings, outbox
from store.booking import Booking, Guest
from store.database import open_engine, resolve_url
from store.outbox import EXPIRED, FAILED, QUEUED, SENDING, SENT, SUPERSEDED, UNKNOWN
from store.schema import metadata
from store.tables import outbox as table
from tests.world import DANA, LEE, World, at

MONDAY = at("2027-01-11 12:00")
NIGHT = at("2027-01-11 20:00")
SECOND = timedelta(seconds=1)
COORDINATOR = "coordinator@example.org"
LAG = timedelta(minutes=30)


@dataclass
class Channel:
    """A mailer, and the outside that has nothing else. Faults are used up one by one.

    `early` are raised before a letter can't be undone, `late` after it; `seen` answers whether a
    letter was taken.
    """

    state: Callable[[str], str]
    early: dict[str, list[Exception]] = field(default_factory=dict)
    late: dict[str, list[Exception]] = field(default_factory=dict)
    seen: bool | ProviderError | None = None
    down: ProviderError | None = None
    meanwhile: Callable[[], None] = lambda: None
    taken: list[str] = field(default_factory=list)

    @property
    def lag(self) -> timedelta:
        return LAG

    def deliver(self, letter: Letter, point_of_no_return: Callable[[], None]) -> None:
        self.meanwhile()
        if faults := self.early.get(letter.message_id):
            raise faults.pop(0)
        point_of_no_return()
        assert self.state(letter.message_id) == SENDING, "a crash here would lose the letter"
        if faults := self.late.get(letter.message_id):
            raise faults.pop(0)
        self.taken.append(letter.message_id)

    def delivered(self, message_id: str) -> bool | None:
        if isinstance(self.seen, ProviderError):
            raise self.seen
        return self.seen

    def mailer(self) -> Mailer:
        if self.down:
            raise self.down
        return self

    def busy_source(self, person: Person) -> BusySource:
        raise NotImplementedError

    def inbox(self) -> Inbox | None:
        return None

    def organiser(self) -> Organiser | None:
        return None

    def uid_domain(self) -> str:
        return "example.org"


class Office:
    """A programme with an outbox and a channel, played pass by pass."""

    def __init__(self, directory: Path) -> None:
        World(directory).write()
        self.roster = load(directory)
        self.engine = open_engine(resolve_url("sqlite:///overlap.db", directory))
        metadata.create_all(self.engine)
        self.channel = Channel(self._state)

    def put(self, key: str, to: str = DANA, kind: str = "welcome", **more: Any) -> None:
        letter = Letter(key, "", to, b"")
        with self.engine.begin() as connection:
            outbox.enqueue(connection, key=key, kind=kind, letter=letter, now=MONDAY, **more)

    def take_back(self, uid: str) -> None:
        with self.engine.begin() as connection:
            outbox.supersede(connection, uid, DANA, ("invite",))

    def row(self, key: str) -> Row[Any]:
        with self.engine.connect() as connection:
            return connection.execute(select(table).where(table.c.key == key)).one()

    def _state(self, message_id: str) -> str:
        with self.engine.connect() as connection:
            query = select(table.c.state).where(table.c.message_id == message_id)
            return str(connection.execute(query).scalar_one())

    def told(self) -> list[str]:
        """The keys of what the coordinator is to hear."""
        with self.engine.connect() as connection:
            return sorted(outbox.said(connection, "undelivered:"))

    def step(self, now: datetime = MONDAY, only: tuple[str, ...] = ()) -> Work:
        work = Work(self.roster, self.engine, self.channel, now, b"0" * 32)
        with capture_logs() as logs:
            deliver(work, only)
        self.logs = [{k: v for k, v in entry.items() if k != "log_level"} for entry in logs]
        return work


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.engine.dispose()


def refused(words: str = "550 no") -> LetterRefused:
    return LetterRefused(words, mend="ask them")


def later(retry_after: float | None = None) -> ProviderError:
    return ProviderError("451 later", mend="wait", retry_after=retry_after)


def silence() -> OutcomeUnknown:
    return OutcomeUnknown("no answer came", mend="look it up")


def counts(work: Work) -> tuple[int, int, int]:
    return work.counts["sent"], work.counts["failed"], work.counts["held_back"]


def test_a_letter_goes_inside_its_readers_hours(office: Office) -> None:
    office.put("a")
    assert counts(office.step(NIGHT)) == (0, 0, 1)
    assert office.row("a").state == QUEUED
    assert counts(office.step()) == (1, 0, 0)
    assert office.channel.taken == ["a"]
    assert (office.row("a").state, office.row("a").sent_at) == (SENT, MONDAY.timestamp())
    assert office.logs == [{"event": "mail_sent", "key": "a", "kind": "welcome", "to": DANA}]
    assert counts(office.step()) == (0, 0, 0)
    assert office.channel.taken == ["a"]


def test_hours_are_the_readers_own(office: Office) -> None:
    """At 16:30 in New York nobody of the office's zone is late, and Lee's day is half over."""
    for key, reader in (
        ("dana", DANA),
        ("lee", LEE),
        ("c", COORDINATOR),
        ("b", "boss@example.org"),
    ):
        office.put(key, reader)
    office.step(at("2027-01-11 10:00"))  # seven in the morning in Los Angeles
    assert sorted(office.channel.taken) == ["b", "c", "dana"]
    office.step(at("2027-01-11 18:00"))
    assert sorted(office.channel.taken) == ["b", "c", "dana", "lee"]


def test_what_was_asked_for_a_moment_ago_goes_at_once(office: Office) -> None:
    office.put("a", COORDINATOR, SIGN_IN)
    office.step(NIGHT)
    assert office.channel.taken == ["a"]


def test_a_change_of_a_meeting_that_is_near_goes_at_any_hour(office: Office) -> None:
    near, far = NIGHT + timedelta(hours=12), NIGHT + timedelta(hours=13)
    office.put("near as they know it", known_start=near, expires_at=far)
    office.put("near as it is now", known_start=far, expires_at=near)
    office.put("far", known_start=far, expires_at=far)
    office.put("news", expires_at=near)  # who never heard of it is not woken by it
    assert counts(office.step(NIGHT)) == (2, 0, 2)
    assert office.channel.taken == ["near as they know it", "near as it is now"]


def test_what_has_no_use_left_is_not_sent(office: Office) -> None:
    office.put("over", expires_at=MONDAY)
    office.put("just", expires_at=MONDAY + SECOND)
    office.step()
    assert (office.row("over").state, office.row("just").state) == (EXPIRED, SENT)
    assert {"event": "mail_expired", "key": "over"} in office.logs
    assert office.channel.taken == ["just"]


def test_who_left_hears_of_cancellations_alone(office: Office) -> None:
    office.put("gone", "gone@example.org")
    office.put("off", "gone@example.org", "cancelled")
    office.step()
    assert (office.row("gone").state, office.row("off").state) == (SUPERSEDED, SENT)
    assert {"event": "mail_to_nobody", "key": "gone"} in office.logs
    assert office.channel.taken == ["off"]


def test_a_partners_hours_are_those_of_the_roster(office: Office) -> None:
    work = office.step()
    with office.engine.connect() as connection:
        assert reader_of(work, connection, DANA, "m") == office.roster.people[DANA]


def booked(zone: str, number: int = 1, proposed_at: datetime = MONDAY) -> Booking:
    codes = f"{number}G", f"{number}D"
    guests = Guest("gone@example.org", "G", zone, codes[0]), Guest(DANA, "D", "UTC", codes[1])
    slot = Interval(MONDAY + timedelta(days=9), MONDAY + timedelta(days=9, hours=1))
    sides = Attendance("gone@example.org"), Attendance(DANA)
    pair = "gone@example.org", DANA
    uid = f"uid-{number}"
    meeting = Meeting(uid, *pair, State.CANCELLED, 0, 1, slot, proposed_at, sides)
    return Booking(meeting, number, guests, zone, False, (0, 0), (), {})


def test_who_left_is_written_to_in_the_hours_of_their_invite(office: Office) -> None:
    with office.engine.begin() as connection:
        meetings.save(connection, booked("Asia/Tokyo"))
    office.put("off", "gone@example.org", "cancelled", uid="uid-1")
    office.put("of nothing", "gone@example.org", "cancelled")
    assert counts(office.step()) == (1, 0, 1)  # two in the morning in Tokyo
    assert office.channel.taken == ["of nothing"]
    office.step(NIGHT)
    assert office.channel.taken == ["of nothing", "off"]


def test_who_left_and_had_moved_is_written_to_where_the_newest_invite_found_them(
    office: Office,
) -> None:
    """Which meeting a letter is about says nothing about where its reader lives by now."""
    week = timedelta(days=7)
    zones = {1: "America/Los_Angeles", 2: "Asia/Tokyo", 3: "Europe/Berlin"}
    proposed = {1: MONDAY - week, 2: MONDAY - SECOND, 3: MONDAY - 2 * week}
    with office.engine.begin() as connection:
        for number, zone in zones.items():
            meetings.save(connection, booked(zone, number, proposed[number]))
    for number in zones:
        office.put(f"off {number}", "gone@example.org", "cancelled", uid=f"uid-{number}")
    assert counts(office.step()) == (0, 0, 3)  # nine in Los Angeles, but two at night in Tokyo
    assert counts(office.step(NIGHT)) == (3, 0, 0)


def test_who_left_and_was_no_guest_is_written_to_in_the_offices_hours(office: Office) -> None:
    with office.engine.begin() as connection:
        meetings.save(connection, booked("Asia/Tokyo"))
    office.put("off", "other@example.org", "cancelled", uid="uid-1")
    office.step(at("2027-01-18 12:00"))  # a holiday of the programme
    assert office.channel.taken == []
    office.step()
    assert office.channel.taken == ["off"]


def test_an_address_that_mail_came_back_from_gets_none(office: Office) -> None:
    office.put("a")
    office.put("b", LEE)
    with office.engine.begin() as connection:
        bounces.pause(connection, DANA, "550 no such user", MONDAY)
    assert counts(office.step()) == (1, 0, 0)
    assert (office.row("a").state, office.channel.taken) == (QUEUED, ["b"])


def test_some_kinds_alone_may_be_sent(office: Office) -> None:
    office.put("a")
    office.put("b", LEE, "log")
    office.put("c", LEE, "digest")
    office.step(only=("log", "digest"))
    assert office.channel.taken == ["b", "c"]


def test_each_readers_letters_keep_their_order(office: Office) -> None:
    for number in range(6):
        office.put(str(number), (LEE, DANA)[number % 2])
    office.channel.early = {"2": [later()]}
    assert counts(office.step()) == (4, 1, 0)
    assert [key for key in office.channel.taken if key in "024"] == ["0"]  # none overtakes
    assert [key for key in office.channel.taken if key in "135"] == ["1", "3", "5"]


def test_a_letter_that_is_refused_or_in_doubt_holds_up_none(office: Office) -> None:
    for key in "abc":
        office.put(key)
    office.channel.late = {"a": [refused()], "b": [silence()]}
    assert counts(office.step()) == (1, 1, 0)
    assert [office.row(key).state for key in "abc"] == [FAILED, UNKNOWN, SENT]


def test_a_refusal_is_final_and_told_once(office: Office) -> None:
    office.put("a")
    office.channel.early = {"a": [refused("550 no such user")]}
    assert counts(office.step()) == (0, 1, 0)
    assert office.logs == [
        {
            "event": "mail_refused",
            "key": "a",
            "to": DANA,
            "reason": "550 no such user",
            "mend": "ask them",
        }
    ]
    assert office.row("a").error == "550 no such user"
    assert office.told() == ["undelivered:a"]
    told = office.row("undelivered:a")
    assert (told.recipient, told.kind) == (COORDINATOR, "undelivered")
    assert b"Subject: Mail refused: dana@example.org" in told.raw
    assert b"About:  welcome" in told.raw
    assert b"550 no such user" in told.raw
    office.step()
    office.step()
    assert office.told() == ["undelivered:a"]


def test_the_coordinators_own_lost_mail_is_told_to_nobody_and_hides_no_other(
    office: Office,
) -> None:
    office.put("c", COORDINATOR)
    office.put("d")
    office.channel.early = {"c": [refused()], "d": [refused()]}
    office.step()
    assert office.told() == ["undelivered:d"]


def test_it_is_tried_again_after_longer_and_longer(office: Office) -> None:
    office.put("a")
    office.channel.early = {"a": [later() for _ in range(30)]}
    now, waits = MONDAY, []
    for _ in range(17):
        assert counts(office.step(now)) == (0, 1, 0)
        assert office.row("a").state == QUEUED
        assert office.logs == [
            {"event": "mail_delayed", "key": "a", "to": DANA, "reason": "451 later", "mend": "wait"}
        ]
        waits.append((office.row("a").next_attempt - now.timestamp()) / 60)
        with office.engine.begin() as connection:  # so that it is this reader's noon again
            connection.execute(table.update().values(next_attempt=0))
    assert waits == [1, 5, 15, 60, 240] + [480] * 12
    assert office.told() == []
    office.step(now)
    assert (office.row("a").state, office.row("a").error) == (FAILED, "451 later")
    assert office.row("a").attempts == 18
    assert office.told() == ["undelivered:a"]


@pytest.mark.parametrize(
    ("attempts", "asked", "minutes"),
    [(0, 59, 1), (0, 600, 10), (1, 0, 5), (0, 86400, 1440), (0, 86401, 1440), (0, 9e9, 1440)],
)
def test_a_server_may_ask_for_a_day_at_most(
    office: Office, attempts: int, asked: float, minutes: int
) -> None:
    office.put("a")
    office.channel.early = {"a": [*(later() for _ in range(attempts)), later(asked)]}
    for _ in range(attempts + 1):
        office.step()
        wait = office.row("a").next_attempt - MONDAY.timestamp()
        with office.engine.begin() as connection:
            connection.execute(table.update().values(next_attempt=0))
    assert wait == minutes * 60


def test_silence_is_settled_by_evidence(office: Office) -> None:
    office.put("a")
    office.channel.late = {"a": [silence()]}
    office.channel.seen = True
    assert counts(office.step()) == (1, 0, 0)
    assert (office.row("a").state, office.row("a").sent_at) == (SENT, MONDAY.timestamp())
    assert office.told() == []


def test_without_evidence_a_letter_is_in_doubt_told_and_not_repeated(office: Office) -> None:
    office.put("a")
    office.channel.late = {"a": [silence()]}
    assert counts(office.step()) == (0, 0, 0)
    assert (office.row("a").state, office.row("a").error) == (UNKNOWN, "no answer came")
    assert office.logs == [
        {"event": "mail_in_doubt", "key": "a", "state": "unknown", "reason": "no answer came"}
    ]
    assert b"Subject: Mail in doubt: dana@example.org" in office.row("undelivered:a").raw
    office.step()
    assert office.channel.taken == [office.row("undelivered:a").message_id]


def test_what_may_not_be_seen_yet_is_waited_for(office: Office) -> None:
    office.put("a")
    office.channel.late = {"a": [silence()]}
    office.channel.seen = False
    assert counts(office.step()) == (0, 0, 0)
    assert office.row("a").state == SENDING
    assert office.logs == [
        {"event": "mail_not_to_be_seen_yet", "key": "a", "reason": "no answer came"}
    ]
    office.step(MONDAY + LAG - SECOND)
    assert (office.row("a").state, office.channel.taken) == (SENDING, [])
    assert office.logs[0]["reason"] == "the service stopped while this mail was on its way"
    office.step(MONDAY + LAG)  # it is not there: it was never taken, and goes again
    assert (office.row("a").state, office.channel.taken) == (SENT, ["a"])


def test_evidence_that_cannot_be_had_now_is_asked_for_again(office: Office) -> None:
    office.put("a")
    office.channel.late = {"a": [silence()]}
    office.channel.seen = ProviderError("the archive is closed", mend="open it")
    assert counts(office.step()) == (0, 1, 0)
    assert office.row("a").state == SENDING
    assert office.logs == [
        {
            "event": "mail_not_looked_up",
            "key": "a",
            "reason": "the archive is closed",
            "mend": "open it",
        }
    ]
    office.channel.seen = True
    assert counts(office.step()) == (1, 0, 0)
    assert (office.row("a").state, office.channel.taken) == (SENT, [])


def test_every_letter_that_a_killed_process_left_is_settled(office: Office) -> None:
    for key in "ab":
        office.put(key)
        number = office.row(key).id
        with office.engine.begin() as connection:
            assert outbox.claim(connection, number, MONDAY - LAG)
    office.step()
    assert [office.row(key).state for key in "ab"] == [UNKNOWN, UNKNOWN]
    reason = "the service stopped while this mail was on its way"
    assert office.row("a").error == reason
    assert office.told() == ["undelivered:a", "undelivered:b"]


def test_a_channel_that_cannot_be_used_sends_nothing_and_says_so(office: Office) -> None:
    office.put("a")
    office.channel.down = ProviderError("there is no token", mend="connect it")
    assert counts(office.step()) == (0, 1, 0)
    assert office.logs == [
        {"event": "mailer_unusable", "reason": "there is no token", "mend": "connect it"}
    ]
    assert office.row("a").state == QUEUED


def test_what_no_channel_may_raise_stops_that_reader_alone(office: Office) -> None:
    office.put("a")
    office.put("b", LEE)
    office.channel.early = {"a": [RuntimeError("a defect")]}
    assert counts(office.step()) == (1, 1, 0)
    assert (office.row("a").state, office.row("b").state) == (QUEUED, SENT)


def test_a_supervisor_outside_the_roster_is_known_while_they_are_named(office: Office) -> None:
    office.put("a", "boss@example.org")
    dana = replace(office.roster.people[DANA], supervisor=None)
    office.roster = replace(office.roster, people={**office.roster.people, DANA: dana})
    office.step()
    assert office.row("a").state == SUPERSEDED


@pytest.mark.parametrize("overtaken", [True, False])
def test_a_letter_that_was_not_taken_is_not_sent_behind_a_later_one(
    office: Office, overtaken: bool
) -> None:
    """Its SEQUENCE would fall. In doubt first, then found to be lost."""
    office.channel.late = {"old": [silence()]}
    office.channel.seen = ProviderError("the archive is closed", mend="open it")
    office.put("old", kind="invite", uid="m")
    office.step()
    office.put("new", kind="moved" if overtaken else "nudge", uid="m")
    office.put("others", to=LEE, kind="moved", uid="m")
    office.step()
    office.channel.seen = False
    for _ in range(2):
        office.step(MONDAY + LAG)
    assert office.row("old").state == (SUPERSEDED if overtaken else SENT)
    sent = {"new", "others"} if overtaken else {"new", "others", "old"}
    assert set(office.channel.taken) == sent  # to two readers at once


def test_a_letter_that_has_to_wait_is_overtaken_too(office: Office) -> None:
    def moved_meanwhile(_message_id: str) -> str:
        office.put("new", kind="moved", uid="m")
        return SENDING

    office.put("old", kind="invite", uid="m")
    office.channel.state = moved_meanwhile
    office.channel.late = {"old": [later()]}
    assert counts(office.step()) == (0, 0, 0)
    assert office.logs == [{"event": "mail_overtaken", "key": "old"}]
    assert (office.row("old").state, office.row("new").state) == (SUPERSEDED, QUEUED)


@pytest.mark.parametrize("fault", [None, later(), refused()])
def test_a_letter_taken_back_while_it_is_tried_stays_so(
    office: Office, fault: ProviderError | None
) -> None:
    """The meeting is called off by a page while a slow server is connected to."""
    office.put("a", kind="invite", uid="m")
    office.channel.early = {"a": [fault]} if fault else {}
    office.channel.meanwhile = lambda: office.take_back("m")
    assert counts(office.step()) == (0, 0, 0)
    assert office.row("a").state == SUPERSEDED
    assert office.logs == [{"event": "mail_not_ours", "key": "a"}]
    office.channel.early = {}
    office.step(MONDAY + timedelta(hours=1))
    assert (office.channel.taken, office.told()) == ([], [])
