"""A thousand texts in six sinks: read back, each has the shape that a harmless name gives."""

from __future__ import annotations

import csv
import email
import email.policy
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from icalendar import Calendar as ICalendar

from mentoring import itip
from mentoring.roster import Mailbox, Roster
from service.compose import Calendar, compose
from service.preview import SAMPLES
from service.roster_source import load
from service.samples import Sitting
from tests.hostile.strings import STRINGS
from tests.world import DANA, World, at
from web import board
from web.render import trouble

EVERY = int(os.environ.get("OVERLAP_INJECT_EVERY", "10"))
"""Of the texts through whole mails each tenth, which costs a second; 1 takes all of them."""
_SENT = tuple(text for text in STRINGS if "\ud800" not in text)
"""Half a surrogate pair comes out of no file, form or calendar of ours."""
_HIDDEN = tuple(text for text in _SENT if "=?" in text or "\\" in text or "\x1c" in text)
"""What did harm once, and so is tried each time."""
NOW = datetime(2027, 1, 11, 17, tzinfo=UTC)
_STATES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Shape:
    """What a mail is made of, its words left out."""

    headers: tuple[str, ...]
    parts: tuple[str, ...]
    recipients: tuple[str, ...]
    properties: tuple[str, ...]
    elements: tuple[str, ...]
    styles: tuple[str, ...]


class _Page(HTMLParser):
    """The elements of a page in their order, with attribute names, and its styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.styles: list[str] = []
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self.elements.append(f"<{tag} {' '.join(name for name, _ in attrs)}>")
        self.styles += [str(value) for name, value in attrs if name == "style"]
        for name, value in attrs:
            if name in ("href", "src"):
                scheme = str(value).partition(":")[0]
                assert scheme in ("https", "http", "mailto", "cid") or str(value)[:1] in ("#", "/")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""
        self.elements.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self.styles.append(data)

    def handle_comment(self, data: str) -> None:
        self.elements.append("<!>")

    def handle_decl(self, decl: str) -> None:
        self.elements.append(f"<!{decl}>")


@pytest.fixture(scope="module")
def roster(tmp_path_factory: pytest.TempPathFactory) -> Roster:
    world = World(tmp_path_factory.mktemp("injection") / "programme")
    world.write()
    found = load(world.directory)
    return replace(found, pairs=found.pairs)


def mail_of(roster: Roster, text: str) -> bytes:
    """An invite in which every text that a person or file may give is this one."""
    people = {
        email: replace(person, name=text, site=text, tools=(text,), expertise=(text,))
        for email, person in roster.people.items()
    }
    programme = replace(
        roster.programme, name=text, organiser=Mailbox(text, roster.programme.organiser.email)
    )
    whole = replace(roster, people=people, programme=programme)
    sitting = Sitting(whole, whole.pairs[0], whole.people[DANA], NOW)
    notice: Any = SAMPLES["invite"](sitting)
    meeting = replace(notice.meeting, tool=text, place=text, address=text, unseen=(text,))
    notice = replace(notice, meeting=meeting)
    ics = itip.request(meeting, programme, {}, NOW, agenda=text)
    letter = compose(notice, programme, calendar=Calendar("REQUEST", ics), at=NOW, secret=b"k" * 32)
    return letter.raw


def shape(raw: bytes) -> Shape:
    head, _, _ = raw.partition(b"\r\n\r\n")
    assert not _STATES.search(head.decode("ascii"))
    assert b"\r" not in head.replace(b"\r\n", b"")
    assert b"\n" not in head.replace(b"\r\n", b"")
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert not any(part.defects for part in message.walk())
    pages = [p.get_content() for p in message.walk() if p.get_content_type() == "text/html"]
    calendars = [
        p.get_payload(decode=True)
        for p in message.walk()
        if p.get_content_type() == "text/calendar"
    ]
    page = _Page(pages[0])
    return Shape(
        tuple(name.lower() for name in message),
        tuple(part.get_content_type() for part in message.walk()),
        tuple(a.addr_spec for name in ("From", "To") for a in message[name].addresses),
        tuple(_properties(calendars[0])),  # type: ignore[arg-type]
        tuple(page.elements),
        tuple(page.styles),
    )


def _properties(raw: bytes) -> Iterator[str]:
    text = raw.decode()
    assert not _STATES.search(text)
    lines = text.replace("\r\n ", "").split("\r\n")
    assert all("\n" not in line and "\r" not in line for line in lines)
    for component in ICalendar.from_ical(text).walk():
        yield f"BEGIN {component.name}"
        for name, value in component.property_items(recursive=False):
            yield f"{name} {sorted(getattr(value, 'params', {}))}"


def test_there_are_a_thousand() -> None:
    assert len(STRINGS) >= 1000


def test_mail_calendar_page_and_style_keep_their_shape(roster: Roster) -> None:
    usual = shape(mail_of(roster, "Dana Lee"))
    assert usual.headers.count("to") == usual.headers.count("from") == 1
    wrong = []
    for text in dict.fromkeys((*_HIDDEN, *_SENT[::EVERY])):
        try:
            found = shape(mail_of(roster, text))
        except Exception as error:  # each is named, and the next one tried
            wrong.append((text, repr(error)))
            continue
        kept, like = _without_empty(found), _without_empty(usual)
        if kept != like:
            names = [
                f.name for f in fields(Shape) if getattr(kept, f.name) != getattr(like, f.name)
            ]
            wrong.append((text, str(names)))
    assert wrong == []


def _without_empty(found: Shape) -> Shape:
    """A name of which nothing is left has no CN, and an empty place no LOCATION."""
    kept = (re.sub(r"'CN'(, )?", "", p) for p in found.properties if not p.startswith("LOCATION"))
    return replace(found, properties=tuple(kept))


def test_templates_take_texts_for_texts(roster: Roster) -> None:
    for text in STRINGS:
        if "{7*7}" in text:
            message = email.message_from_bytes(mail_of(roster, text), policy=email.policy.default)
            body = message.get_body(("plain",))
            assert body is not None
            assert "{7*7}" in body.get_content()
            assert "49" not in body.get_content().replace("1249", "")


def test_pages_keep_their_shape(roster: Roster) -> None:
    def shown(text: str) -> _Page:
        programme = replace(roster.programme, name=text, organiser=Mailbox(text, "o@example.org"))
        answer = trouble(replace(roster, programme=programme), text, text, 400)
        return _Page(bytes(answer.body).decode("utf-8", "surrogatepass"))

    usual = shown("Dana Lee")
    wrong = []
    for text in _SENT:
        page = shown(text)
        if (page.elements, page.styles) != (usual.elements, usual.styles):
            wrong.append(text)
    assert wrong == []


def test_tables_keep_their_cells_and_begin_no_formula() -> None:
    names = dict.fromkeys(board.COLUMNS, "")
    pairs: list[dict[str, Any]] = [
        {**names, "mentor": text, "reason": text, "attention": [], "forecast": None}
        for text in _SENT
    ]
    raw = board.as_csv(pairs)
    head, *rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert tuple(head) == board.COLUMNS
    assert len(rows) == len(pairs)
    for row, pair in zip(rows, pairs, strict=True):
        assert len(row) == len(board.COLUMNS)
        cell = row[board.COLUMNS.index("reason")]
        assert cell.removeprefix("'") == str(pair["reason"]).removeprefix("'")
        assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
        assert not cell.startswith(("\t", "\r", "\n"))


def test_the_shape_would_tell() -> None:
    """The comparison itself: one element, header or property more is seen."""
    assert _Page("<p>a</p>").elements != _Page("<p>a<b>x</b></p>").elements
    assert _Page('<p style="a">').styles != _Page('<p style="b">').styles
    assert at("2027-01-11 12:00")
