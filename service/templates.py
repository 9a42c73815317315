"""The words of mails and pages: templates by language, with a coordinator's own ones before ours.

Twins stand side by side: `body.html` is English, `body.es.html` Spanish. Templates name each other
by the base name. All are rendered in a sandbox, since a coordinator's own ones are somebody else's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TypeVar

import structlog
from jinja2 import Environment, TemplateSyntaxError, meta

from mentoring import wording
from mentoring.roster import Roster
from mentoring.tables import Fault, nearest, quoted
from service.render_apart import Own, Refused, render_apart
from service.sandbox import environment, steps
from service.template_faults import fault_of

log = structlog.get_logger()
T = TypeVar("T")

SHIPPED = Path(__file__).parent.parent / "templates"
FALLBACK = "en"
UNREADABLE = (TemplateSyntaxError, RecursionError, ValueError)
"""What Jinja raises of a text that it can't parse; ValueError for a number of 5,000 digits."""
FRAMES = frozenset({"mail/_layout.html", "web/_page.html"})
"""Templates without a word of their own: they serve every language."""
LARGEST = 64 * 1024
_NAME = re.compile(r"(?P<stem>[^.]+)(?:\.(?P<language>[A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*))?\.(\w+)")


@dataclass(frozen=True)
class Source:
    """One template's text, and the file that it stands in."""

    text: str
    path: Path


@dataclass(frozen=True)
class Edition:
    """Templates in one language. `language` is the one really used: the reader's, or English.

    With templates of a coordinator's own among them all are rendered apart.
    """

    language: str
    text: Environment
    html: Environment
    own: Own = ()

    def of(self, name: str) -> Environment:
        return self.html if name.endswith(".html") else self.text

    def render(self, name: str, context: Mapping[str, object]) -> str:
        """A template by its base name; an .html one escapes all that it shows."""
        if self.own:
            return render_apart(self.own, self.language, name, context)
        with steps():
            return self.of(name).get_template(name).render(context)

    def compile(self, name: str) -> None:
        """Raises what is wrong with a template before it is given anything."""
        render_apart(self.own, self.language, name, None)


@dataclass(frozen=True)
class Templates:
    """One state of the files. `faults` are those of own files that can't be taken at all.

    `_deadly` are mails and pages that took too much once, and are not tried again.
    """

    sources: Mapping[str, Source]
    own: Mapping[str, Path] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    _refused: set[Fault] = field(default_factory=set)
    _deadly: set[tuple[str, ...]] = field(default_factory=set)
    _editions: dict[str, Edition] = field(default_factory=dict)
    _chosen: dict[tuple[str, ...], Edition] = field(default_factory=dict)
    _referred: dict[str, frozenset[str]] = field(default_factory=dict)

    def edition(self, names: Sequence[str], language: str) -> Edition:
        """The reader's language where all of `names`, and what they include, speak it."""
        asked = (language, *names)
        if asked not in self._chosen:
            speaks = all(self._speaks(name, language) for name in names)
            self._chosen[asked] = self.spoken(language if speaks else FALLBACK)
        return self._chosen[asked]

    def render(self, names: Sequence[str], language: str, make: Callable[[Edition], T]) -> T:
        """What `make` makes of `names`; with the shipped templates where an own one fails."""
        edition = self.edition(names, language)
        asked = (edition.language, *names)
        try:
            if asked not in self._deadly:
                return make(edition)
        except Exception as error:
            own = self.own_in(names, edition.language)
            if not own:
                raise
            self.refuse(fault_of(error, own))
            if isinstance(error, Refused) and error.is_fatal:
                self._deadly.add(asked)
        return make(shipped().edition(names, language))

    def own_in(self, names: Sequence[str], language: str) -> dict[str, Path]:
        """The own templates among these and all that they use."""
        files = {
            self.found(each, language) for name in names for each in self._used(name, language)
        }
        return {name: path for name, path in self.own.items() if name in files}

    def refuse(self, fault: Fault) -> None:
        """Log what is wrong with an own template, once for this state of the files."""
        if fault in self._refused:
            return
        self._refused.add(fault)
        log.warning(
            "template_refused",
            file=fault.file,
            line=fault.line,
            reason=fault.message,
            mend=fault.mend,
            used="the shipped one",
        )

    @cached_property
    def _texts(self) -> Own:
        return tuple((n, self.sources[n].text, str(path)) for n, path in self.own.items())

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Every language that some template speaks; English first."""
        return (FALLBACK, *sorted({split_name(name)[1] for name in self.sources} - {"", FALLBACK}))

    @cached_property
    def pages(self) -> tuple[str, ...]:
        """The base names of all pages that partners open; the coordinator's are a folder below."""
        bases = {split_name(name)[0] for name in self.sources}
        return tuple(sorted(base for base in bases if base.rpartition("/")[0] == "web"))

    def found(self, name: str, language: str) -> str | None:
        """The file of a base name: `name.LANG.ext`, else `name.PRIMARY.ext`, else `name.ext`."""
        for wanted in (*_chain(language), ""):
            if (twin := _twin(name, wanted)) in self.sources:
                return twin
        return None

    def _used(self, name: str, language: str) -> frozenset[str]:
        """The base names of a template and of all that it extends, imports and includes."""
        known: set[str] = set()
        waiting = [name]
        while waiting:
            if (each := waiting.pop()) not in known:
                known.add(each)
                file = self.found(each, language)
                waiting += self._references(file) if file else ()
        return frozenset(known)

    def _references(self, file: str) -> frozenset[str]:
        """The base names to which a file refers."""
        if file not in self._referred:
            named: set[str | None] = set()
            with suppress(*UNREADABLE):  # told, with its line, when it is rendered
                parsed = self.spoken(FALLBACK).text.parse(self.sources[file].text)
                named.update(meta.find_referenced_templates(parsed))
            self._referred[file] = frozenset(filter(None, named))
        return self._referred[file]

    def _speaks(self, name: str, language: str) -> bool:
        chain = _chain(language)
        if chain[-1] == FALLBACK:
            return True
        return all(
            any(_twin(each, wanted) in self.sources for wanted in chain)
            for each in self._used(name, language) - FRAMES
        )

    def spoken(self, language: str) -> Edition:
        """The edition of a language, where it is missing a template with the English one."""
        if language not in self._editions:
            text, html = (
                environment(self._load(language), autoescape=escaped) for escaped in (False, True)
            )
            for words in (text, html):
                words.globals.update(lang=wording.tag(language), dir=wording.direction(language))
            self._editions[language] = Edition(wording.tag(language), text, html, self._texts)
        return self._editions[language]

    def _load(self, language: str) -> Callable[[str], tuple[str, str, Callable[[], bool]] | None]:
        def load(name: str) -> tuple[str, str, Callable[[], bool]] | None:
            found = self.found(name, language)
            if found is None:
                return None
            source = self.sources[found]
            return source.text, str(source.path), lambda: True

        return load


def templates_of(roster: Roster) -> Templates:
    """The templates as they are now. Own ones that can't be taken are logged once a change."""
    templates = written_for(roster)
    for fault in templates.faults:
        templates.refuse(fault)
    return templates


def written_for(roster: Roster) -> Templates:
    """The coordinator's own templates over the shipped ones; read anew where a file changed."""
    folder = Path(roster.settings.templates or os.devnull)
    return _read(folder, tuple(_signature(folder))) if folder.is_dir() else shipped()


@lru_cache(maxsize=1)
def shipped() -> Templates:
    files = ((path, path.relative_to(SHIPPED).as_posix()) for path in _files(SHIPPED))
    return Templates({name: Source(path.read_text("utf-8"), path) for path, name in files})


def _signature(folder: Path) -> Iterator[tuple[str, int, int]]:
    for path in _files(folder):
        try:
            state = path.stat()
        except OSError:  # gone meanwhile, or a link to nowhere
            yield str(path), 0, 0
        else:
            yield str(path), state.st_mtime_ns, state.st_size


@lru_cache(maxsize=4)
def _read(folder: Path, signature: tuple[tuple[str, int, int], ...]) -> Templates:
    sources = dict(shipped().sources)
    own: dict[str, Path] = {}
    faults = []
    for path in (Path(text) for text, _, _ in signature):
        name = path.relative_to(folder).as_posix()
        taken = _taken(folder, path, name)
        if isinstance(taken, Fault):
            faults.append(taken)
            continue
        base, language = split_name(name)
        known = _twin(base, language)
        sources[known], own[known] = Source(taken, path), path
    return Templates(sources, own, tuple(faults))


def _taken(folder: Path, path: Path, name: str) -> str | Fault:
    """An own file's text, or why it can't be taken."""

    def fault(message: str, mend: str) -> Fault:
        return Fault(str(path), 1, message, mend)

    bases = sorted({split_name(each)[0] for each in shipped().sources})
    base, _ = split_name(name)
    try:
        if not path.resolve(strict=True).is_relative_to(folder.resolve()):
            return fault("this is a link that leads out of the folder", "put the file itself there")
        if base not in bases:
            return fault(f"there is no template {quoted(base)}", _nearest(base, bases))
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
        if len(raw) > LARGEST:
            return fault("the template is larger than 64 KB", "shorten it")
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        mend = "make it readable for the service's user"
        return fault(f"the template can't be read ({error.strerror})", mend)
    except UnicodeDecodeError:
        return fault("the template is not in UTF-8", "save it as UTF-8")


def _nearest(base: str, bases: Sequence[str]) -> str:
    mend = nearest(base, bases)
    return mend if mend.startswith("did you mean") else "docs/templates.md lists the names"


def _files(folder: Path) -> list[Path]:
    """Every file below a folder, and links to folders, but no hidden ones and editors' copies."""
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        links = [name for name in folders if (Path(root) / name).is_symlink()]
        found += [Path(root) / name for name in (*names, *links) if not _passed_over(name)]
    return sorted(found)


def _passed_over(name: str) -> bool:
    return name.startswith(".") or name.endswith("~")


def split_name(name: str) -> tuple[str, str]:
    """Base name, and language in lower case or none: `a/body.es.html` → `a/body.html`, `es`."""
    folder, slash, file = name.rpartition("/")
    match = _NAME.fullmatch(file)
    if match is None or not match["language"]:
        return name, ""
    return f"{folder}{slash}{match['stem']}.{match[3]}", match["language"].lower()


def _twin(base: str, language: str) -> str:
    if not language:
        return base
    stem, dot, ending = base.rpartition(".")
    return f"{stem}.{language}{dot}{ending}"


def _chain(language: str) -> tuple[str, ...]:
    """`es-MX` → es-mx, es."""
    wanted = language.lower()
    primary = wanted.partition("-")[0]
    return (wanted, primary) if wanted != primary else (primary,)
