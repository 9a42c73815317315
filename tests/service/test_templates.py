"""Which words a reader gets: their language, a coordinator's own templates, and never half."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from mentoring.notices import MeetingFacts, MeetingNotice, Notice
from mentoring.roster import Roster
from mentoring.wording import SpokenTime
from service.check import check
from service.compose import Rendered, render
from service.preview import SAMPLES, preview
from service.roster_source import load
from service.samples import Sitting
from service.sandbox import OWN_FILTERS
from service.templates import SHIPPED, shipped, templates_of
from tests import template_table
from tests.world import DANA, PEOPLE, World, at, to

NOW = at("2027-01-11 12:00")


@dataclass
class House:
    """A programme on disk whose partners read `language`, with templates of its own."""

    world: World

    @property
    def roster(self) -> Roster:
        return load(self.world.directory)

    def own(self, name: str, text: str) -> Path:
        path = self.world.directory / "templates" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def notice(self, kind: str, language: str = "en") -> Notice:
        roster = self.roster
        pair = roster.pairs[0]
        notice = SAMPLES[kind](Sitting(roster, pair, roster.mentee_of(pair), NOW))
        reader = replace(notice.reader, language=language)
        read: Notice = replace(notice, reader=reader)  # type: ignore[type-var]
        return read

    def words(self, kind: str, language: str = "en") -> Rendered:
        roster = self.roster
        return render(self.notice(kind, language), roster.programme, templates_of(roster))

    def faults(self) -> list[str]:
        report = check(self.world.directory, now=NOW, ports=None)
        assert report.exit_status == (2 if report.faults else 0)
        folder = f"{self.world.directory}/templates/"
        return [str(fault).replace(folder, "") for fault in report.faults]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    world = World(tmp_path / "programme")
    world.write()
    yield House(world)
    world.close()


def french(house: House, kind: str = "nudge") -> None:
    """Every word of one kind in a language that is not shipped."""
    house.own(f"mail/{kind}/subject.fr.txt", "Votre réponse manque")
    house.own(f"mail/{kind}/body.fr.txt", "Bonjour {{ here.whole }}")
    house.own(
        f"mail/{kind}/body.fr.html",
        '{% extends "mail/_layout.html" %}{% block body %}{{ here.whole }}{% endblock %}',
    )
    house.own("mail/_foot.fr.html", "Des questions ?")
    house.own("mail/_choices.fr.html", "Votre choix")


@pytest.mark.parametrize("language", ["es", "ES", "es-MX", "Es-us"])
def test_a_region_reads_its_language(house: House, language: str) -> None:
    words = house.words("invite", language)
    assert words.subject.startswith("Propuesta: jue 14 ene") or "mar 12 ene" in words.subject
    assert "Tu hora:  mar 12 ene 2027" in words.text
    assert "¿Tienes preguntas?" in words.html
    tag = {"es": "es", "ES": "es", "es-MX": "es-MX", "Es-us": "es-US"}[language]
    assert f'lang="{tag}" dir="ltr"' in words.html


@pytest.mark.parametrize("language", ["fr", "ja", "ar", "xx", "pt-BR"])
def test_a_language_that_is_missing_reads_english_to_the_last_date(
    house: House, language: str
) -> None:
    assert house.words("invite", language) == house.words("invite", "en")
    assert 'lang="en" dir="ltr"' in house.words("invite", language).html


def test_english_regions_keep_their_clock(house: House) -> None:
    assert "13:00–14:00" in house.words("invite", "en-GB").text
    assert "1:00–2:00 PM" in house.words("invite", "en").text


def test_a_kind_speaks_a_language_wholly_or_not_at_all(house: House) -> None:
    french(house)
    words = house.words("nudge", "fr-CA")
    assert words.subject == "Votre réponse manque"
    assert "mar 12 janv 2027" in words.text
    assert 'lang="fr-CA"' in words.html
    assert "Questions?" not in words.html
    for name in ("mail/nudge/subject.fr.txt", "mail/nudge/body.fr.html", "mail/_foot.fr.html"):
        path = house.world.directory / "templates" / name
        text = path.read_text()
        path.unlink()
        assert house.words("nudge", "fr") == house.words("nudge", "en"), name
        path.write_text(text)
    assert house.words("nudge", "fr").subject == "Votre réponse manque"
    assert house.words("invite", "fr") == house.words("invite", "en")


def test_right_to_left(house: House) -> None:
    for name in ("subject", "body"):
        house.own(f"mail/cancelled/{name}.ar.txt", "لقاء {{ here.whole }}")
    house.own(
        "mail/cancelled/body.ar.html", (SHIPPED / "mail" / "cancelled" / "body.html").read_text()
    )
    for piece in ("_foot.html", "_choices.html", "_meeting.html", "_why.txt"):
        stem, ending = piece.split(".")
        house.own(f"mail/{stem}.ar.{ending}", (SHIPPED / "mail" / piece).read_text())
    words = house.words("cancelled", "ar")
    assert '<html lang="ar" dir="rtl">' in words.html
    assert "<bdi>Lee Park</bdi>" in words.html


def test_an_own_template_is_used_and_its_edit_too(house: House) -> None:
    usual = house.words("invite")
    path = house.own("mail/invite/subject.txt", "Come and meet {{ other.name }}")
    assert house.words("invite").subject == "Come and meet Lee Park"
    assert house.words("invite").text == usual.text
    assert house.words("invite", "es").subject.startswith("Propuesta")
    path.write_text("Meet {{ other.name }}")
    os.utime(path, (1, 1))
    assert house.words("invite").subject == "Meet Lee Park"
    path.unlink()
    assert house.words("invite") == usual
    assert house.faults() == []


def test_own_pieces_and_previews(house: House, tmp_path: Path) -> None:
    house.own("mail/_foot.html", "Call <b>1234</b>.")
    house.own("mail/_foot.es.html", "Llama al <b>1234</b>.")
    assert "Call <b>1234</b>." in house.words("summary").html
    assert "Llama al <b>1234</b>." in house.words("summary", "es").html
    preview(house.roster, at=NOW, template="nudge", to="", out=tmp_path / "out")
    assert "Call <b>1234</b>." in (tmp_path / "out" / "nudge.html").read_text()
    assert house.faults() == []


LOOP = "{% for a in 'x' * 3 %}{% endfor %}"
NEST = "{% set l = [" + "0," * 400 + "] %}" + "{% for a in l %}" * 3 + "{% endfor %}" * 3
CALLS = "{% macro a() %}{{ a() }}{{ a() }}{% endmacro %}{{ a() }}"
SELF = '{% include "mail/invite/body.txt" %}'
BREAKAGES = [
    ("mail/invite/body.txt", "a\n{% if %}", 2, "Expected an expression"),
    ("mail/invite/body.es.html", "{{ n.meting.uid }}", 1, 'no value "n.meting"; did you mean'),
    ("mail/invite/body.txt", "\n\n{{ otter.name }}", 3, 'no value "otter"; did you mean "other"'),
    ("mail/invite/body.txt", "{{ n.reader.nme }}", 1, "has no attribute 'nme'"),
    ("mail/invite/body.txt", "{{ n.reader.name|shout }}", 1, "No filter named 'shout'"),
    ("mail/invite/body.html", "{{ n.reader.name|safe }}", 1, "No filter named 'safe'"),
    ("mail/invite/body.html", "{% autoescape false %}{% endautoescape %}", 1, "autoescape"),
    ("mail/invite/body.txt", "{{ n.reader.__class__.__mro__ }}", 1, "unsafe"),
    ("mail/invite/body.txt", "{{ mailto.__call__.__globals__ }}", 1, "unsafe"),
    ("mail/invite/body.txt", "{{ n.reader.name.format(0) }}{{ ''.__class__ }}", 1, "unsafe"),
    ("mail/invite/body.txt", "{% include '/etc/passwd' %}", 1, "no template /etc/passwd"),
    ("mail/invite/body.txt", "{% include '../overlap.toml' %}", 1, "no template ../overlap.toml"),
    ("mail/invite/body.txt", "{% for i in range(9) %}{% endfor %}", 1, 'no value "range"'),
    ("mail/invite/body.txt", "{{ n.key.ljust(10 ** 9) }}", 1, "not allowed"),
    ("mail/invite/body.txt", "{{ n.key.ljust(999999999) }}", 1, "unsafe"),
    ("mail/invite/body.txt", LOOP, 1, "* is for whole numbers"),
    ("mail/invite/body.txt", NEST, 1, "no end"),
    ("mail/invite/body.txt", CALLS, 1, "no end"),
    ("mail/invite/body.txt", SELF + SELF, 1, "no end"),
    ("mail/_why.txt", "{% macro wy(reason) %}{% endmacro %}", 1, "why"),
    ("mail/invite/bdy.txt", "", 1, 'did you mean "mail/invite/body.txt"'),
    ("mail/invitation/body.es.txt", "", 1, "there is no template"),
    ("web/connect.html", "{{ person.name }}{{ persn }}", 1, 'did you mean "person"'),
    ("web/agenda.es.html", "{% block body %}", 1, "endblock"),
    ("mail/invite/body.txt", "x" * 70_000, 1, "larger than 64 KB"),
    ("mail/invite/body.txt", "{{ " + "9" * 5000 + " }}", 1, "can't be rendered (ValueError)"),
    ("mail/invite/body.txt", "{% include 'a\\0\\n' %}", 1, "there is no template a;"),
]


LONG = "a" * 30_000
DOUBLED = "{% set ns = namespace(a='abcdefgh') %}{% for i in '123456789012345678901234567890' %}"
BOMBS = [
    ("{{ 'a'*800000000 }}", "* is for whole numbers"),
    (f"{DOUBLED}{{% set ns.a = ns.a ~ ns.a %}}{{% endfor %}}{{{{ ns.a }}}}", "too large"),
    (f"{DOUBLED}{{% set ns.a = ns.a + ns.a %}}{{% endfor %}}{{{{ ns.a }}}}", "too large"),
    (
        f"{DOUBLED}{{% set ns.a %}}{{{{ ns.a }}}}{{{{ ns.a }}}}{{% endset %}}{{% endfor %}}",
        "too large",
    ),
    ("{{ '{:>800000000}'.format('a') }}", "too large"),
    (f"{{{{ '{LONG}'.replace('a', '{LONG}') }}}}", "too large"),
    (f"{{{{ '{LONG}'|replace('a', '{LONG}') }}}}", "too large"),
    (f"{{% for i in '{LONG}' %}}{LONG}{{% endfor %}}", "too large"),
    (f"{{% for i in '{LONG[:2000]}' %}}{LONG[:2000]}{{% endfor %}}", "more than a megabyte"),
    (
        "{% set ns = namespace(a=99999) %}{% for i in 'abcdefghijklmnopqrstuvwxyz' %}"
        "{% set ns.a = ns.a * ns.a %}{% endfor %}{{ ns.a }}",
        "a number is too large",
    ),
    ("{{ " + "(" * 20_000 + "1" + ")" * 20_000 + " }}", "no end"),
    ("{{ ('a ' * 1)|length }}{{ '" + "9" * 60_000 + "'|int }}", "* is for whole numbers"),
]


@pytest.mark.parametrize(("text", "message"), BOMBS)
def test_a_template_that_takes_too_much_harms_nobody(house: House, text: str, message: str) -> None:
    usual = house.words("invite")
    house.own("mail/invite/body.txt", text)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (fault,) = house.faults()
    assert fault.startswith("mail/invite/body.txt:1: "), fault
    assert message in fault
    assert house.words("invite") == usual
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KB, in here


SLOW = f"{{% set l = '{LONG}'|list %}}{{% for i in '{LONG}' %}}{{% set m = l|sort %}}{{% endfor %}}"


def test_a_template_that_is_slow_is_ended_and_not_tried_again(house: House) -> None:
    usual = house.words("invite")
    house.own("mail/invite/body.txt", SLOW)
    with capture_logs() as logs:
        assert house.words("invite") == usual
        started = time.monotonic()
        assert house.words("invite") == usual
    assert time.monotonic() - started < 3
    assert [log["reason"] for log in logs] == [
        "a template that uses it fails: it takes more time or memory than one may"
    ]
    house.own("mail/invite/body.txt", "Short")
    assert house.words("invite").text == "Short\n"


@pytest.mark.parametrize(("name", "text", "line", "message"), BREAKAGES)
def test_a_broken_template_is_refused_and_the_shipped_one_used(
    house: House, name: str, text: str, line: int, message: str
) -> None:
    usual = {language: house.words("invite", language) for language in ("en", "es")}
    house.own(name, text)
    (fault,) = house.faults()
    assert fault.startswith(f"{name}:{line}: "), fault
    assert message in fault
    assert "; " in fault
    assert {language: house.words("invite", language) for language in ("en", "es")} == usual


def test_a_broken_template_beside_a_language_that_is_half_there(house: House) -> None:
    usual = house.words("invite", "fr")
    house.own("mail/invite/subject.txt", "{{ n.nothing }}")
    house.own("mail/invite/subject.fr.txt", "Bonjour")
    assert house.words("invite", "fr") == usual


def test_our_own_templates_pass_as_a_coordinators(house: House) -> None:
    for name, source in shipped().sources.items():
        house.own(name, source.text)
    assert house.faults() == []


def test_blocks_and_macros_may_be_used_as_usual(house: House) -> None:
    house.own(
        "mail/invite/body.html",
        '{% extends "mail/_layout.html" %}'
        + "{% macro line() %}{{ caller() }}{{ varargs|length }}{% endmacro %}"
        + "{% block foot %}{{ super() }} {% call line(1) %}<b>{{ other.name }}</b>{% endcall %}"
        + "{% for a in n.meeting.unseen %}{{ loop.index }}{% endfor %}{{ self.title() }}"
        + "{% set ns = namespace(x=1) %}{% set ns.x = ns.x + 1 %}{{ ns.x }}{% endblock %}",
    )
    assert house.faults() == []
    assert "the coordinator</a>. <b>Lee Park</b>1" in house.words("invite").html


def test_bytes_that_are_no_text_and_ways_out_of_the_folder(house: House, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    house.own("mail/invite/body.txt", "").unlink()
    folder = house.world.directory / "templates" / "mail"
    (folder / "invite" / "body.txt").symlink_to(secret)
    (folder / "invite" / "subject.txt").write_bytes(b"\xff\xfe\x00")
    (folder / "nudge").symlink_to(SHIPPED / "mail" / "nudge")
    assert house.faults() == [
        "mail/invite/body.txt:1: this is a link that leads out of the folder; "
        "put the file itself there",
        "mail/invite/subject.txt:1: the template is not in UTF-8; save it as UTF-8",
        "mail/nudge:1: this is a link that leads out of the folder; put the file itself there",
    ]
    assert "secret" not in house.words("invite").text


def test_editors_copies_are_passed_over(house: House) -> None:
    house.own("mail/invite/.body.txt.swp", "x")
    house.own("mail/invite/body.txt~", "x")
    assert house.faults() == []


def test_an_invite_goes_out_whatever_the_coordinator_wrote(house: House) -> None:
    house.world.write(people=PEOPLE)
    path = house.own("mail/invite/body.txt", "{{ n.nothing }}")
    structlog.reset_defaults()
    with capture_logs() as logs:
        house.world.step(NOW)
        house.world.step(NOW + timedelta(minutes=1))
    refused = [log for log in logs if log["event"] == "template_refused"]
    assert [(log["file"], log["line"]) for log in refused] == [(str(path), 1)]
    assert "nothing" in refused[0]["reason"]
    invites = [m for m in to(house.world.sent(), DANA) if "Proposed" in m["Subject"]]
    assert len(invites) == 1


def test_text_from_a_text_piece_is_escaped_in_html(house: House) -> None:
    house.own("mail/_why.txt", "{% macro why(reason) %}<b>{{ reason }}</b>{% endmacro %}")
    house.own(
        "mail/cancelled/body.html",
        '{% from "mail/_why.txt" import why %}{{ why(n.reader.name) }}{{ n.meeting.mentor.name }}',
    )
    roster = house.roster
    notice = house.notice("cancelled")
    assert isinstance(notice, MeetingNotice)
    hostile = replace(notice, reader=replace(notice.reader, name="<script>"))
    html = render(hostile, roster.programme, templates_of(roster)).html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_the_doc_names_what_each_kind_gives() -> None:
    assert template_table.written() == template_table.table(), "run python -m tests.template_table"
    doc = template_table.DOC.read_text("utf-8")
    for name in OWN_FILTERS:
        assert f"`{name}" in doc, name
    for field in (*MeetingFacts.__dataclass_fields__, *SpokenTime.__dataclass_fields__, "whole"):
        assert f"`{field}`" in doc, field
