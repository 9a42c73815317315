"""Spanish is complete: every mail and page has its twin, says the same, and keeps no English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, nodes

from mentoring import itip, wording
from mentoring.event_words import words_in
from mentoring.interval import Interval
from mentoring.notices import Notice
from mentoring.roster import Roster
from service.compose import render
from service.preview import SAMPLES
from service.roster_source import load
from service.samples import Sitting
from service.templates import FRAMES, SHIPPED, shipped, split_name
from tests.world import World, at

NOW = at("2027-02-16 12:00")
TO_THE_COORDINATOR = frozenset(
    {"attention", "noslot", "putback", "undelivered", "unsigned", "signin", "trial", "coordinator"}
)
"""Kinds, and a folder of pages, that only the coordinator reads, who reads English."""
TWINS = sorted(name for name in shipped().sources if split_name(name)[1] == "es")
ENGLISH = sorted(
    name
    for name in shipped().sources
    if not split_name(name)[1]
    and name not in FRAMES
    and name.split("/")[1] not in TO_THE_COORDINATOR
)
WORD = re.compile(r"[^\W\d_]{3,}")
THE_SAME_IN_BOTH = frozenset({"virtual", "no", "none", "Error", "well", "mixed", "poorly"})
COMMAND = re.compile(r"“?[A-Z]{2,8}( .*)?|(Mon|2027-)\S* \S+")
"""What a mail's subject takes as it is: ACCEPT, PICK, days and hours."""


def spanish(name: str) -> str:
    stem, _, ending = name.rpartition(".")
    return f"{stem}.es.{ending}"


def tree(name: str) -> nodes.Template:
    return Environment(trim_blocks=True).parse(shipped().sources[name].text)


def phrases(name: str) -> set[str]:
    """Every stretch of words that a template can show, whatever it is given."""
    parsed = tree(name)
    shown = constants(parsed)
    for node in parsed.find_all((nodes.Compare, nodes.Import, nodes.FromImport)):
        shown -= constants(node)
    for node in parsed.find_all((nodes.Extends, nodes.Include)):
        shown -= constants(node)
    for pair in parsed.find_all(nodes.Pair):
        shown -= constants(pair.key)
    for call in parsed.find_all(nodes.Call):
        shown -= {c for arg in call.args for c in constants(arg)}
    for chosen in parsed.find_all(nodes.Filter):
        if chosen.name == "map":  # names a value or a filter, and shows neither
            shown -= {c for arg in (*chosen.args, *chosen.kwargs) for c in constants(arg)}
    text = "\0".join(n.data for n in parsed.find_all(nodes.TemplateData))
    labels = re.findall(r'aria-label="([^"\0]*)', text)
    text = re.sub(r"<[^>]*>", "\n", text).replace("\0", "\n")
    text = re.sub(r'[\w-]+="[^"\n]*"?|^-\S+|\bchecked$', "\n", text, flags=re.MULTILINE)
    lines = [line.strip(" .,:;()") for line in [*text.split("\n"), *labels, *shown]]
    return {line for line in lines if WORD.search(line) and not COMMAND.fullmatch(line)}


def constants(node: nodes.Node) -> set[str]:
    found = {node.value} if isinstance(node, nodes.Const) else set()
    found |= {c.value for c in node.find_all(nodes.Const)}
    return {value for value in found if isinstance(value, str)}


def values(name: str) -> set[str]:
    """The notice's values and the answers by mail that a template shows."""
    parsed = tree(name)
    found = {
        f"n.{node.attr}"
        for node in parsed.find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name) and node.node.name in ("n", "m", "agenda")
    }
    for call in parsed.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "mailto":
            found |= {f"mailto {c}" for arg in call.args[:1] for c in constants(arg)}
    return found


@pytest.mark.parametrize("name", ENGLISH)
def test_every_template_has_its_twin(name: str) -> None:
    assert spanish(name) in shipped().sources


@pytest.mark.parametrize("name", TWINS)
def test_a_twin_keeps_no_english_and_leaves_nothing_out(name: str) -> None:
    english = split_name(name)[0]
    if english not in shipped().sources:
        assert english == "mail/_phrases.txt"
        return
    assert phrases(name) & phrases(english) <= THE_SAME_IN_BOTH
    assert phrases(name) or not phrases(english)
    assert values(name) == values(english)
    fields = re.compile(r'(?:name|value|id|for|href|maxlength|aria-\w+by)="[^"]*"')
    mine, theirs = (sorted(fields.findall(shipped().sources[n].text)) for n in (name, english))
    assert mine == theirs


@pytest.fixture(scope="module")
def roster(tmp_path_factory: pytest.TempPathFactory) -> Roster:
    directory: Path = tmp_path_factory.mktemp("languages")
    for path in (SHIPPED.parent / "config").glob("*.*"):
        if path.suffix in (".toml", ".csv", ".ics"):
            (directory / path.name).write_bytes(path.read_bytes())
    return load(directory)


def notices(roster: Roster, language: str) -> Iterator[Notice]:
    for pair in roster.pairs:
        for person in roster.both_of(pair):
            for sample in SAMPLES.values():
                notice = sample(Sitting(roster, pair, person, NOW))
                read: Notice = replace(  # type: ignore[type-var]
                    notice, reader=replace(notice.reader, language=language)
                )
                yield read


def test_every_mail_is_spanish_to_a_spanish_reader(roster: Roster) -> None:
    told = [roster.programme.name, *(person.name for person in roster.people.values())]
    names = "|".join(map(re.escape, told))
    data = re.compile(rf"https?://\S+|[A-Z]{{2,8}} [0-9a-f]{{16}}.*|DEADLINE \d.*|({names})\.?")
    for english, other in zip(notices(roster, "en"), notices(roster, "es"), strict=True):
        if english.kind in TO_THE_COORDINATOR:
            continue
        ours = render(english, roster.programme)
        theirs = render(other, roster.programme)
        assert '<html lang="es" dir="ltr">' in theirs.html
        assert theirs.subject != ours.subject
        assert len(theirs.subject) <= 60
        same = set(map(str.strip, ours.text.splitlines())) & set(
            map(str.strip, theirs.text.splitlines())
        )
        assert not [line for line in same if WORD.search(line) and not data.fullmatch(line)]
        assert max(map(len, theirs.text.splitlines())) <= 110
        assert "\n\n\n" not in theirs.text
        assert "None" not in theirs.text + theirs.html


class Structure(HTMLParser):
    """The tags of a page with their attributes' names, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, ...]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, *(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}",))


def named(roster: Roster, text: str) -> Roster:
    """The roster with one text wherever somebody may write one."""
    people = {
        email: replace(
            person,
            name=text,
            site=person.site and text,
            tools=tuple(text for _ in person.tools),
            expertise=tuple(text for _ in person.expertise),
        )
        for email, person in roster.people.items()
    }
    places = tuple(replace(place, name=text, address=text) for place in roster.places)
    events = tuple(replace(event, title=text, place=text) for event in roster.events)
    programme = replace(roster.programme, name=text)
    return replace(roster, people=people, places=places, events=events, programme=programme)


SCARY = (
    *('"><script>alert(1)</script>', "</title><h1>", "{{ n.reader }}", "&lt;b&gt;", "\u202eevil"),
    *("' onmouseover='x", "</style>", "<!--", "{% include 'x' %}", "مريم", "=?utf-8?q?x?="),
)
hostile = st.text(min_size=1, max_size=40) | st.sampled_from(SCARY)


@settings(max_examples=15, deadline=None)
@given(text=hostile.filter(lambda text: itip.plain(text) != ""))
@pytest.mark.parametrize("language", ["en", "es"])
def test_no_name_or_title_breaks_a_mail(roster: Roster, language: str, text: str) -> None:
    usual = named(roster, "Ana")
    strange = named(roster, text)
    for one, other in zip(notices(usual, language), notices(strange, language), strict=True):
        plain, odd = render(one, usual.programme), render(other, strange.programme)
        assert Structure(plain.html).tags == Structure(odd.html).tags, one.kind
        assert len(odd.subject) <= 60
        assert "\n" not in odd.subject


def test_names_in_html_keep_their_own_direction() -> None:
    shown = re.compile(r"\{\{ [\w.]+\.(?:name|employee|author) \}\}")
    for name, source in shipped().sources.items():
        if not name.endswith(".html") or name in FRAMES:
            continue
        for line in source.text.splitlines():
            if "block title" in line or "block preheader" in line or "aria-label" in line:
                continue
            for match in shown.finditer(line):
                assert line[: match.start()].endswith("<bdi>"), (name, line)


WINTER = datetime(2027, 1, 12, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "zone", "short", "hours"),
    [
        ("en", "America/New_York", "Tue 12 Jan, 1:00 PM ET", "1:00–2:00 PM"),
        ("es", "America/New_York", "mar 12 ene, 13:00 ET", "13:00–14:00"),
        ("es-US", "America/New_York", "mar 12 ene, 1:00 p.m. ET", "1:00–2:00 p.m."),
        ("es-MX", "America/Mexico_City", "mar 12 ene, 12:00 p.m. CT", "12:00–1:00 p.m."),
        ("es", "Europe/Madrid", "mar 12 ene, 19:00 CET", "19:00–20:00"),
        ("es", "Asia/Tokyo", "mié 13 ene, 3:00 JST", "3:00–4:00"),
        ("es", "America/Sao_Paulo", "mar 12 ene, 15:00 UTC−03:00", "15:00–16:00"),
    ],
)
def test_clocks_and_zones(language: str, zone: str, short: str, hours: str) -> None:
    slot = Interval(WINTER, WINTER + timedelta(hours=1))
    assert wording.short_time(WINTER, zone, language) == short
    assert wording.spoken(slot, zone, language).hours == hours


def test_days_and_periods() -> None:
    first, last = date(2027, 1, 1), date(2027, 1, 31)
    assert wording.spoken_days(first, last, "es") == "enero de 2027"
    assert wording.spoken_days(first, last, "en") == "January 2027"
    assert wording.spoken_days(date(2027, 1, 11), last, "es") == "11 – 31 ene 2027"
    assert wording.spoken_days(date(2026, 12, 28), last, "es") == "28 dic 2026 – 31 ene 2027"
    assert wording.spoken_day(date(2027, 3, 3), "es") == "mié 3 mar 2027"


@pytest.mark.parametrize("code", ["ES-mx:es-MX", "es:es", "ZH-hans-cn:zh-Hans-CN", "EN:en"])
def test_codes_are_written_in_one_way(code: str) -> None:
    sent, expected = code.split(":")
    assert wording.tag(sent) == expected


def test_an_invitation_speaks_to_its_reader_and_the_organiser_keeps_english(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    people = "name,email,timezone,hours,language\n" + "\n".join(
        f"{name},{email}@example.org,America/New_York,Mon-Fri 09:00-17:00,{language}"
        for name, email, language in (("Dana", "dana", "ES-us"), ("Lee", "lee", ""))
    )
    world.write(people=people)
    world.step(at("2027-01-11 12:00"))
    invites = {m["To"].addresses[0].addr_spec: m for m in world.sent() if m.is_multipart()}
    world.close()
    summaries = {}
    for email, message in invites.items():
        for part in message.walk():
            if part.get_content_type() == "text/calendar":
                summaries[email] = part.get_content()
    assert "SUMMARY:Reunión de mentoría" in summaries["dana@example.org"]
    assert "Acepta\\, rechaza" in summaries["dana@example.org"].replace("\r\n ", "")
    assert "SUMMARY:Mentoring meeting" in summaries["lee@example.org"]
    assert words_in("fr").summary == itip.SUMMARY == "Mentoring meeting"


def test_no_tag_stands_in_an_attribute() -> None:
    for name, source in shipped().sources.items():
        assert not re.search(r'="[^"{}]*(\{\{[^}]*\}\}[^"{}]*)*<\w', source.text), name
