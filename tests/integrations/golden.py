"""Awkward calendar entries, each with the busy times that a person would expect.

Times are UTC unless said otherwise; the owner, dana@example.org, lives in New York.
"""

from __future__ import annotations

from tests.integrations.golden_item import AMSTERDAM, BUSY, ME, TEN, Golden
from tests.integrations.golden_series import SERIES

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
    Golden(
        "a day counted in hours over the change of clocks",
        ("DTSTART;TZID=America/New_York:20270313T120000\nDURATION:PT24H",),
        (("03-13 17:00", "03-14 17:00"),),
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
        "in the hour that the change of clocks repeats",
        ("DTSTART:20270314T063000Z\nDTEND:20270314T073000Z",),
        (("03-14 06:30", "03-14 07:30"),),
    ),
    Golden(
        "away for a week, by the hour",
        ("DTSTART:20270111T140000Z\nDTEND:20270115T220000Z\nX-MICROSOFT-CDO-BUSYSTATUS:OOF",),
        (("11 14:00", "15 22:00"),),
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
    *SERIES,
)


def named(name: str) -> Golden:
    return next(case for case in CASES if case.name == name)
