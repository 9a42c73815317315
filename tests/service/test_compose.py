"""Mails on the wire: headers, parts, words, and names that try to be more than names."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring import itip
from mentoring.agenda import Agenda, ItemKind, Line, Phase, PrepareNotice, RemindNotice
from mentoring.interval import Interval
from mentoring.met import LogNotice
from mentoring.notices import (
    CalendarNotice,
    CounterNotice,
    MeetingFacts,
    MeetingNotice,
    NoSlotNotice,
    Notice,
    Party,
    PatternNotice,
    Reader,
    Refusal,
    UndeliveredNotice,
    Why,
)
from mentoring.roster import Mailbox, Programme
from mentoring.summary import (
    Appointment,
    EventDate,
    EventKind,
    Name,
    Part,
    Stage,
    Summary,
    SummaryNotice,
    Way,
    Week,
)
from service.compose import Calendar, compose, render
from service.templates import SHIPPED

PROGRAMME = Programme(
    "Leadership Mentoring 2027",
    Mailbox("Mentoring Office", "mentoring@example.org"),
    "America/New_York",
    date(2027, 1, 11),
    date(2027, 7, 30),
    "coordinator@example.org",
)
AT = datetime(2027, 1, 11, 17, tzinfo=UTC)
SLOT = Interval(AT + timedelta(days=3), AT + timedelta(days=3, hours=1))
DANA, LEE = (
    Party("Dana Lee", "dana@example.org", "America/New_York"),
    Party("Lee Park", "lee@example.org", "Asia/Tokyo"),
)
READER = Reader("Dana Lee", "dana@example.org", "America/New_York")
MEETING = MeetingFacts("u@overlap", 0, SLOT, LEE, DANA)
MONDAY = date(2026, 12, 7)
SUMMARY = Summary(
    employee=Name("Dana Lee"),
    first=date(2027, 1, 11),
    last=date(2027, 1, 31),
    partners=(Name("Kim Ito"),),
    unnamed=2,
    conflicts=(date(2027, 2, 3), date(2027, 2, 4)),
    conflicts_undated=1,
    minutes_held=120,
    minutes_agreed=90,
    lunches=2,
    held=3,
    assumed=2,
    planned=3,
    moved=1,
    next_meetings=(Appointment(SLOT, Way.VIRTUAL), Appointment(SLOT, Way.ON_SITE)),
    attended=tuple(EventDate(kind, SLOT, Way.EITHER) for kind in EventKind),
    coming=tuple(EventDate(kind, SLOT, Way.ON_SITE) for kind in EventKind),
    stage=Stage(3, 29, Part.START),
    signed=1,
    agreements=2,
    approved=False,
    weeks=tuple(Week(MONDAY + timedelta(weeks=n), 60 * n, 30, n == 4) for n in range(12)),
    undated=2,
)
QUIET = replace(
    SUMMARY,
    partners=(),
    unnamed=1,
    conflicts=(),
    conflicts_undated=0,
    lunches=0,
    held=0,
    assumed=0,
    planned=0,
    moved=0,
    minutes_held=0,
    next_meetings=(),
    attended=(),
    coming=(),
    weeks=tuple(replace(week, held=0, planned=0, has_deadline=False) for week in SUMMARY.weeks),
    undated=0,
)
NEXT_WEEK = (date(2027, 2, 8), date(2027, 2, 12))


def summary_notice(*sections: Summary, copy: bool = False, page: str = "") -> SummaryNotice:
    return SummaryNotice("k", READER, sections or (SUMMARY,), copy, NEXT_WEEK, page)


def meeting_notice(kind: str = "invite", **changed: object) -> MeetingNotice:
    key = "invite:u@overlap:0:dana@example.org"
    notice = MeetingNotice(kind, key, READER, MEETING, "0123456789abcdef")
    return replace(notice, **changed)  # type: ignore[arg-type]


def every_notice() -> list[Notice]:
    earlier = Interval(SLOT.start - timedelta(days=1), SLOT.end - timedelta(days=1))
    site = replace(MEETING, in_person=True, place="Denver", unseen=("Lee Park",))
    tool = replace(MEETING, tool="Zoom")
    notices: list[Notice] = [
        *(meeting_notice(kind) for kind in ("invite", "moved", "cancelled", "nudge")),
        *(meeting_notice("moved", why=why, before=earlier) for why in Why),
        *(meeting_notice("cancelled", why=why) for why in Why),
        meeting_notice(meeting=site),
        meeting_notice("nudge", meeting=tool),
        *(RemindNotice("k", READER, tool, "0123456789abcdef", a) for a in (None, *agendas())),
        *(PrepareNotice("k", READER, MEETING, agenda) for agenda in agendas()),
        *(
            LogNotice("k", READER, MEETING, link, "0123456789abcdef")
            for link in ("", "https://example.org/met/x")
        ),
        *(CounterNotice("k", READER, MEETING, SLOT, refusal) for refusal in Refusal),
        CalendarNotice("k", READER, "the feed is not there", "publish it again"),
        *(PatternNotice("k", READER, LEE, DANA, for_coordinator=c) for c in (True, False)),
        *(
            NoSlotNotice("k", READER, LEE, DANA, (("mentor busy", 3),), s)
            for s in ((), ("30", "45"))
        ),
        *(
            UndeliveredNotice("k", READER, "x@y.org", "invite", "550", in_doubt=d)
            for d in (True, False)
        ),
        *(
            summary_notice(*sections, copy=c, page=page)
            for sections in ((SUMMARY,), (QUIET,), (SUMMARY, QUIET), (QUIET,) * 5)
            for c in (True, False)
            for page in ("", "https://example.org/deadline/x")
        ),
    ]
    return notices


def agendas() -> list[Agenda]:
    """Of every phase, with items and without, with a page and by mail alone."""
    line = Line(ItemKind.QUESTION, "What did you learn?", "Lee Park")
    links = ("", "https://example.org/agenda/x")
    return [
        Agenda(lines, phase, link, "0123456789abcdef")
        for phase in Phase
        for lines in ((), (line,))
        for link in links
    ]


def letter(notice: Notice, calendar: Calendar | None = None) -> tuple[bytes, EmailMessage]:
    raw = compose(notice, PROGRAMME, calendar=calendar, at=AT, secret=b"s").raw
    return raw, email.message_from_bytes(raw, policy=email.policy.default)


def parts(message: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in message.walk()]


@pytest.mark.parametrize("notice", every_notice(), ids=lambda n: n.kind)
def test_every_mail_renders_and_keeps_to_the_rules(notice: Notice) -> None:
    raw, message = letter(notice)
    words = render(notice, PROGRAMME)
    assert len(words.subject) <= 60
    assert "\n" not in words.subject
    assert max(len(line) for line in words.text.splitlines()) <= 110
    assert "\n\n\n\n" not in words.text
    assert "None" not in words.text + words.html
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["From"].addresses[0].addr_spec == "mentoring@example.org"
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert raw.isascii()


def test_an_invite_has_its_parts_in_the_order_that_works() -> None:
    ics = itip.request(MEETING, PROGRAMME, {}, AT)
    _, message = letter(meeting_notice(), Calendar("REQUEST", ics))
    assert parts(message) == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    calendar = list(message.walk())[4]
    assert calendar.get_param("method") == "REQUEST"
    assert str(calendar.get_param("charset")).lower() == "utf-8"
    assert calendar.get_payload(decode=True) == ics
    assert list(message.walk())[5].get_payload(decode=True) == ics
    assert list(message.walk())[5].get_filename() == "invite.ics"


def test_both_zones_and_both_days_are_shown() -> None:
    text = render(meeting_notice(), PROGRAMME).text
    assert "Thu 14 Jan 2027, 12:00–1:00 PM EST (UTC−05:00)" in text
    assert "For Lee Park:  Fri 15 Jan 2027, 2:00–3:00 AM JST (UTC+09:00)" in text


def test_the_same_notice_gives_the_same_bytes_and_later_ones_answer_it() -> None:
    first, message = letter(meeting_notice())
    assert letter(meeting_notice())[0] == first
    assert message["In-Reply-To"] is None
    _, later = letter(meeting_notice("nudge", key="nudge:u@overlap:0:1:dana@example.org"))
    assert later["In-Reply-To"] == later["References"] == message["Message-ID"]
    assert later["Message-ID"] != message["Message-ID"]


def test_the_links_write_the_answer() -> None:
    html = render(meeting_notice(), PROGRAMME).html
    links = [urlsplit(link) for link in re.findall(r'href="(mailto:[^"]*subject[^"]*)"', html)]
    assert [link.path for link in links] == ["mentoring@example.org"] * 2
    assert [parse_qs(link.query)["subject"] for link in links] == [
        ["ACCEPT 0123456789abcdef"],
        ["DECLINE 0123456789abcdef"],
    ]


def test_a_supervisor_reads_nothing_of_the_partner() -> None:
    raw, _ = letter(summary_notice())
    assert b"Lee Park" not in raw
    assert b"JST" not in raw


names = st.text(max_size=40) | st.sampled_from(
    ["Eve\r\nBcc: x@y.org", "Eve\x1cBcc:x", '"><script>', "=?utf-8?q?x?=", "a\u2028b", "\u202ex"]
)


@settings(max_examples=60, deadline=None)
@given(name=names, other=names)
def test_a_name_stays_a_name(name: str, other: str) -> None:
    plain_parts = parts(letter(meeting_notice())[1])
    headers = set(letter(meeting_notice())[1].keys())
    meeting = replace(MEETING, mentor=replace(LEE, name=other), tool=other, unseen=(other,))
    notice = meeting_notice(reader=replace(READER, name=name), meeting=meeting)
    raw, message = letter(notice)
    assert set(message.keys()) == headers
    assert parts(message) == plain_parts
    assert [a.addr_spec for a in message["To"].addresses] == ["dana@example.org"]
    body = message.get_body(("html",))
    assert body is not None
    assert "<script" not in body.get_content()
    assert raw.isascii()


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def colours(css: str, selector: str, name: str) -> str:
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", css)
    found = [
        value[1]
        for selectors, body in rules
        if selector in [s.strip() for s in selectors.split(",")]
        and (value := re.search(rf"(?:^|[;\s]){name}:\s*(#[0-9a-f]{{6}})", body))
    ]
    assert found, (selector, name)
    return found[-1]


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_stands_out_from_its_ground(dark: bool) -> None:
    css = (SHIPPED / "mail" / "_layout.html").read_text().partition("<style>")[2]
    light, _, rest = css.partition("@media (prefers-color-scheme: dark) {")
    sheet = light + rest.partition("@media")[0] if dark else light
    card = colours(sheet, ".card", "background-color")
    grounds = {
        ".programme": card,
        ".note": card,
        "h1": card,
        "a": card,
        ".facts th": card,
        ".when th": colours(sheet, ".when", "background-color"),
        ".when td": colours(sheet, ".when", "background-color"),
        ".button": colours(sheet, ".button", "background-color"),
        ".plain": colours(sheet, ".plain", "background-color"),
    }
    for selector, ground in grounds.items():
        assert contrast(colours(sheet, selector, "color"), ground) >= 4.5, selector
