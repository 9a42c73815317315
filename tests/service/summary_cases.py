"""Eight situations of a supervisor's summary: small programmes with their history in the store."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

from sqlalchemy import select

from integrations.registry import Ports
from mentoring.availability import zone_at
from mentoring.interval import Interval
from mentoring.meeting import Attendance, Meeting, Partstat, State
from mentoring.met import Said
from mentoring.notices import Why
from mentoring.programme_events import Rsvp
from mentoring.roster import Roster
from service.agreeing import agreeing
from service.events import events as keep_events
from service.events import gatherings
from service.passes import present
from service.roster_source import load
from service.summaries import summaries
from service.welcome import NAMED, YES
from service.work import Work
from store import agreements, approvals, events, facts, meetings, met, moves, preferences, private
from store.booking import Booking, Guest
from store.events import Answer
from store.moves import Move
from store.tables import outbox
from tests.world import World, at

MARCH = at("2027-03-02 10:00")
"""A Tuesday, when February is told."""
BOSS = "boss@example.org"
DANA, KIM, LEE, ANA = (f"{name}@example.org" for name in ("dana", "kim", "lee", "ana"))
_HEAD = "name,email,timezone,hours,site,onsite,holidays,supervisor,language\n"
_NY = "America/New_York,Mon-Fri 09:00-17:00"
_PEOPLE = {
    DANA: f"Dana Lee,{DANA},{_NY},Denver,Tue Thu,US,Pat Boss <{BOSS}>,",
    LEE: f"Lee Park,{LEE},{_NY},Denver,Tue Thu,US,,",
    KIM: f"Kim Ito,{KIM},{_NY},,,US,Pat Boss <{BOSS}>,",
    ANA: f"Ana Ruiz,{ANA},America/Los_Angeles,Mon-Fri 08:00-16:00,,,US,,",
}
_EVENTS = (
    "title,kind,start,end,timezone,place,link\n"
    "CANARY Forum,forum,2027-02-18 13:00,2027-02-18 15:00,America/New_York,Denver,https://x.org/f\n"
    "CANARY Half,midpoint,2027-04-20 13:00,2027-04-20 14:00,America/New_York,,https://x.org/m\n"
)
_PLACES = "site,name,kind,address,link\nDenver,CANARY Kitchen,lunch,Wynkoop Street 5,\n"
_PAGES = '[web]\nbase_url = "https://mentoring.example.org"'


@dataclass
class Scene:
    """One programme. `person` rows, `pairs` and `exceptions` are the files; the rest is kept."""

    directory: Path
    now: datetime = MARCH
    people: dict[str, str] = field(default_factory=lambda: dict(_PEOPLE))
    pairs: list[str] = field(default_factory=lambda: [f"{LEE},{DANA},"])
    exceptions: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world = World(self.directory)
        self._number = 0
        self.write()
        with self.world.engine.begin() as connection:
            facts.write(connection, facts.SECRET, "00" * 32)  # so that links are the same

    def write(self) -> None:
        self.world.write(
            people=_HEAD + "".join(f"{row}\n" for row in self.people.values()),
            pairs="mentor,mentee,start\n" + "".join(f"{row}\n" for row in self.pairs),
            agreement=_PAGES,
            exceptions="person,from,to,kind,value\n" + "\n".join(self.exceptions) + "\n",
            events=_EVENTS,
            places=_PLACES,
        )

    @property
    def roster(self) -> Roster:
        return load(self.directory)

    def work(self) -> Work:
        roster = self.roster
        return present(roster, self.world.engine, Ports(roster, self.directory), self.now)

    def meeting(
        self,
        start: str,
        state: State = State.HELD,
        *,
        of: tuple[str, str] = (LEE, DANA),
        minutes: int = 60,
        said: tuple[int, ...] = (),
        on_site: bool = False,
        hidden: bool = False,
        moved: bool = False,
    ) -> str:
        """A meeting of New York's wall time; its UID. `said` are the minutes that partners said;
        `hidden`: Dana keeps its date; `moved`: for a deadline of hers."""
        self._number += 1
        begin, uid = at(start), f"{self._number:032x}@overlap"
        slot = Interval(begin, begin + timedelta(minutes=minutes))
        people = [self.roster.people[email] for email in of]
        booking = Booking(
            meeting=Meeting(
                uid=uid,
                mentor=of[0],
                mentee=of[1],
                state=state,
                sequence=1,
                tries=1,
                slot=slot,
                proposed_at=begin - timedelta(days=9),
                attendances=tuple(Attendance(e, Partstat.ACCEPTED) for e in of),  # type: ignore[arg-type]
            ),
            number=self._number,
            guests=tuple(  # type: ignore[arg-type]
                Guest(p.email, p.name, zone_at(p, begin), f"{self._number:08x}{p.email:.8}")
                for p in people
            ),
            zone=zone_at(people[1], begin),
            on_site=on_site,
            edges=(0, 0),
            refused=(),
            decision={},
            assumed=state is State.HELD and not said,
        )
        with self.world.engine.begin() as connection:
            meetings.save(connection, booking)
            for person, length in zip(of, said, strict=False):
                met.say(connection, uid, person, Said(True, length), self.now)
            if hidden:
                private.mark(connection, uid, DANA, self.now)
            if moved:
                when = begin - timedelta(days=7)
                moves.note(connection, Move(uid, 1, when, Why.DEADLINE, DANA))
        return uid

    def sign(self) -> None:
        """Every pair signs what the programme drafted, and supervisors approve."""
        work = self.work()
        agreeing(work)
        with self.world.engine.begin() as connection:
            for pair in work.roster.pairs:
                for person in pair.key:
                    agreements.sign(connection, *pair.key, 1, person, self.now)
            for employee in work.roster.people.values():
                if boss := employee.supervisor:
                    approvals.write(connection, employee.email, boss.email, self.now)

    def name_both(self, *people: str) -> None:
        with self.world.engine.begin() as connection:
            for person in people:
                preferences.write(connection, person, NAMED, YES, self.now)

    def attend_forum(self, person: str) -> None:
        work = self.work()
        keep_events(work)
        with self.world.engine.begin() as connection:
            forum = next(g for g in gatherings(work, connection) if g.event.kind == "forum")
            there = Answer(Rsvp.ONLINE, self.now, attended=True)
            events.write(connection, forum.id, person, there, self.now)

    def summarise(self) -> None:
        summaries(self.work())

    def queued(self) -> dict[str, EmailMessage]:
        """Every summary in the queue by its key."""
        with self.world.engine.connect() as connection:
            rows = connection.execute(
                select(outbox.c.key, outbox.c.raw).where(outbox.c.kind == "summary")
            ).all()
        return {
            row.key: email.message_from_bytes(row.raw, policy=email.policy.default) for row in rows
        }

    def mail_to(self, reader: str) -> EmailMessage:
        (found,) = [m for k, m in self.queued().items() if k.endswith(f":{reader}")]
        return found


def _nobody_met(scene: Scene) -> None:
    scene.meeting("2027-02-09 13:00", State.MISSED)
    scene.meeting("2027-02-23 13:00", State.CANCELLED)


def _all_met(scene: Scene) -> None:
    scene.exceptions = [f"{DANA},2027-03-15,2027-03-19,deadline,CANARY Budget"]
    scene.write()
    scene.sign()
    scene.attend_forum(DANA)
    scene.meeting("2027-01-19 13:00", said=(60, 60))
    scene.meeting("2027-02-02 14:00", said=(30, 60))
    scene.meeting("2027-02-11 12:00", on_site=True, said=(60, 60))
    scene.meeting("2027-02-23 10:00")
    scene.meeting("2027-03-09 13:00", State.CONFIRMED, on_site=True)
    scene.meeting("2027-03-23 13:00", State.PROPOSED)


def _joined_late(scene: Scene) -> None:
    scene.pairs = [f"{LEE},{DANA},2027-02-15"]
    scene.write()
    scene.meeting("2027-02-25 13:00", said=(60, 60))
    scene.meeting("2027-03-11 13:00", State.CONFIRMED)


def _on_leave(scene: Scene) -> None:
    scene.exceptions = [f"{DANA},2027-02-08,2027-02-19,off,CANARY Surgery"]
    scene.write()
    scene.sign()
    scene.meeting("2027-02-25 13:00", said=(60, 60))
    scene.meeting("2027-03-11 13:00", State.CONFIRMED)


def _two_people(scene: Scene) -> None:
    """Kim's planned meeting touches a deadline, and one of them moved for it."""
    scene.pairs = [f"{LEE},{DANA},", f"{KIM},{ANA},"]
    scene.exceptions = [
        f"{KIM},2027-03-08,2027-03-12,deadline,CANARY Audit",
        f"{DANA},2027-02-15,2027-02-19,deadline,CANARY Budget",
    ]
    scene.write()
    scene.sign()
    scene.meeting("2027-02-24 13:00", said=(60, 60), moved=True)
    scene.meeting("2027-02-10 13:00", of=(KIM, ANA), minutes=90, said=(90, 90))
    scene.meeting("2027-03-10 13:00", State.CONFIRMED, of=(KIM, ANA), minutes=90)


def _supervisor_mentors(scene: Scene) -> None:
    """Lee supervises Dana, mentors Ana, and reads Spanish; Kim mentors Dana."""
    scene.people[DANA] = scene.people[DANA].replace(f"Pat Boss <{BOSS}>", f"Lee Park <{LEE}>")
    scene.people[LEE] += "es"
    scene.people[KIM] = scene.people[KIM].replace(f"Pat Boss <{BOSS}>", "")
    scene.pairs = [f"{KIM},{DANA},", f"{LEE},{ANA},"]
    scene.write()
    scene.sign()
    scene.meeting("2027-02-10 13:00", of=(KIM, DANA), said=(60, 60))
    scene.meeting("2027-02-11 13:00", of=(LEE, ANA), said=(60, 60))
    scene.meeting("2027-03-10 13:00", State.CONFIRMED, of=(KIM, DANA))
    scene.meeting("2027-03-11 13:00", State.CONFIRMED, of=(LEE, ANA))


def _private_meeting(scene: Scene) -> None:
    """Dana keeps the dates of two meetings; both partners want their names told."""
    scene.exceptions = [f"{DANA},2027-03-08,2027-03-12,deadline,CANARY Budget"]
    scene.write()
    scene.sign()
    scene.name_both(DANA, LEE)
    scene.meeting("2027-02-09 13:00", said=(60, 60))
    scene.meeting("2027-02-23 13:00", said=(60, 60), hidden=True)
    scene.meeting("2027-03-09 13:00", State.CONFIRMED, hidden=True)
    scene.meeting("2027-03-23 13:00", State.PROPOSED)


def _programme_over(scene: Scene) -> None:
    scene.sign()
    scene.now = at("2027-08-02 10:00")
    for day in ("06-08", "06-22", "07-06", "07-20"):
        scene.meeting(f"2027-{day} 13:00", said=(60, 60))


CASES: Mapping[str, Callable[[Scene], None]] = {
    "nobody met": _nobody_met,
    "all met": _all_met,
    "joined late": _joined_late,
    "on leave": _on_leave,
    "two people one supervisor": _two_people,
    "supervisor is also a mentor": _supervisor_mentors,
    "private meeting": _private_meeting,
    "programme over": _programme_over,
}
READERS = {"supervisor is also a mentor": LEE}
"""To whom the summary goes, where it is not the one supervisor."""
