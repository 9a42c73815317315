"""Awkward entries that recur, each with the busy times that a person would expect."""

from __future__ import annotations

from tests.integrations.golden_item import BUSY, ME, TEN, THREE, WEEKLY, Golden

SERIES = (
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
        "one moved to before the series began",
        (
            WEEKLY,
            "RECURRENCE-ID:20270119T100000Z\nDTSTART:20270105T100000Z\nDURATION:PT1H",
        ),
        (("05 10:00", "05 11:00"), THREE[0], THREE[2]),
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
)
