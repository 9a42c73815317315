"""Forty pairs of one programme: who they are, where they work, and how they behave."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

FIRST, LAST = date(2027, 1, 11), date(2028, 1, 7)
BASE_URL = "https://mentoring.example.org"
COORDINATOR = "coordinator@example.org"
CANARY = "CANARY"
"""Begins every word that only some may read: CANARY-TITLE-DANA."""

_NEW_YORK, _DENVER, _LA = "America/New_York", "America/Denver", "America/Los_Angeles"
_LONDON, _MUMBAI, _MADRID = "Europe/London", "Asia/Kolkata", "Europe/Madrid"
_OFFICE = "Mon-Fri 09:00-17:00"
_NIGHT = "Mon-Thu 22:00-06:00"
_HOLIDAYS = {_LONDON: "GB", _MUMBAI: "IN", _MADRID: "ES", "America/Bogota": "CO"}


@dataclass(frozen=True)
class Member:
    """One partner. `mood` is how they answer: see `tests/programme/partners.py`."""

    name: str
    zone: str
    hours: str = _OFFICE
    site: str = ""
    onsite: str = ""
    has_calendar: bool = True
    tools: str = "Zoom"
    supervisor: str = ""
    language: str = "en"
    mood: str = "accepts"

    @property
    def user(self) -> str:
        return self.name.lower()

    @property
    def email(self) -> str:
        return f"{self.user}@example.org"

    @property
    def full_name(self) -> str:
        return f"{self.name} Partner"

    def row(self) -> str:
        calendar = f"file:{self.user}.ics" if self.has_calendar else ""
        boss = f"{self.supervisor} <{self.supervisor.lower()}@example.org>"
        cells = (
            self.full_name,
            self.email,
            self.zone,
            f'"{self.hours}"',
            self.site,
            self.onsite,
            _HOLIDAYS.get(self.zone, "US"),
            calendar,
            self.tools,
            "data analysis; law",
            boss if self.supervisor else "",
            self.language,
        )
        return ",".join(cells)


@dataclass(frozen=True)
class Match:
    """One pair; the empty text is the programme's own value."""

    mentor: str
    mentee: str
    start: str = ""
    end: str = ""
    every: str = ""
    minutes: str = ""
    channel: str = ""

    def row(self) -> str:
        users = f"{self.mentor}@example.org,{self.mentee}@example.org"
        return f"{users},{self.start},{self.end},{self.every},{self.minutes},{self.channel}"


def _three_hours_behind() -> tuple[list[Member], list[Match]]:
    moods = ("declines", "accepts", "late", "accepts", "twice", "counters", "accepts", "conflict")
    east = [
        Member(n, _NEW_YORK, mood=m, supervisor="Rita")
        for n, m in zip(_NAMES[0], moods, strict=True)
    ]
    west = [Member(n, _LA) for n in _NAMES[1]]
    return east + west, [Match(b.user, a.user) for a, b in zip(east, west, strict=True)]


def _over_the_ocean() -> tuple[list[Member], list[Match]]:
    london = [Member(n, _LONDON, tools="Teams; Zoom") for n in _NAMES[2]]
    moods = ("accepts", "by mail", "silent", "accepts", "away")
    home = [
        Member(n, _NEW_YORK, mood=m, supervisor="Sam")
        for n, m in zip(_NAMES[3], moods, strict=True)
    ]
    return london + home, [Match(a.user, b.user) for a, b in zip(london, home, strict=True)]


def _no_common_hour() -> tuple[list[Member], list[Match]]:
    people = [
        Member("Indira", _MUMBAI, "Mon-Fri 09:00-18:00"),
        Member("Jack", _LA),
        Member("Kiran", _MUMBAI, "Mon-Fri 09:00-18:00", mood="never outside"),
        Member("Luz", _LA, language="es"),
    ]
    pairs = [Match(*pair, minutes="45") for pair in (("indira", "jack"), ("kiran", "luz"))]
    return people, pairs


def _one_site() -> tuple[list[Member], list[Match]]:
    moods = ("accepts", "accepts", "by mail", "accepts", "late", "accepts", "accepts", "twice")
    people = [
        Member(n, _DENVER, site="Denver", onsite="Tue Thu", mood=m, supervisor="Vera")
        for n, m in zip(_NAMES[4], moods, strict=True)
    ]
    users = [p.user for p in people]
    channels = ("in person", "either", "either", "in person")
    pairs = zip(users[::2], users[1::2], channels, strict=True)
    matches = [Match(mentor, mentee, channel=channel) for mentor, mentee, channel in pairs]
    return people, matches


def _with_four_mentees() -> tuple[list[Member], list[Match]]:
    mentors = [Member("Amara", _NEW_YORK), Member("Otto", "Europe/Berlin")]
    moods = ("accepts", "accepts", "declines", "accepts", "accepts", "late", "accepts", "ends")
    zones = (_NEW_YORK, "America/Chicago", _DENVER, _NEW_YORK, _LONDON, _LONDON, _MADRID, _MADRID)
    mentees = [
        Member(n, z, mood=m, supervisor="Tess", language="es" if z == _MADRID else "en")
        for n, z, m in zip(_NAMES[5], zones, moods, strict=True)
    ]
    matches = [Match("amara", m.user) for m in mentees[:4]]
    return mentors + mentees, matches + [Match("otto", m.user) for m in mentees[4:]]


def _without_calendar() -> tuple[list[Member], list[Match]]:
    moods = ("accepts", "accepts", "away by mail", "late", "accepts", "never calm")
    people = [
        Member(n, _NEW_YORK, has_calendar=i % 2 == 0, mood=m)
        for i, (n, m) in enumerate(zip(_NAMES[6], moods, strict=True))
    ]
    users = [p.user for p in people]
    return people, [Match(*p) for p in zip(users[::2], users[1::2], strict=True)]


def _spanish() -> tuple[list[Member], list[Match]]:
    moods = ("accepts", "silent", "accepts", "declines", "by mail", "counters", "accepts", "away")
    zones = (_MADRID, "America/Bogota", _NEW_YORK, "America/Bogota")
    people = [
        Member(n, zones[i % 4], language="es", mood=m, supervisor="Carmen" if i % 2 else "")
        for i, (n, m) in enumerate(zip(_NAMES[7], moods, strict=True))
    ]
    users = [p.user for p in people]
    return people, [Match(*p) for p in zip(users[::2], users[1::2], strict=True)]


def _odd_hours() -> tuple[list[Member], list[Match]]:
    part_time = "Mon-Wed 09:00-13:00"
    people = [
        Member("Nina", _NEW_YORK, part_time),
        Member("Olaf", _NEW_YORK),
        Member("Petra", _DENVER, part_time, mood="late"),
        Member("Quinn", _NEW_YORK, "Mon-Fri 08:00-12:00, 13:00-17:00"),
        Member("Rosa", _DENVER, _NIGHT),
        Member("Samir", _MUMBAI, "Mon-Fri 10:00-18:00"),
        Member("Theo", "America/Chicago", "Mon-Thu 07:00-16:30"),
        Member("Uma", "America/Chicago", "Mon-Fri 12:00-20:00", mood="twice"),
    ]
    users = [p.user for p in people]
    return people, [Match(*p) for p in zip(users[::2], users[1::2], strict=True)]


def _later() -> tuple[list[Member], list[Match]]:
    """Who comes to grief or changes in the middle of the year."""
    people = [
        Member("Vito", _NEW_YORK),
        Member("Wanda", _NEW_YORK),
        Member("Xenia", _NEW_YORK, supervisor="Gone"),
        Member("Yuri", _LA),
    ]
    return people, [Match("vito", "wanda"), Match("xenia", "yuri")]


_NAMES = (
    ("Abel", "Beth", "Carl", "Dana", "Emil", "Faye", "Gus", "Hope"),
    ("Ivan", "June", "Kent", "Lena", "Milo", "Nora", "Omar", "Pia"),
    ("Rhys", "Skye", "Tara", "Ursa", "Wren"),
    ("Ada", "Bram", "Cleo", "Dirk", "Elsa"),
    ("Finn", "Gwen", "Hugo", "Iris", "Jane", "Kurt", "Lyle", "Mara"),
    ("Noel", "Opal", "Paul", "Ruth", "Sean", "Tina", "Ugo", "Vega"),
    ("Walt", "Xara", "Yves", "Zora", "Arlo", "Bela"),
    ("Celia", "Diego", "Elena", "Felix", "Gloria", "Hector", "Ines", "Julio"),
)

EVENTS = (
    "Spring Forum,forum,2027-03-18 13:00,2027-03-18 15:00,America/New_York,Denver,{link}",
    "Mid-point Energizer,midpoint,2027-07-14 13:00,2027-07-14 14:30,America/New_York,,{link}",
    "Summer Picnic,other,2027-08-18 12:00,2027-08-18 14:00,America/Denver,Denver,",
    "Autumn Forum,forum,2027-10-14 13:00,2027-10-14 15:00,America/New_York,Denver,{link}",
    "Celebration,celebration,2027-12-09 14:00,2027-12-09 16:00,America/New_York,Denver,{link}",
)
PLACES = (
    "Denver,Corner Café,coffee,17th Street 1,",
    "Denver,Union Kitchen,lunch,Wynkoop Street 5,https://maps.example.org/union",
)
_HEADS = {
    "people": "name,email,timezone,hours,site,onsite,holidays,calendar,tools,expertise,"
    "supervisor,language",
    "pairs": "mentor,mentee,start,end,every,minutes,channel",
    "exceptions": "person,from,to,kind,value",
    "events": "title,kind,start,end,timezone,place,link",
    "places": "site,name,kind,address,link",
}
_SETTINGS = """[programme]
name = "Leadership Mentoring 2027"
organiser = "Mentoring Office <mentoring@example.org>"
timezone = "America/New_York"
start = {first}
end = {last}
holidays = "US"
coordinator = "{coordinator}"
[agreement]
every = "{every}"
[mail]
url = "maildir:outbox"
inbox = "maildir:inbox"
[calendar]
url = "caldavs://calendar.example.org"
"""
_PAGES = f'[web]\nbase_url = "{BASE_URL}"\n'


@dataclass
class Cohort:
    """The coordinator's files, as rows that may be edited and written again."""

    people: dict[str, Member] = field(default_factory=dict)
    pairs: list[Match] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    exceptions: list[str] = field(default_factory=list)
    has_pages: bool = False
    term: tuple[date, date] = (FIRST, LAST)
    every: str = "4 weeks"

    def write(self, directory: Path) -> None:
        rows = {
            "people": [person.row() for person in self.people.values()],
            "pairs": [pair.row() for pair in self.pairs],
            "exceptions": self.exceptions,
            "events": [row.format(link="https://example.org/hall") for row in self.events],
            "places": PLACES,
        }
        directory.mkdir(parents=True, exist_ok=True)
        first, last = self.term
        settings = _SETTINGS.format(
            first=first, last=last, coordinator=COORDINATOR, every=self.every
        )
        settings += _PAGES if self.has_pages else ""
        (directory / "overlap.toml").write_text(settings)
        for name, lines in rows.items():
            (directory / f"{name}.csv").write_text("\n".join([_HEADS[name], *lines]) + "\n")

    def change(self, user: str, **values: str) -> None:
        self.people[user] = replace(self.people[user], **values)  # type: ignore[arg-type]

    def remove(self, user: str) -> None:
        """Somebody leaves, and all of their pairs with them."""
        del self.people[user]
        self.pairs = [p for p in self.pairs if user not in (p.mentor, p.mentee)]
        self.exceptions = [e for e in self.exceptions if not e.startswith(f"{user}@")]

    def part(self, mentor: str, mentee: str) -> None:
        self.pairs = [p for p in self.pairs if (p.mentor, p.mentee) != (mentor, mentee)]


def forty_pairs() -> Cohort:
    groups = (
        _three_hours_behind(),
        _over_the_ocean(),
        _no_common_hour(),
        _one_site(),
        _with_four_mentees(),
        _without_calendar(),
        _spanish(),
        _odd_hours(),
        _later(),
    )
    people = {person.user: person for members, _ in groups for person in members}
    pairs = [pair for _, matches in groups for pair in matches]
    exceptions = [
        f"faye@example.org,2027-02-22,2027-02-26,deadline,{CANARY}-LABEL-FAYE",
        f"gus@example.org,2027-05-03,2027-05-14,deadline,{CANARY}-LABEL-GUS",
        f"iris@example.org,2027-03-15,2027-03-19,off,{CANARY}-LABEL-IRIS",
        "rhys@example.org,2027-04-05,2027-04-16,timezone,Europe/Istanbul",
        "opal@example.org,2027-09-06,2027-09-10,hours,Mon-Fri 07:00-12:00",
    ]
    return Cohort(people, pairs, list(EVENTS), exceptions)


def busy_days(
    person: Member, dice: random.Random, term: tuple[date, date] = (FIRST, LAST)
) -> Sequence[tuple[datetime, datetime]]:
    """Something on about every second working day of the year, at the person's own hours."""
    zone = ZoneInfo(person.zone)
    spans = []
    for number in range((term[1] - term[0]).days):
        day = term[0] + timedelta(days=number)
        if day.weekday() < 5 and dice.random() < 0.5:
            start = datetime(day.year, day.month, day.day, dice.randrange(8, 17), tzinfo=zone)
            begin = start.astimezone(UTC)
            spans.append((begin, begin + timedelta(minutes=60)))
    return spans


def calendar_text(person: Member, spans: Sequence[tuple[datetime, datetime]]) -> str:
    """A feed whose titles nobody but its owner may read."""
    events = "".join(
        f"BEGIN:VEVENT\r\nUID:{person.user}-{start:%Y%m%d%H%M}@calendar\r\n"
        f"DTSTAMP:20270101T000000Z\r\nDTSTART:{start.astimezone(UTC):%Y%m%dT%H%M%SZ}\r\n"
        f"DTEND:{end.astimezone(UTC):%Y%m%dT%H%M%SZ}\r\n"
        f"SUMMARY:{CANARY}-TITLE-{person.user.upper()}\r\n"
        f"LOCATION:{CANARY}-TITLE-ROOM\r\nDESCRIPTION:{CANARY}-TITLE-NOTE\r\nEND:VEVENT\r\n"
        for start, end in spans
    )
    head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//Year//EN\r\n"
    return f"{head}{events}END:VCALENDAR\r\n"
