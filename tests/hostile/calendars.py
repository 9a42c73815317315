"""Hostile calendars: each says that the hour of TEN is taken, so none may read as free then."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Iterator

from tests.hostile.case import Case, cases
from tests.integrations.golden_item import Golden

_START = "DTSTART:20270112T100000Z"
_END = "DTEND:20270112T110000Z"
_TEN = f"{_START}\n{_END}\n"
_RULES = tuple(
    f"FREQ={freq};{rest}"
    for freq, rest in itertools.product(
        ("SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"),
        (
            *("INTERVAL=0", "INTERVAL=-1", "INTERVAL=99999999999", "COUNT=999999999", "COUNT=-5"),
            *("UNTIL=99991231T235959Z", "UNTIL=19700101", "UNTIL=x", "BYSETPOS=999"),
            "BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=0,15,30,45",
            "BYMONTH=2;BYMONTHDAY=30",
        ),
    )
)
_ODD_RULES = (
    *("FREQ=", "FREQ=NEVER", "", "FREQ", ";;;", "COUNT=3", "FREQ=DAILY;FREQ=SECONDLY"),
    *("FREQ=YEARLY;BYYEARDAY=-367", "FREQ=YEARLY;BYWEEKNO=99", "FREQ=WEEKLY;WKST=XX"),
    *("FREQ=DAILY;BYDAY=99MO", "FREQ=MONTHLY;BYDAY=-0FR", "FREQ=DAILY;RSCALE=HEBREW"),
    "FREQ=YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=0,1,2,3;"
    "BYMINUTE=0,10,20,30,40,50",
    "FREQ=DAILY;BYSECOND=" + ",".join(map(str, range(60))),
    "FREQ=DAILY;COUNT=" + "9" * 400,
    "FREQ=DAILY;" + "X=1;" * 5000,
    "FREQ=DAILY;UNTIL=20270112T100000",
)
_ZONES = (
    *(
        "../../../../etc/passwd",
        "/etc/passwd",
        "America",
        "",
        " ",
        "\x01",
        "tzone://Microsoft/Custom",
    ),
    *('"tzone://Microsoft/Custom"', '"(UTC+01:00) Amsterdam, Berlin"', "Customized Time Zone"),
    *("Z" * 300, "Z" * 70000, "Europe/Berlin\\0", "Mars/Phobos", "GMT+0100", "UTC+25", "Ünï/Çode"),
    *("posixrules", "localtime", "Factory", "right/UTC", "..", "C:\\Windows", "%s%s%n", "{{7*7}}"),
)
_TIMES = (
    *(
        "",
        "x",
        "2027",
        "20270112",
        "20270112T",
        "20270112T9",
        "20270112T250000Z",
        "20270230T100000Z",
    ),
    *("00000101T000000Z", "99991231T235959Z", "-0270112T100000Z", "20270112T100060Z"),
    *("20270112T100000+0100", "20270112t100000z", "٢٠٢٧٠١١٢T100000Z", "20270112T100000ZZ"),
    *("2027-01-12T10:00:00Z", "1e9", "NaN", "20270112T100000Z,20270113T100000Z", "9" * 5000),
)
_LENGTHS = (
    *("", "x", "P", "PT", "P1Y", "P1M", "-P1D", "PT-1H", "P99999999999W", "P" + "1" * 500 + "D"),
    *("PT1H1D", "P1W1D", "PT0.5H", "+-PT1H", "PT1H;", "P1D" * 1000),
)
_BYTES: tuple[tuple[str, bytes], ...] = (
    ("broken UTF-8", b"\xff\xfe\xc3\x28"), ("overlong", b"\xc0\xaf"),
    ("surrogate", b"\xed\xa0\x80"),
    ("NUL", b"\x00" * 50), ("VT and FF", b"\x0b\x0c"), ("NEL", b"\xc2\x85"),
    ("line separator", b"\xe2\x80\xa8"), ("right to left", b"\xe2\x80\xae"),
    ("unit separator", b"\x1c\x1d\x1e\x1f"), ("a BOM inside", b"\xef\xbb\xbf"),
    ("a long line", b"a" * 100_000), ("an emoji cut", b"\xf0\x9f\x98"),
    ("a million quotes", b'"' * 1_000_000), ("backslashes", b"\\" * 99_999),
    ("a bare CR", b"a\rb"), ("a folded nothing", b"\r\n \r\n \r\n "),
)  # fmt: skip


def _event(*lines: str, head: str = "") -> str:
    return Golden("", ("\n".join(lines),), head=head).text()


def _around(body: str) -> str:
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{body}END:VCALENDAR\r\n"


_GOOD = _event(_TEN)
_VEVENT = _GOOD[_GOOD.index("BEGIN:VEVENT") : _GOOD.index("END:VCALENDAR")]


def rules() -> Iterator[tuple[str, str]]:
    for rule in (*_RULES, *_ODD_RULES):
        yield f"rule {rule[:60]}", _event(_TEN, f"RRULE:{rule}")


def zones() -> Iterator[tuple[str, str]]:
    for zone in _ZONES:
        yield (
            f"zone {zone[:40]!r} of {len(zone)}",
            _event(f"DTSTART;TZID={zone}:20270112T100000", f"DTEND;TZID={zone}:20270112T110000"),
        )


def whole() -> Iterator[tuple[str, str | bytes]]:
    """Calendars whose shape is wrong, or which are something else."""
    raw = _GOOD.encode()
    yield "nothing", b""
    yield "spaces", b" \r\n" * 1000
    yield "HTML", "<!doctype html><title>Log in</title>"
    yield "JSON", '{"items": []}'
    yield "XML bomb", LAUGHS
    yield "gzip", gzip.compress(raw)
    yield "a gzip bomb", gzip.compress(bytes(10_000_000))
    yield "UTF-16", _GOOD.encode("utf-16")
    yield "UTF-32", _GOOD.encode("utf-32")
    for part in (0.3, 0.6, 0.9, 0.98):
        yield f"cut at {part:.0%}", raw[: int(len(raw) * part)]
    yield "no end of the entry", _GOOD.replace("END:VEVENT\r\n", "")
    yield "no begin of the entry", _GOOD.replace("BEGIN:VEVENT\r\n", "")
    yield "two ends", _GOOD.replace("END:VEVENT", "END:VEVENT\r\nEND:VEVENT")
    yield "END of another", _GOOD.replace("END:VEVENT", "END:VTODO")
    yield "an entry in an entry", _GOOD.replace("DTSTAMP", _VEVENT + "DTSTAMP")
    yield "ten thousand deep", _around("BEGIN:VEVENT\r\n" * 10_000 + "END:VEVENT\r\n" * 10_000)
    yield (
        "calendars in calendars",
        ("BEGIN:VCALENDAR\r\n" * 3000 + _VEVENT + "END:VCALENDAR\r\n" * 3000),
    )
    yield "too many entries", _around("BEGIN:VEVENT\r\nUID:a\r\nEND:VEVENT\r\n" * 20_001)
    yield "lines without a colon", _around("nothing\r\n" * 5000 + _VEVENT)
    yield "no start", _event(_END)
    yield "only a UID", _event("UID:x")
    yield "two starts", _event(_START, _START, _END)
    yield "two ends of time", _event(_START, _END, _END)
    yield "an end and a length", _event(_TEN, "DURATION:PT1H")
    yield "a date and a time", _event(_START, "DTEND;VALUE=DATE:20270113")
    yield "an end before the start", _event(_START, "DTEND:20270112T090000Z")
    yield "parameters without end", _event(_TEN, "X-A;" + "B=C;" * 20_000 + "D=E:x")
    yield (
        "a zone of a thousand rules",
        _event("DTSTART;TZID=A:20270112T100000", "DTEND;TZID=A:20270112T110000", head=_RULED),
    )
    yield "a zone of itself", _event(
        "DTSTART;TZID=A:20270112T100000", "DURATION:PT1H",
        head="BEGIN:VTIMEZONE\nTZID:A\nBEGIN:STANDARD\nDTSTART;TZID=A:19700101T000000\n"
        "TZOFFSETFROM:+9999\nTZOFFSETTO:-9999\nEND:STANDARD\nEND:VTIMEZONE\n",
    )  # fmt: skip
    yield (
        "ten thousand exceptions",
        _event(_TEN, "RRULE:FREQ=DAILY", "EXDATE:" + ",".join(["20270113T100000Z"] * 10_000)),
    )
    yield "ten thousand extras", _event(
        _TEN, "RDATE:" + ",".join(f"20270112T{n // 3600:02}{n // 60 % 60:02}{n % 60:02}Z"
                                  for n in range(36_000, 46_000))
    )  # fmt: skip
    yield "attendees without end", _event(_TEN, "ATTENDEE:mailto:a@b\n" * 5000)
    yield "a period as start", _event("DTSTART;VALUE=PERIOD:20270112T100000Z/PT1H", _END)
    yield "free by a word unknown", _event(_TEN, "TRANSP:PERHAPS")
    yield "free twice and busy", _event(_TEN, "TRANSP:OPAQUE\nTRANSP:TRANSPARENT")
    yield "a status unknown", _event(_TEN, "STATUS:\x01CANCELLED\x02")
    yield (
        "declined by one like her",
        _event(_TEN, "ATTENDEE;PARTSTAT=DECLINED:mailto:dana@example.org.evil.example"),
    )
    yield "an override of nothing", _event(_TEN, "RECURRENCE-ID:x")
    yield "a UID of a megabyte", _event(_TEN, "UID:" + "u" * 1_000_000)


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))
    + "]><l>&m;</l>"
)
_RULED = (
    "BEGIN:VTIMEZONE\nTZID:A\n"
    + "BEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\n"
    "RRULE:FREQ=SECONDLY\nEND:STANDARD\n" * 300 + "END:VTIMEZONE\n"
)


def calendar_cases() -> Iterator[Case]:
    may = "refused busy"
    yield from cases("calendar", may, rules())
    yield from cases("calendar", may, zones())
    yield from cases("calendar", may, whole())
    yield from cases(
        "calendar", "refused busy",
        ((f"starts {t[:30]!r}", _event(f"DTSTART:{t}", _END)) for t in _TIMES if t != "20270112"),
    )  # fmt: skip
    yield from cases(
        "calendar", "refused busy",
        (
            (f"ends {t[:30]!r}", _event(_START, f"DTEND:{t}"))
            for t in (time.replace("T10", "T11") for time in _TIMES)
        ),
    )  # fmt: skip
    yield from cases(
        "calendar", "refused busy",
        ((f"lasts {t[:30]!r}", _event(_START, f"DURATION:{t}")) for t in _LENGTHS),
    )  # fmt: skip
    for name, odd in _BYTES:
        for where in (b"SUMMARY:", b"DESCRIPTION;LANGUAGE=", b"UID:", b"ATTENDEE;CN="):
            raw = _GOOD.encode().replace(b"DTSTART", where + odd + b":x\r\nDTSTART")
            kind = where.decode().strip(":=;")
            yield from cases("calendar", may, [(f"{name} in {kind}", raw)])
