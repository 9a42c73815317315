"""Odd calendar entries with what they come to, and what is said of those taken for longer.

Times are UTC unless said otherwise; the owner, dana@example.org, lives in New York.
"""

from __future__ import annotations

from tests.integrations.golden_item import AMSTERDAM, BUSY, TEN, THREE, WEEKLY, Golden

ALL_DAY = (("12 05:00", "13 05:00"),)
"""The twelfth in New York."""
EVERYWHERE = (("11 20:00", "12 23:00"),)
"""Ten to eleven of the twelfth in every zone of the world."""
ZONED = "DTSTART;TZID={0}:20270112T100000\nDTEND;TZID={0}:20270112T110000\n"
BEFORE = "line 4: an entry ends before it starts; its whole day is taken as busy"
UNKNOWN = "line {}: an entry's zone is unknown; it is taken as busy in every zone"
TWICE = "two entries share one UID: both are taken as busy"

ODD: tuple[tuple[Golden, list[str]], ...] = (
    (Golden("plain", (TEN,), BUSY), []),
    *(
        (Golden(f"the zone {name}", (ZONED.format(name),), EVERYWHERE), [UNKNOWN.format(4)])
        for name in ("localtime", "posixrules", "Factory")
    ),
    (
        Golden(
            "a feed's zone that is none", (ZONED.format("Mine"),), EVERYWHERE, "X-WR-TIMEZONE:/x\n"
        ),
        [UNKNOWN.format(5)],
    ),
    (
        Golden(
            "a feed's zone",
            (ZONED.format("Mine"),),
            (("12 09:00", "12 10:00"),),
            "X-WR-TIMEZONE:Europe/Berlin\n",
        ),
        [],
    ),
    (
        Golden(
            "only its end is in an unknown zone",
            (TEN.replace("DTEND:20270112T110000Z", "DTEND;TZID=Mine:20270112T110000"),),
            EVERYWHERE,
        ),
        [UNKNOWN.format(4)],
    ),
    (
        Golden(
            "a date that ends at an hour",
            ("DTSTART;VALUE=DATE:20270112\nDTEND:20270112T110000Z",),
            ALL_DAY,
        ),
        [BEFORE],
    ),
    (
        Golden(
            "an hour that ends on a date",
            ("DTSTART:20270112T100000Z\nDTEND;VALUE=DATE:20270113",),
            ALL_DAY,
        ),
        [BEFORE],
    ),
    (
        Golden(
            "days that end before",
            ("DTSTART;VALUE=DATE:20270112\nDTEND;VALUE=DATE:20270111",),
            ALL_DAY,
        ),
        [BEFORE],
    ),
    (
        Golden(
            "days of a negative length", ("DTSTART;VALUE=DATE:20270112\nDURATION:-P1D",), ALL_DAY
        ),
        [BEFORE],
    ),
    (Golden("a negative length", ("DTSTART:20270112T150000Z\nDURATION:-PT1S",), ALL_DAY), [BEFORE]),
    (Golden("no length at all", ("DTSTART:20270112T150000Z\nDURATION:PT0S",)), []),
    (
        Golden(
            "it ends before, night in New York",
            ("DTSTART:20270113T030000Z\nDTEND:20270113T025959Z",),
            ALL_DAY,
        ),
        [BEFORE],
    ),
    (
        Golden(
            "a series that ends before it starts",
            ("DTSTART:20270112T150000Z\nDTEND:20270112T140000Z\nRRULE:FREQ=DAILY;COUNT=2",),
            (("12 05:00", "14 05:00"),),
        ),
        [BEFORE],
    ),
    (
        Golden(
            "two of one UID, one moved",
            (
                WEEKLY,
                "DTSTART:20270115T100000Z\nDURATION:PT1H",
                "RECURRENCE-ID:20270119T100000Z\nDTSTART:20270120T100000Z\nDURATION:PT1H",
            ),
            (THREE[0], ("15 10:00", "15 11:00"), ("20 10:00", "20 11:00"), THREE[2]),
        ),
        [TWICE],
    ),
    (
        Golden(
            "some times without a zone",
            ("DTSTART:20270112T100000\nDURATION:PT1H\nRDATE:20270114T100000",),
            (("12 15:00", "12 16:00"), ("14 15:00", "14 16:00")),
        ),
        [],
    ),
    (
        Golden(
            "lengths without a zone",
            (
                "DTSTART:20270112T100000\nDURATION:PT1H\nRDATE;VALUE=PERIOD:20270114T100000/PT2H,20270115T100000/20270115T113000",
            ),
            (("12 15:00", "12 16:00"), ("14 15:00", "14 17:00"), ("15 15:00", "15 16:30")),
        ),
        [],
    ),
    (
        Golden(
            "one left out by two lists",
            (WEEKLY + "EXDATE:20270112T100000Z\nEXDATE:20270126T100000Z",),
            THREE[1:2],
        ),
        [],
    ),
    (
        Golden(
            "until before it began", (WEEKLY.replace("COUNT=3", "UNTIL=20260101T000000Z"),), BUSY
        ),
        [],
    ),
    (
        Golden(
            "until the day before it began", (WEEKLY.replace("COUNT=3", "UNTIL=20270111"),), BUSY
        ),
        [],
    ),
    (
        Golden("until the day it began", (WEEKLY.replace("COUNT=3", "UNTIL=20270112"),), BUSY),
        [],
    ),
    (
        Golden(
            "until an hour of the wall clock",
            (
                "DTSTART;TZID=America/New_York:20270112T200000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20270113T200000",
            ),
            (("13 01:00", "13 02:00"), ("14 01:00", "14 02:00")),
        ),
        [],
    ),
    (
        Golden(
            "until an hour, to the second",
            (
                "DTSTART;TZID=America/New_York:20270112T200000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20270114T005959Z",
            ),
            (("13 01:00", "13 02:00"),),
        ),
        [],
    ),
    (
        Golden(
            "days until a day",
            ("DTSTART;VALUE=DATE:20270112\nRRULE:FREQ=DAILY;UNTIL=20270113",),
            (("12 05:00", "14 05:00"),),
        ),
        [],
    ),
    (
        Golden(
            "days until before they began",
            ("DTSTART;VALUE=DATE:20270112\nRRULE:FREQ=DAILY;UNTIL=20260113",),
            ALL_DAY,
        ),
        [],
    ),
    (
        Golden("cancelled in small letters", (TEN + "STATUS:cancelled",)),
        [],
    ),
    (
        Golden(
            "elsewhere in small letters", (TEN + "X-MICROSOFT-CDO-BUSYSTATUS:workingelsewhere",)
        ),
        [],
    ),
    (Golden("transparent in small letters", (TEN + "TRANSP:transparent",)), []),
    (
        Golden(
            "shown as busy though transparent",
            (TEN + "X-MICROSOFT-CDO-BUSYSTATUS:BUSY\nTRANSP:TRANSPARENT",),
        ),
        [],
    ),
    (
        Golden(
            "cancelled while out of office",
            (TEN + "X-MICROSOFT-CDO-BUSYSTATUS:OOF\nSTATUS:CANCELLED",),
        ),
        [],
    ),
    (
        Golden(
            "two were asked, the owner said no",
            (
                TEN
                + "ATTENDEE;PARTSTAT=ACCEPTED:mailto:x@example.org\nATTENDEE;PARTSTAT=declined:MAILTO:DANA@example.org",
            ),
        ),
        [],
    ),
    (
        Golden(
            "the owner's first word counts",
            (
                TEN
                + "ATTENDEE:mailto:dana@example.org\nATTENDEE;PARTSTAT=DECLINED:mailto:dana@example.org",
            ),
            BUSY,
        ),
        [],
    ),
    (
        Golden(
            "in a zone with rules of its own",
            (ZONED.format("Here"),),
            (("12 09:00", "12 10:00"),),
            AMSTERDAM.format(name="Here"),
        ),
        [],
    ),
    (
        Golden(
            "over the window's ends",
            (
                "DTSTART:20261231T230000Z\nDTEND:20270101T000000Z",
                "UID:b\nDTSTART:20270401T000000Z\nDURATION:PT1H",
            ),
            (),
        ),
        [],
    ),
)
