"""Awkward calendar entries, each with the busy times that a person would expect.

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

CASES = (
    Golden("plain", (TEN,), BUSY),
    Golden("transparent", (TEN + "TRANSP:TRANSPARENT",)),
    Golden("opaque", (TEN + "TRANSP:OPAQUE",), BUSY),
    Golden("cancelled", (TEN + "STATUS:CANCELLED",)),
    Golden("tentative", (TEN + "STATUS:TENTATIVE",), BUSY),
    Golden("declined", (TEN + ME.format("DECLINED"),)),
    Golden("accepted", (TEN + ME.format("ACCEPTED"),), BUSY),
    Golden("needs action", (TEN + ME.format("NEEDS-ACTION"),), BUSY),
    Golden("declined by another", (TEN + "ATTENDEE;PARTSTAT=DECLINED:mailto:x@example.org",), BUSY),
    Golden("shown as free", (TEN + "X-MICROSOFT-CDO-BUSYSTATUS:FREE",)),
    Golden("working elsewhere", (TEN + "X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE",)),
    Golden("shown as tentative", (TEN + "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE",), BUSY),
    Golden(
        "out of office though marked free",
        (TEN + "X-MICROSOFT-CDO-BUSYSTATUS:OOF\nTRANSP:TRANSPARENT",),
        BUSY,
    ),
    Golden("private", (TEN + "CLASS:PRIVATE",), BUSY),
    Golden("a duration", ("DTSTART:20270112T100000Z\nDURATION:PT1H",), BUSY),
    Golden("no end", ("DTSTART:20270112T100000Z",)),
    Golden("no length", ("DTSTART:20270112T100000Z\nDTEND:20270112T100000Z",)),
    Golden("all day", ("DTSTART;VALUE=DATE:20270112",), (("12 05:00", "13 05:00"),)),
    Golden(
        "two days",
        ("DTSTART;VALUE=DATE:20270112\nDTEND;VALUE=DATE:20270114",),
        (("12 05:00", "14 05:00"),),
    ),
    Golden(
        "all day over the change of clocks",
        ("DTSTART;VALUE=DATE:20270314\nDTEND;VALUE=DATE:20270315",),
        (("03-14 05:00", "03-15 04:00"),),
    ),
    Golden("all day of nothing", ("DTSTART;VALUE=DATE:20270112\nDTEND;VALUE=DATE:20270112",)),
    Golden(
        "floating", ("DTSTART:20270112T100000\nDTEND:20270112T110000",), (("12 15:00", "12 16:00"),)
    ),
    Golden(
        "another zone",
        ("DTSTART;TZID=Europe/Berlin:20270112T100000\nDTEND;TZID=Europe/Berlin:20270112T110000",),
        (("12 09:00", "12 10:00"),),
    ),
    Golden(
        "a Windows zone",
        ("DTSTART;TZID=W. Europe Standard Time:20270112T100000\nDURATION:PT1H",),
        (("12 09:00", "12 10:00"),),
    ),
    Golden(
        "a custom zone with its rules",
        ("DTSTART;TZID=Customized Time Zone:20270112T100000\nDURATION:PT1H",),
        (("12 09:00", "12 10:00"),),
        head=AMSTERDAM.format(name="Customized Time Zone"),
    ),
    Golden(
        "a zone nobody knows, in a feed that says its own",
        ('DTSTART;TZID="(UTC+01:00) Amsterdam":20270112T100000\nDURATION:PT1H',),
        (("12 09:00", "12 10:00"),),
        head="X-WR-TIMEZONE:Europe/Amsterdam\n",
        caldav=False,
    ),
    Golden(
        "a zone nobody knows",
        ('DTSTART;TZID="(UTC+01:00) Amsterdam":20270112T100000\nDURATION:PT1H',),
        (("11 20:00", "12 23:00"),),
        warns=True,
        caldav=False,
    ),
    Golden("weekly", (WEEKLY,), THREE),
    Golden("one left out", (WEEKLY + "EXDATE:20270119T100000Z",), (THREE[0], THREE[2])),
    Golden(
        "all left out",
        (WEEKLY + "EXDATE:20270112T100000Z,20270119T100000Z\nEXDATE:20270126T100000Z",),
    ),
    Golden(
        "one added",
        (TEN + "RDATE:20270114T100000Z",),
        (("12 10:00", "12 11:00"), ("14 10:00", "14 11:00")),
    ),
    Golden(
        "one added with a length of its own",
        (TEN + "RDATE;VALUE=PERIOD:20270114T100000Z/PT2H",),
        (("12 10:00", "12 11:00"), ("14 10:00", "14 12:00")),
        caldav=False,
    ),
    Golden(
        "one moved",
        (
            WEEKLY,
            "RECURRENCE-ID:20270119T100000Z\nDTSTART:20270120T150000Z\nDTEND:20270120T153000Z",
        ),
        (THREE[0], ("20 15:00", "20 15:30"), THREE[2]),
    ),
    Golden(
        "one and all that follow moved",
        (
            WEEKLY,
            "RECURRENCE-ID;RANGE=THISANDFUTURE:20270119T100000Z\n"
            "DTSTART:20270119T120000Z\nDTEND:20270119T130000Z",
        ),
        (THREE[0], ("19 12:00", "19 13:00"), ("26 12:00", "26 13:00")),
        caldav=False,
    ),
    Golden(
        "a day counted in hours over the change of clocks",
        ("DTSTART;TZID=America/New_York:20270313T120000\nDURATION:PT24H",),
        (("03-13 17:00", "03-14 17:00"),),
    ),
    Golden(
        "hours over the change of clocks, again and again",
        (
            "DTSTART;TZID=America/New_York:20270313T220000\nDURATION:PT6H\n"
            "RRULE:FREQ=WEEKLY;COUNT=2",
        ),
        (("03-14 03:00", "03-14 09:00"), ("03-21 02:00", "03-21 08:00")),
    ),
    Golden(
        "one cancelled",
        (WEEKLY, "RECURRENCE-ID:20270119T100000Z\nDTSTART:20270119T100000Z\nSTATUS:CANCELLED"),
        (THREE[0], THREE[2]),
    ),
    Golden(
        "one declined",
        (
            WEEKLY,
            "RECURRENCE-ID:20270119T100000Z\nDTSTART:20270119T100000Z\nDURATION:PT1H\n"
            + ME.format("DECLINED"),
        ),
        (THREE[0], THREE[2]),
    ),
    Golden(
        "one made free",
        (
            WEEKLY,
            "RECURRENCE-ID:20270119T100000Z\nDTSTART:20270119T100000Z\nDURATION:PT1H\n"
            "TRANSP:TRANSPARENT",
        ),
        (THREE[0], THREE[2]),
    ),
    Golden(
        "invited to one occurrence only",
        ("RECURRENCE-ID:20270119T100000Z\nDTSTART:20270119T100000Z\nDURATION:PT1H",),
        (THREE[1],),
    ),
    Golden(
        "until a date includes that day",
        (
            "DTSTART;TZID=America/New_York:20270112T200000\nDURATION:PT1H\n"
            "RRULE:FREQ=DAILY;UNTIL=20270114",
        ),
        (("13 01:00", "13 02:00"), ("14 01:00", "14 02:00"), ("15 01:00", "15 02:00")),
    ),
    Golden(
        "over the change of clocks the wall time stays",
        (
            "DTSTART;TZID=America/New_York:20270311T090000\nDURATION:PT1H\n"
            "RRULE:FREQ=WEEKLY;COUNT=2",
        ),
        (("03-11 14:00", "03-11 15:00"), ("03-18 13:00", "03-18 14:00")),
    ),
    Golden(
        "the last Friday of the month",
        ("DTSTART:20260130T140000Z\nDURATION:PT2H\nRRULE:FREQ=MONTHLY;BYDAY=-1FR",),
        (("29 14:00", "29 16:00"), ("02-26 14:00", "02-26 16:00"), ("03-26 14:00", "03-26 16:00")),
    ),
    Golden(
        "daily since 1970",
        ("DTSTART:19700101T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20270103T235959Z",),
        (("01 10:00", "01 11:00"), ("02 10:00", "02 11:00"), ("03 10:00", "03 11:00")),
        caldav=False,  # Radicale refuses so long a series
    ),
    Golden(
        "every leap day is not in this year",
        ("DTSTART:20240229T100000Z\nDURATION:PT1H\nRRULE:FREQ=YEARLY",),
    ),
    Golden(
        "longer than its interval",
        ("DTSTART:20270112T100000Z\nDURATION:PT36H\nRRULE:FREQ=DAILY;COUNT=2",),
        (("12 10:00", "14 22:00"),),
    ),
    Golden(
        "begun before the window",
        ("DTSTART:20261220T100000Z\nDTEND:20270102T100000Z",),
        (("01 00:00", "02 10:00"),),
    ),
    Golden("over long ago", ("DTSTART:20260101T100000Z\nDURATION:PT1H",)),
    Golden(
        "ends before it starts",
        ("DTSTART:20270112T150000Z\nDTEND:20270112T140000Z",),
        (("12 05:00", "13 05:00"),),
        warns=True,
        caldav=False,
    ),
    Golden(
        "a negative duration",
        ("DTSTART:20270112T150000Z\nDURATION:-PT1H",),
        (("12 05:00", "13 05:00"),),
        warns=True,
        caldav=False,
    ),
    Golden(
        "two entries under one UID",
        (TEN, "DTSTART:20270113T100000Z\nDURATION:PT1H"),
        (("12 10:00", "12 11:00"), ("13 10:00", "13 11:00")),
        warns=True,
        caldav=False,
    ),
    Golden(
        "free/busy only",
        (
            "BEGIN:VFREEBUSY\nUID:fb@example.org\nDTSTAMP:20270101T000000Z\n"
            "FREEBUSY;FBTYPE=BUSY:20270112T100000Z/PT1H\n"
            "FREEBUSY;FBTYPE=FREE:20270113T100000Z/PT1H\n"
            "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20270114T100000Z/20270114T110000Z\n"
            "END:VFREEBUSY\n",
        ),
        (("12 10:00", "12 11:00"), ("14 10:00", "14 11:00")),
        caldav=False,
    ),
    Golden(
        "away all day though marked free",
        ("DTSTART;VALUE=DATE:20270112\nX-MICROSOFT-CDO-BUSYSTATUS:OOF\nTRANSP:TRANSPARENT",),
        (("12 05:00", "13 05:00"),),
    ),
    Golden("a birthday", ("DTSTART;VALUE=DATE:20270112\nTRANSP:TRANSPARENT",)),
    Golden(
        "perhaps away for two days",
        ("DTSTART;VALUE=DATE:20270112\nDTEND;VALUE=DATE:20270114\nSTATUS:TENTATIVE",),
        (("12 05:00", "14 05:00"),),
    ),
    Golden(
        "all day, week after week over the change of clocks",
        ("DTSTART;VALUE=DATE:20270307\nDTEND;VALUE=DATE:20270308\nRRULE:FREQ=WEEKLY;COUNT=2",),
        (("03-07 05:00", "03-08 05:00"), ("03-14 05:00", "03-15 04:00")),
    ),
    Golden(
        "all day, one of them left out",
        (
            "DTSTART;VALUE=DATE:20270112\nDTEND;VALUE=DATE:20270113\n"
            "RRULE:FREQ=WEEKLY;COUNT=3\nEXDATE;VALUE=DATE:20270119",
        ),
        (("12 05:00", "13 05:00"), ("26 05:00", "27 05:00")),
    ),
    Golden(
        "all of a series declined",
        (WEEKLY + ME.format("DECLINED"),),
    ),
    Golden(
        "declined but for one",
        (
            WEEKLY + ME.format("DECLINED"),
            "RECURRENCE-ID:20270119T100000Z\nDTSTART:20270119T100000Z\nDURATION:PT1H\n"
            + ME.format("ACCEPTED"),
        ),
        (THREE[1],),
    ),
    Golden(
        "a free series with one that is not",
        (
            WEEKLY + "TRANSP:TRANSPARENT",
            "RECURRENCE-ID:20270119T100000Z\nDTSTART:20270119T100000Z\nDURATION:PT1H",
        ),
        (THREE[1],),
    ),
    Golden(
        "a quarter of an hour's zone",
        ("DTSTART;TZID=Asia/Kathmandu:20270112T100000\nDURATION:PT1H",),
        (("12 04:15", "12 05:15"),),
    ),
    Golden(
        "over midnight",
        ("DTSTART;TZID=America/New_York:20270112T230000\nDURATION:PT2H",),
        (("13 04:00", "13 06:00"),),
    ),
    Golden(
        "one moved to before the series began",
        (
            WEEKLY,
            "RECURRENCE-ID:20270119T100000Z\nDTSTART:20270105T100000Z\nDURATION:PT1H",
        ),
        (("05 10:00", "05 11:00"), THREE[0], THREE[2]),
    ),
    Golden(
        "in the hour that the change of clocks repeats",
        ("DTSTART:20270314T063000Z\nDTEND:20270314T073000Z",),
        (("03-14 06:30", "03-14 07:30"),),
    ),
    Golden(
        "on working days",
        (
            "DTSTART:20270114T100000Z\nDTEND:20270114T110000Z\n"
            "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;COUNT=3",
        ),
        (("14 10:00", "14 11:00"), ("15 10:00", "15 11:00"), ("18 10:00", "18 11:00")),
    ),
    Golden(
        "every second week",
        ("DTSTART:20270112T100000Z\nDTEND:20270112T110000Z\nRRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=2",),
        (THREE[0], THREE[2]),
    ),
    Golden(
        "on the fifteenth",
        ("DTSTART:20270115T100000Z\nDTEND:20270115T110000Z\nRRULE:FREQ=MONTHLY;COUNT=2",),
        (("15 10:00", "15 11:00"), ("02-15 10:00", "02-15 11:00")),
    ),
    Golden(
        "once a year",
        ("DTSTART:20250112T100000Z\nDTEND:20250112T110000Z\nRRULE:FREQ=YEARLY;COUNT=5",),
        BUSY,
    ),
    Golden(
        "daily over the change of clocks in another zone",
        (
            "DTSTART;TZID=Europe/Berlin:20270327T090000\nDTEND;TZID=Europe/Berlin:20270327T100000\n"
            "RRULE:FREQ=DAILY;COUNT=3",
        ),
        (
            ("03-27 08:00", "03-27 09:00"),
            ("03-28 07:00", "03-28 08:00"),
            ("03-29 07:00", "03-29 08:00"),
        ),
    ),
    Golden(
        "away for a week, by the hour",
        ("DTSTART:20270111T140000Z\nDTEND:20270115T220000Z\nX-MICROSOFT-CDO-BUSYSTATUS:OOF",),
        (("11 14:00", "15 22:00"),),
    ),
    Golden(
        "one of a series is doubtful",
        (
            WEEKLY,
            "RECURRENCE-ID:20270119T100000Z\nDTSTART:20270119T100000Z\nDURATION:PT1H\n"
            "STATUS:TENTATIVE",
        ),
        THREE,
    ),
    Golden(
        "one moved and made free",
        (
            WEEKLY,
            "RECURRENCE-ID:20270119T100000Z\nDTSTART:20270120T100000Z\nDURATION:PT1H\n"
            "TRANSP:TRANSPARENT",
        ),
        (THREE[0], THREE[2]),
    ),
    Golden(
        "one after the other",
        (TEN, "UID:two@example.org\nDTSTART:20270112T110000Z\nDTEND:20270112T113000Z"),
        (("12 10:00", "12 11:30"),),
    ),
    Golden(
        "two at once, one declined",
        (
            TEN,
            "UID:two@example.org\nDTSTART:20270112T093000Z\nDTEND:20270112T120000Z\n"
            + ME.format("DECLINED"),
        ),
        BUSY,
    ),
    Golden(
        "on the other side of the date line",
        ("DTSTART;TZID=Pacific/Auckland:20270113T090000\nDURATION:PT1H",),
        (("12 20:00", "12 21:00"),),
    ),
    Golden("a long title folded", (TEN + "SUMMARY:" + "x" * 70 + "\n " + "y" * 60,), BUSY),
    Golden("an empty calendar", (), caldav=False),
    Golden("a to-do is not busy", ("BEGIN:VTODO\nUID:t\nDTSTAMP:20270101T000000Z\nEND:VTODO\n",)),
)
