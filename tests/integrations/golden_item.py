"""What an awkward calendar entry is, and the pieces that many of them share.

Times are UTC unless said otherwise; the owner, dana@example.org, lives in New York.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

Span = tuple[str, str]


@dataclass(frozen=True)
class Golden:
    """`events` are the bodies of VEVENTs (or whole other components); `head` goes before them."""

    name: str
    events: tuple[str, ...]
    busy: tuple[Span, ...] = ()
    head: str = ""
    warns: bool = False
    caldav: bool = True

    def text(self) -> str:
        parts = "".join(
            body if body.startswith("BEGIN:") else f"BEGIN:VEVENT\n{_stamped(body)}END:VEVENT\n"
            for body in self.events
        )
        whole = (
            f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//T//T//EN\n{self.head}{parts}END:VCALENDAR\n"
        )
        return whole.replace("\n", "\r\n")


def _stamped(body: str) -> str:
    uid = "" if "UID:" in body else "UID:one@example.org\n"
    return f"{uid}DTSTAMP:20270101T000000Z\n{body.strip()}\n"


def instant(text: str) -> datetime:
    """ "12 15:00" is 12 January 2027, "02-12 15:00" February."""
    day, _, time = text.partition(" ")
    month = "01" if "-" not in day else day.partition("-")[0]
    return datetime.fromisoformat(f"2027-{month}-{day[-2:]}T{time}").replace(tzinfo=UTC)


AMSTERDAM = """BEGIN:VTIMEZONE
TZID:{name}
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""
TEN = "DTSTART:20270112T100000Z\nDTEND:20270112T110000Z\n"
BUSY = (("12 10:00", "12 11:00"),)
WEEKLY = "DTSTART:20270112T100000Z\nDTEND:20270112T110000Z\nRRULE:FREQ=WEEKLY;COUNT=3\n"
THREE = (("12 10:00", "12 11:00"), ("19 10:00", "19 11:00"), ("26 10:00", "26 11:00"))
ME = "ATTENDEE;PARTSTAT={}:mailto:Dana@Example.org\n"
