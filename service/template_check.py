"""A coordinator's own templates, tried out before anybody is written to: part of `check`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import product
from pathlib import Path

from jinja2 import meta, nodes

from mentoring.notices import Notice
from mentoring.roster import Roster
from mentoring.tables import Fault, nearest, quoted
from service.compose import context, files_of, words
from service.preview import SAMPLES
from service.samples import Sitting
from service.sandbox import for_reading
from service.template_faults import fault_of
from service.templates import FALLBACK, Templates, shipped, split_name, written_for

PAGE_VALUES = frozenset({"programme", "person", "form"})
GLOBALS = frozenset({"lang", "dir", "dict", "namespace"})


def template_faults(roster: Roster, at: datetime) -> tuple[Fault, ...]:
    """What is wrong with the own templates, found by rendering a sample of each kind of mail."""
    templates = written_for(roster)
    faults = set(templates.faults)
    if templates.own:
        samples = _samples(roster, at)
        faults |= set(_malformed(templates))
        sound = _without(templates.own, faults)
        faults |= set(_unknown(templates, sound, roster, samples))
        sound = _without(sound, faults)
        failing = {fault.file: fault for fault in _unrendered(templates, roster, samples)}
        faults |= {failing[file] for file in map(str, sound.values()) if file in failing}
    return tuple(sorted(faults, key=lambda fault: (fault.file, fault.line)))


def _without(own: Mapping[str, Path], faults: Collection[Fault]) -> dict[str, Path]:
    files = {fault.file for fault in faults}
    return {name: path for name, path in own.items() if str(path) not in files}


def _samples(roster: Roster, at: datetime) -> Mapping[str, Notice]:
    if not roster.pairs:
        return {}
    sitting = Sitting(roster, roster.pairs[0], roster.mentee_of(roster.pairs[0]), at)
    return dict(_made(sitting))


def _made(sitting: Sitting) -> Iterator[tuple[str, Notice]]:
    for kind, sample in SAMPLES.items():
        with suppress(ValueError):  # a programme too short for this kind
            yield kind, sample(sitting)


def _malformed(templates: Templates) -> Iterator[Fault]:
    """Own templates that Jinja can't read."""
    edition = templates.spoken(FALLBACK)
    for name, path in templates.own.items():
        try:
            edition.compile(name)
        except Exception as error:
            yield fault_of(error, {name: path})


def _unknown(
    templates: Templates,
    sound: Mapping[str, Path],
    roster: Roster,
    samples: Mapping[str, Notice],
) -> Iterator[Fault]:
    """Names that a template is not given, even where no sample would come by."""
    for name, path in sound.items():
        base = split_name(name)[0]
        room, _, rest = base.partition("/")
        sample = samples.get(rest.partition("/")[0])
        if room == "web":
            given = PAGE_VALUES | {used for used, _ in _names(shipped(), base)}
        elif sample:
            given = frozenset(context(sample, roster.programme, FALLBACK))
            yield from _unknown_fields(templates, name, sample)
        else:
            continue  # a shared piece: what it is given is seen when it is rendered
        for used, line in _names(templates, name):
            if used not in given | GLOBALS:
                yield _no_such(str(path), line, used, given)


def _unknown_fields(templates: Templates, name: str, sample: Notice) -> Iterator[Fault]:
    fields = [field for field in dir(sample) if not field.startswith("_")]
    for node in _tree(templates, name).find_all(nodes.Getattr):
        is_notice = isinstance(node.node, nodes.Name) and node.node.name == "n"
        if is_notice and node.attr not in fields:
            yield _no_such(str(templates.own[name]), node.lineno, f"n.{node.attr}", _of_n(fields))


def _of_n(fields: list[str]) -> list[str]:
    return [f"n.{field}" for field in fields]


def _no_such(file: str, line: int, used: str, given: Collection[str]) -> Fault:
    return Fault(file, line, f"there is no value {quoted(used)}", nearest(used, sorted(given)))


def _names(templates: Templates, name: str) -> Iterator[tuple[str, int]]:
    """The values that a template wants from outside, each with its line."""
    tree = _tree(templates, name)
    wanted = meta.find_undeclared_variables(tree) - set(_defined(tree))
    for node in tree.find_all(nodes.Name):
        if node.ctx == "load" and node.name in wanted:
            yield node.name, node.lineno


def _defined(tree: nodes.Template) -> Iterator[str]:
    """What a template defines outside its blocks, which these may use."""
    for node in tree.body:
        if isinstance(node, nodes.Macro):
            yield node.name
        elif isinstance(node, nodes.Import):
            yield node.target
        elif isinstance(node, nodes.FromImport):
            yield from (name[1] if isinstance(name, tuple) else name for name in node.names)
        elif isinstance(node, nodes.Assign):
            yield from (name.name for name in node.target.find_all(nodes.Name))
            yield getattr(node.target, "name", "")


def _tree(templates: Templates, name: str) -> nodes.Template:
    return for_reading().parse(templates.sources[name].text)


def _unrendered(
    templates: Templates, roster: Roster, samples: Mapping[str, Notice]
) -> Iterator[Fault]:
    for notice, language in product(samples.values(), templates.languages):
        try:
            words(notice, roster.programme, templates.spoken(language))
        except Exception as error:
            if own := templates.own_in(files_of(notice.kind), language):
                yield fault_of(error, own)
