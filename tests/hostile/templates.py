"""Hostile templates: what a coordinator's own words may hold by a slip, or by somebody's malice."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from mentoring.roster import Roster
from mentoring.roster_files import read_roster
from mentoring.tables import Fault
from service.compose import words
from service.preview import SAMPLES
from service.samples import Sitting
from service.template_faults import fault_of
from service.templates import FALLBACK, written_for
from tests.hostile.case import Case, cases
from tests.world import PAIRS, PEOPLE, SETTINGS, at

TEXT, HTML = "mail/invite/body.txt", "mail/invite/body.html"
CANARY = "canary-in-the-settings"
_NOW = at("2027-01-11 12:00")


@lru_cache(maxsize=1)
def _programme() -> Roster:
    files = {
        "people.csv": PEOPLE,
        "pairs.csv": PAIRS,
        "overlap.toml": SETTINGS.format(agreement=""),
    }
    roster, faults = read_roster({name: text.encode() for name, text in files.items()})
    assert roster is not None, faults
    return roster


def rendered(name: str, text: bytes) -> str | list[Fault]:
    """The invite's words with this file among the coordinator's own, or what is wrong with it."""
    roster = _programme()
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "overlap.toml").write_text(f"# {CANARY}\n")
        path = Path(directory) / "templates" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(text)
        settings = replace(roster.settings, templates=str(Path(directory) / "templates"))
        templates = written_for(replace(roster, settings=settings))
        if templates.faults:
            return _placed(templates.faults, path)
        pair = roster.pairs[0]
        notice = SAMPLES["invite"](Sitting(roster, pair, roster.mentee_of(pair), _NOW))
        try:
            made = words(notice, roster.programme, templates.spoken(FALLBACK))
        except Exception as error:
            return _placed([fault_of(error, templates.own)], path)
    return f"{made.subject}\n{made.text}\n{made.html}"


def _placed(faults: Iterator[Fault] | tuple[Fault, ...] | list[Fault], path: Path) -> list[Fault]:
    found = list(faults)
    for fault in found:
        assert fault.file == str(path), fault
        assert 1 <= fault.line <= 10_000, fault
    return found


_SYNTAX = (
    "{% if %}", "{{", "{%", "{# a", "{% endif %}", "{% for %}{% endfor %}", "{% raw %} a",
    "{{ n. }}", "{{ 'a }}", "{% evil %}", "{% if n %}", "{% endblock %}", "{% block a %}",
    "{{ n n }}", "{{ }}", "{% block a %}{% block a %}{% endblock %}{% endblock %}", "{% set %}",
    "{% do n %}", "{{ a b }}", "{% macro %}", "{% trans %}x{% endtrans %}", "{% debug %}",
    "{% extends %}", "{{ 1.. }}", "{{ % }}", "{% import %}", "{% from 'x' %}",
    "{% call %}{% endcall %}", "{% filter %}{% endfilter %}", "{% break %}", "{% continue %}",
    "{{ {% }} %}", "{{ lambda: 1 }}", "{{ [x for x in n] }}", "{{ n := 1 }}",
    "{{ __import__('os') }}", "{{ import os }}", "{{ `id` }}",
    "{% for a in [1] %}" * 30 + "{% endfor %}" * 30, "{% if 1 %}" * 500 + "{% endif %}" * 500,
    "{{ " + "(" * 5000 + ")" * 5000 + " }}", "{{ " + "[" * 3000 + "]" * 3000 + " }}",
    "{{ " + "not " * 5000 + "n }}", "{{ 1" + " + 1" * 15_000 + " }}",
    "{{ n" + ".a" * 20_000 + " }}", "{{ n" + "|upper" * 9000 + " }}", "{{ " + "9" * 60_000 + " }}",
)  # fmt: skip
_NAMES = (
    "x", "n.x", "config", "request", "loop", "loop.index", "super()", "caller()", "lipsum()",
    "cycler", "joiner", "range(3)", "url_for", "get_flashed_messages()", "self.x()", "n.reader.x",
    "environ", "open('/etc/passwd')", "exec('1')", "eval('1')", "os.system('id')",
    "programme.secret", "settings", "n.reader.name|shout", "n is shouted",
    "n.reader.name|e|unsafe", "n.meeting.x.y", "other.token", "mailto()", "n()", "n[0]",
    "n['reader']['x']", "programme()", "1()", "1 + 'a'", "1 / 0", "1 // 0", "1 % 0", "n + n",
    "n < n", "-n", "'a' * 'b'", "n.reader.name / 2", "[][0]", "{}.x",
)  # fmt: skip
_ESCAPES = (
    "''.__class__", "''.__class__.__mro__[1].__subclasses__()", "()['__class__']",
    "n['__class__']", "()|attr('__class__')", "dict.__base__", "dict.mro()",
    "dict.__subclasses__()", "dict.fromkeys.__self__", "namespace.__init__.__globals__",
    "n.__init__.__globals__", "n.reader.__init__.__globals__.sys", "mailto.__globals__",
    "mailto.__code__", "mailto.__closure__", "mailto.__call__", "''.join.__self__",
    "'{0.__class__}'.format(n)", "'{a.__class__}'.format_map({'a': n})",
    "('{0.__class__}').format(n)", "'{0.__init__.__globals__[sys]}'.format(n)",
    "'%s' % n.__class__", "'a'.encode('rot13')", "[n]|map('attr', '__class__')|list",
    "[n]|sum('__class__')", "[n]|selectattr('__class__')|list|length",
    "[n]|map(attribute='reader.__class__')|first", "[n]|unique(attribute='__class__')|list",
    "[].append(1)", "[1].pop()", "{}.update({1: 2})", "{1: 2}.clear()", "programme.__dict__",
    "n.__dict__", "n.__slots__", "n.__reduce__()", "n.__getstate__()", "(1).__class__",
    "here.__class__", "here.day.__class__.__base__", "self.__init__",
    "self._TemplateReference__context", "self._TemplateReference__context.parent",
    "n.meeting.slot.start.__class__.now()", "n.reader.name.__len__()",
    "dict(__class__=1).__class__", "n.__class__.__doc__", "n|attr('reader')", "''|xmlattr",
    "n|pprint", "n|tojson", "[3]|random", "programme.start.__class__.today()", "n.__replace__()",
    "n.__eq__(n)", "n.__match_args__", "''.__doc__",
)  # fmt: skip
_WAYS_OUT = (
    "/etc/passwd", "../overlap.toml", "../../overlap.toml", "overlap.toml", "people.csv", "", ".",
    "..", "/", "file:///etc/passwd", "https://evil.example/x", "mail/../../overlap.toml",
    "mail/invite/", "mail//x", "mail/invite/body.txt\\0", "C:\\\\x", "mail\\\\invite\\\\body.txt",
    "/proc/self/environ", "~/x", "%00", "mail/invite/body.TXT", "./mail/invite/body.txt",
    "mail/./invite/body.txt", "|id", "$(id)", "{{ n }}",
)  # fmt: skip
_ENDLESS = (
    "{% include '" + TEXT + "' %}", "{% extends '" + TEXT + "' %}",
    "{% import '" + TEXT + "' as a %}{{ a }}", "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
    "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "{% for a in [1] recursive %}{{ loop([1, 1]) }}{{ loop([1, 1]) }}{% endfor %}",
    "{% set l = [" + "0," * 400 + "] %}" + "{% for a in l %}" * 3 + "{% endfor %}" * 3,
    "{% for i in range(10**9) %}{% endfor %}", "{{ 'a' * 10**9 }}", "{{ 'a' * 999999999 }}",
    "{{ [1] * 999999999 }}", "{{ 2 ** 999999999 }}", "{{ 'a'|center(999999999) }}",
    "{{ 'a'.center(999999999) }}", "{{ '%999999999d' % 1 }}", "{{ 'a'.zfill(999999999) }}",
    "{{ 'a'.ljust(999999999) }}", "{{ 'a'|indent(999999999) }}",
    "{{ '\\t'.expandtabs(999999999) }}", "{{ '%999999999d'|format(1) }}",
    "{{ '{:999999999}'.format(1) }}", "{{ '{:{w}}'.format(1, w=999999999) }}",
    "{% set ns = namespace(a=2) %}{% for i in 'a' * 9 %}{% set ns.a = ns.a * ns.a %}{% endfor %}",
    "{{ 'a'.join('b'.join('c'.join('d' * 999))) * 999 }}",
    "{{ [[1, 1]]|batch(999999999, 1)|list }}", "{{ [1]|slice(999999999)|list }}",
)  # fmt: skip
_MARKUP = (
    "{{ n.reader.name|safe }}", "{% autoescape false %}{{ n.reader.name }}{% endautoescape %}",
    "{% filter safe %}x{% endfilter %}", "{{ Markup('<b>') }}", "{{ n.reader.name.__html__() }}",
    "{{ ''|e.__class__ }}", "{% set x %}a{% endset %}{{ x.unescape.__self__.__class__ }}",
    "{% set x %}a{% endset %}{{ x.__class__('<script>') }}",
    "{% set x %}a{% endset %}{{ x.format.__func__ }}",
    "{% set x %}{0.__class__}{% endset %}{{ x.format(n) }}",
)  # fmt: skip
_BYTES: tuple[tuple[str, bytes], ...] = (
    ("no UTF-8", b"\xff\xfe\xfd"), ("Latin-1", "Señor".encode("latin-1")),
    ("UTF-16", "{{ n }}".encode("utf-16")), ("a surrogate", b"\xed\xa0\x80"),
    ("64 KB and one", b"a" * 65_537), ("a cut emoji", b"\xf0\x9f\x98"),
    ("NULs in a tag", b"{{ \x00 }}"), ("a control in a name", b"{{ n\x1b[31m }}"),
    ("a tag in LS", "{{ \u2028 }}".encode()),
)  # fmt: skip
_HARMLESS: Mapping[str, str] = {
    "nothing": "",
    "a tag of none": "{ { n } }",
    "a missing file that may be": "{% include '/etc/passwd' ignore missing %}",
    "one of many that may be": "{% include ['/etc/passwd', '../overlap.toml'] ignore missing %}",
    "a value set by itself": "{% set x = namespace() %}{% set x.__class__ = 1 %}ok",
    "a class of each, which is undefined": "{{ [n]|map(attribute='__class__')|list }}",
    "groups by a class": "{{ [n]|groupby('__class__')|length }}",
    "one sorted by its class": "{{ [n]|sort(attribute='__class__')|length }}",
    "the notice itself": "{{ n.kind }}",
    "a number of many digits as text": "{{ '" + "9" * 60_000 + "'|int }}",
    "tags without end in text": "<" * 50_000,
    "a long word": "{{ n.reader.name|wordwrap(1) }}",
}


def template_cases() -> Iterator[Case]:
    for what, texts in (
        ("syntax", _SYNTAX),
        ("endless", _ENDLESS),
        ("name", tuple(f"{{{{ {name} }}}}" for name in _NAMES)),
        ("escape", tuple(f"{{{{ {name} }}}}" for name in _ESCAPES)),
        ("way out", tuple(f"{{% include '{name}' %}}" for name in _WAYS_OUT)),
        ("way out by extends", tuple(f"{{% extends '{name}' %}}" for name in _WAYS_OUT[:6])),
        ("way out by import", tuple(f"{{% import '{name}' as x %}}" for name in _WAYS_OUT[:6])),
    ):
        yield from cases("template", "refused", _named(what, TEXT, texts))
    yield from cases("template", "refused", _named("markup", HTML, _MARKUP))
    for name, raw in _BYTES:
        yield from cases("template", "refused", [(name, TEXT.encode() + b"\n" + raw)])
    for name, text in _HARMLESS.items():
        yield from cases("template", "read", [(name, f"{TEXT}\n{text}")])
    for name in ("mail/invite/bdy.txt", "overlap.toml", "mail/invite.txt"):
        yield from cases("template", "refused", [(f"called {name}", f"{name}\nx")])


def _named(what: str, file: str, texts: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for number, text in enumerate(texts):
        yield f"{what} {number}: {text[:50]}", f"{file}\n{text}"
