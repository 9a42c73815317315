"""The demo's programme: twelve people in six zones, and what keeps them busy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

START = datetime(2027, 1, 11, tzinfo=UTC)
DAYS = 14
ORGANISER = "mentoring@example.org"
PASSWORD = "demo"


@dataclass(frozen=True)
class Partner:
    """One participant; `calendar` is caldav, feed or none, `mood` how they answer invites.

    accepts, declines (once), counters (once), silent (answers the nudge), conflict (accepts, then
    something else comes up).
    """

    name: str
    zone: str
    hours: str
    calendar: str = "caldav"
    mood: str = "accepts"
    supervisor: str = ""

    @property
    def email(self) -> str:
        return f"{self.user}@example.org"

    @property
    def user(self) -> str:
        return self.name.split()[0].lower()


_OFFICE = "Mon-Fri 09:00-17:00"
_EARLY = "Mon-Thu 07:00-15:30; Fri 07:00-12:00"
_LUNCH = "Mon-Fri 08:00-12:00, 13:00-17:00"

PARTNERS = (
    Partner("Amara Okafor", "America/New_York", _OFFICE),
    Partner("Ben Ortiz", "America/Chicago", _LUNCH, mood="declines", supervisor="Rita Voss"),
    Partner("Chloe Martin", "America/Denver", _EARLY, supervisor="Rita Voss"),
    Partner("Dana Lee", "America/New_York", _OFFICE, calendar="feed", mood="conflict"),
    Partner("Elif Kaya", "Europe/London", _OFFICE, mood="counters"),
    Partner("Farid Haddad", "America/New_York", _OFFICE, supervisor="Sam Poole"),
    Partner("Grace Liu", "America/Los_Angeles", _OFFICE, calendar="none"),
    Partner("Hugo Braun", "America/Denver", _OFFICE, mood="silent"),
    Partner("Indira Rao", "Asia/Kolkata", "Mon-Fri 09:00-18:00"),
    Partner("Jack Stone", "America/Los_Angeles", _OFFICE, supervisor="Sam Poole"),
    Partner("Kofi Mensah", "Europe/London", "Mon-Fri 09:30-17:30", mood="conflict"),
    Partner("Lena Sato", "Asia/Kolkata", "Mon-Fri 12:00-20:00", supervisor="Rita Voss"),
)

PAIRS = (
    ("amara", "ben"),
    ("amara", "chloe"),
    ("amara", "dana"),
    ("elif", "farid"),
    ("grace", "hugo"),
    ("indira", "jack"),
    ("kofi", "lena"),
)

# The last Friday of the month, weekly stand-ups with an exception and a moved one, a day off.
HARD_FEED = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//Feed//EN
X-WR-TIMEZONE:America/New_York
BEGIN:VEVENT
UID:standup@example.org
DTSTAMP:20260101T000000Z
DTSTART;TZID=Eastern Standard Time:20260105T093000
DTEND;TZID=Eastern Standard Time:20260105T113000
RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH;UNTIL=20271231
EXDATE;TZID=Eastern Standard Time:20270113T093000
SUMMARY:Stand-up
END:VEVENT
BEGIN:VEVENT
UID:standup@example.org
DTSTAMP:20260101T000000Z
RECURRENCE-ID;TZID=Eastern Standard Time:20270114T093000
DTSTART;TZID=Eastern Standard Time:20270114T130000
DTEND;TZID=Eastern Standard Time:20270114T160000
SUMMARY:Stand-up (long)
END:VEVENT
BEGIN:VEVENT
UID:review@example.org
DTSTAMP:20260101T000000Z
DTSTART;TZID=Customized Time Zone:20260130T140000
DURATION:PT2H
RRULE:FREQ=MONTHLY;BYDAY=-1FR
SUMMARY:Review
END:VEVENT
BEGIN:VEVENT
UID:off@example.org
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:20270115
X-MICROSOFT-CDO-BUSYSTATUS:OOF
TRANSP:TRANSPARENT
SUMMARY:Away
END:VEVENT
END:VCALENDAR
"""


def by_user(user: str) -> Partner:
    return next(partner for partner in PARTNERS if partner.user == user)


def busy_event(uid: str, start: datetime, end: datetime) -> str:
    """One entry as a calendar object."""
    return _calendar(_event(uid, start, end))


def busy_calendar(partner: Partner) -> str:
    """All that fills a partner's working days."""
    days = enumerate(usual_days(partner))
    return _calendar(*(_event(f"{partner.user}-{n}@example.org", *span) for n, span in days))


def _calendar(*events: str) -> str:
    begin = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//Demo//EN\r\n"
    return f"{begin}{''.join(events)}END:VCALENDAR\r\n"


def _event(uid: str, start: datetime, end: datetime) -> str:
    return (
        f"BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20270101T000000Z\r\n"
        f"DTSTART:{start.astimezone(UTC):%Y%m%dT%H%M%SZ}\r\n"
        f"DTEND:{end.astimezone(UTC):%Y%m%dT%H%M%SZ}\r\n"
        "SUMMARY:Something private\r\nEND:VEVENT\r\n"
    )


def usual_days(partner: Partner) -> list[tuple[datetime, datetime]]:
    """What fills a partner's working days: two meetings each, at hours of their own."""
    zone = ZoneInfo(partner.zone)
    first = 9 + len(partner.name) % 3
    days = (START + timedelta(days=n) for n in range(-1, 42))
    return [
        (at, at + timedelta(minutes=90))
        for day in days
        if day.weekday() < 5
        for at in (
            datetime(day.year, day.month, day.day, first, tzinfo=zone),
            datetime(day.year, day.month, day.day, first + 4, tzinfo=zone),
        )
    ]


def write_roster(
    directory: Path,
    calendars: dict[str, str],
    smtp_port: int,
    inbox: str,
    organiser: str,
    settings: str,
) -> None:
    """overlap.toml, people.csv, pairs.csv and exceptions.csv for the servers that run."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "overlap.toml").write_text(
        f"""[programme]
name = "Leadership Mentoring 2027"
organiser = "Mentoring Office <{ORGANISER}>"
timezone = "America/New_York"
start = 2027-01-11
end = 2027-07-30
holidays = "US"
coordinator = "coordinator@example.org"

[summary]
every = "week"

[mail]
url = "smtp://127.0.0.1:{smtp_port}"
inbox = "{inbox}"
inbox_password = "env:OVERLAP_DEMO_PASSWORD"

[calendar]
url = "{organiser}"
password = "env:OVERLAP_DEMO_PASSWORD"

[caldav]
password = "env:OVERLAP_DEMO_PASSWORD"

{settings}"""
    )
    people = ["name,email,timezone,hours,holidays,calendar,supervisor"]
    for p in PARTNERS:
        region = {"Europe/London": "GB", "Asia/Kolkata": "IN"}.get(p.zone, "US")
        boss = p.supervisor.split()[0].lower() if p.supervisor else ""
        supervisor = f"{p.supervisor} <{boss}@example.org>" if boss else ""
        calendar = calendars.get(p.user, "")
        people.append(f'{p.name},{p.email},{p.zone},"{p.hours}",{region},{calendar},{supervisor}')
    (directory / "people.csv").write_text("\n".join(people) + "\n")
    lines = [f"{by_user(a).email},{by_user(b).email}" for a, b in PAIRS]
    (directory / "pairs.csv").write_text("\n".join(["mentor,mentee", *lines]) + "\n")
    (directory / "exceptions.csv").write_text(
        "person,from,to,kind,value\nchloe@example.org,2027-01-13,2027-01-15,off,Skiing\n"
    )
