"""Every parser of ours that reads what others wrote, each as bytes in and one word out.

The words: `busy` (a calendar whose hour of TEN is taken), `free` (it is not), `read` (understood),
`refused` (a fault with words of its own), `nothing` (no answer, and so nothing happens),
`freed` (an hour that stands in an answer was taken for free, which is never right). Anything else
that a parser raises is a finding.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from integrations import caldav
from integrations.google import Account
from integrations.google_answers import understood
from integrations.google_busy import GoogleSource
from integrations.ical_busy import busy_items
from integrations.ical_prepare import CalendarError
from integrations.microsoft365 import Mailbox
from integrations.microsoft365_busy import Microsoft365Source
from integrations.ports import Access, Owner, ProviderError
from mentoring import cells
from mentoring.authentication import verdict
from mentoring.bounces import Bounce
from mentoring.choices import Choice, away, other_hours
from mentoring.deadline_mail import DeadlineAsked
from mentoring.deadline_words import Days, read_deadline
from mentoring.hours import HoursError, parse_hours
from mentoring.interval import Interval, merged
from mentoring.replies import Answer, Command, Unreadable, read_answer
from mentoring.roster_files import read_roster
from mentoring.settings_file import read_settings
from mentoring.tables import Fault
from service.links import opened
from tests.hostile import conversations, templates
from tests.world import PAIRS, PEOPLE, SETTINGS
from web.forms import read_form

Parser = Callable[[bytes], str]

TODAY = date(2027, 1, 11)
NOW = datetime(2027, 1, 11, 17, tzinfo=UTC)
WINDOW = Interval(datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))
TEN = Interval(datetime(2027, 1, 12, 10, tzinfo=UTC), datetime(2027, 1, 12, 11, tzinfo=UTC))
"""The hour that every hostile calendar says is taken."""
DANA = Owner("dana@example.org", "America/New_York")
SECRET = b"0123456789abcdef0123456789abcdef"
_NOWHERE = Access(Path("/nonexistent"))
_FILES = {
    "overlap.toml": SETTINGS.format(agreement="").encode(),
    "people.csv": PEOPLE.encode(),
    "pairs.csv": PAIRS.encode(),
}


def _taken(items: Mapping[str, tuple[Interval, ...]]) -> str:
    whole = merged(span for spans in items.values() for span in spans)
    return "busy" if any(s.start <= TEN.start and s.end >= TEN.end for s in whole) else "free"


def calendar(raw: bytes) -> str:
    try:
        return _taken(busy_items(raw, WINDOW, DANA)[0])
    except CalendarError as error:
        return _worded(str(error))


def mail(raw: bytes) -> str:
    answer = read_answer(raw)
    if isinstance(answer, Unreadable):
        return _worded(answer.reason)
    if answer is None:
        return "nothing"
    assert isinstance(answer, Answer | Command | DeadlineAsked | Bounce)
    return "read"


def _worded(text: str) -> str:
    assert text.strip(), "a refusal without a word"
    assert "\n" not in text or len(text) < 2000
    return "refused"


def _faults(faults: Any) -> str:
    for fault in faults:
        assert isinstance(fault, Fault)
        assert fault.message, fault
        assert fault.mend, fault
        assert re.fullmatch(r"[^\x00-\x08\x0b-\x1f\x7f]{10,4000}", str(fault)), str(fault)
    return "refused"


def roster_file(name: str) -> Parser:
    def read(raw: bytes) -> str:
        roster, faults = read_roster({**_FILES, name: raw})
        return _faults(faults) if roster is None else "read"

    return read


def settings(raw: bytes) -> str:
    found, faults = read_settings(raw)
    return _faults(faults) if found is None else "read"


def words(read: Callable[[str], object]) -> Parser:
    """A parser of one cell or line; its refusals are CellError or HoursError."""

    def parse(raw: bytes) -> str:
        try:
            return "nothing" if read(raw.decode("utf-8", "surrogateescape")) is None else "read"
        except (cells.CellError, HoursError) as error:
            _worded(error.mend)
            return _worded(str(error))

    return parse


def deadline(raw: bytes) -> str:
    people = [("Dana Lee", "dana@example.org"), ("Lee Park", "lee@example.org")]
    found = read_deadline(raw.decode("utf-8", "replace"), TODAY, people)
    return "read" if isinstance(found, Days) else _worded(str(found))


def choice(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace")
    first, _, last = text.partition(" ")
    found = (
        away("dana@example.org", first, last, TODAY),
        other_hours("dana@example.org", text, "2027-02-01", "", TODAY),
    )
    if any(isinstance(one, Choice) for one in found):
        return "read"
    return _worded(" ".join(map(str, found)))


def google(raw: bytes) -> str:
    source = GoogleSource(Account("dana@example.org", _NOWHERE), DANA)
    read = understood(GoogleSource._busy)
    return _json(raw, lambda answer: read(source, [answer], WINDOW))


def google_spans(raw: bytes) -> str:
    source = GoogleSource(Account("dana@example.org", _NOWHERE), DANA)
    read = understood(GoogleSource._spans)
    return _json(raw, lambda answer: {"": tuple(read(source, answer, WINDOW))})


def graph(raw: bytes) -> str:
    source = Microsoft365Source(Mailbox("dana@example.org", _NOWHERE), DANA)

    def read(answer: Any) -> dict[str, tuple[Interval, ...]]:
        found: dict[str, list[Interval]] = defaultdict(list)
        for event in answer.get("value", []):
            source._collect(event, WINDOW, found, [])
        return {key: tuple(spans) for key, spans in found.items()}

    return _json(raw, read)


def graph_spans(raw: bytes) -> str:
    source = Microsoft365Source(Mailbox("dana@example.org", _NOWHERE), DANA)
    return _json(raw, lambda answer: {"": tuple(source._stretches(answer))})


def _json(raw: bytes, read: Callable[[Any], Mapping[str, tuple[Interval, ...]]]) -> str:
    """What an adapter makes of an answer that is a JSON object with a list in it."""
    try:
        answer = json.loads(raw)
    except (ValueError, RecursionError):
        return "nothing"  # the adapter's own call says so, tests/hostile/test_servers.py
    if not isinstance(answer, dict):
        return "nothing"
    lists = [answer.get("items", []), answer.get("value", [])]
    if not all(isinstance(one, list) for one in lists):
        return "nothing"
    try:
        return _taken(read(answer))
    except ProviderError as error:
        return _worded(error.message)


def link(raw: bytes) -> str:
    token = raw.decode("latin-1")
    return "nothing" if opened(SECRET, "agenda", token, NOW) is None else "read"


def form(raw: bytes) -> str:
    return "nothing" if read_form(raw) is None else "read"


def results(raw: bytes) -> str:
    """An Authentication-Results header of somebody who wants to be believed."""
    said = verdict(
        (("Authentication-Results", raw.decode("utf-8", "replace")),), "boss@example.org", "mx.me"
    )
    return "read" if said.value == "passed" else "nothing"


def resource_key(raw: bytes) -> str:
    caldav._key(raw.decode("utf-8", "replace"))
    return "read"


def template(raw: bytes) -> str:
    """A file of a coordinator's own templates, its name in the first line."""
    name, _, text = raw.partition(b"\n")
    found = templates.rendered(name.decode(), text)
    if isinstance(found, list):
        return _faults(found)
    assert templates.CANARY not in found
    assert "root:" not in found
    assert "<class" not in found
    return "read"


def conversation(name: str) -> Parser:
    """An answer, its number in the conversation before it."""

    def read(raw: bytes) -> str:
        number, _, body = raw.partition(b" ")
        return conversations.replayed(name, int(number), body)

    return read


PARSERS: Mapping[str, Parser] = {
    "calendar": calendar,
    "mail": mail,
    "people": roster_file("people.csv"),
    "pairs": roster_file("pairs.csv"),
    "exceptions": roster_file("exceptions.csv"),
    "events": roster_file("events.csv"),
    "places": roster_file("places.csv"),
    "settings": settings,
    "hours": words(parse_hours),
    "email": words(cells.read_email),
    "mailbox": words(cells.read_mailbox),
    "zone": words(cells.read_zone),
    "duration": words(cells.read_duration),
    "day": words(cells.read_date),
    "url": words(lambda text: cells.read_url(text, cells.CALENDARS)),
    "links": words(cells.read_links),
    "language": words(cells.read_language),
    "region": words(cells.read_region),
    "deadline": deadline,
    "choice": choice,
    "google": google,
    "google spans": google_spans,
    "graph": graph,
    "graph spans": graph_spans,
    "link": link,
    "form": form,
    "results": results,
    "caldav key": resource_key,
    "template": template,
    **{name: conversation(name) for name in conversations.NAMES},
}
