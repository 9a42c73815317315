"""What is wrong with a coordinator's own template, by file and line."""

from __future__ import annotations

import traceback
from collections.abc import Collection, Mapping
from pathlib import Path

from jinja2 import TemplateError, TemplateNotFound, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError

from mentoring.itip import plain
from mentoring.tables import Fault
from service.render_apart import Refused

_HINT = "docs/templates.md lists the values and filters"
_LONGEST = 300
_ENDLESS = "it does too much: a loop or a call of itself has no end"


def fault_of(error: Exception, own: Mapping[str, Path]) -> Fault:
    """The own template at fault. Where none is on the way, those that were used may be it."""
    found = error.fault if isinstance(error, Refused) else refusal(error, own.values()).fault
    if found.file:
        return found
    return Fault(
        min(str(path) for path in own.values()),
        1,
        f"a template that uses it fails: {found.message}",
        found.mend or "keep each macro and block that the shipped one has",
    )


def refusal(error: Exception, own: Collection[Path]) -> Refused:
    """An error in a rendering as its place, reason and mend; no file where none of ours is it."""
    file, line = _place(error, {str(path) for path in own})
    return Refused(Fault(file, line, _what(error), _mend(error) if file else ""))


def _place(error: Exception, paths: Collection[str]) -> tuple[str, int]:
    if isinstance(error, TemplateSyntaxError) and error.filename:
        return error.filename, error.lineno
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in paths]
    return (frames[-1].filename, frames[-1].lineno or 1) if frames else ("", 1)


def _what(error: Exception) -> str:
    """The reason, on one short line; never the text of an error that may hold what a template was
    given."""
    return plain(_reason(error))[:_LONGEST]


def _reason(error: Exception) -> str:
    if isinstance(error, TemplateNotFound):
        return f"there is no template {error.name}"
    if isinstance(error, RecursionError):
        return _ENDLESS
    if isinstance(error, MemoryError):
        return "it makes a text that is too large"
    if isinstance(error, TemplateError):
        return (error.message or type(error).__name__).rstrip(".")
    return f"it can't be rendered ({type(error).__name__})"


def _mend(error: Exception) -> str:
    if isinstance(error, TemplateSyntaxError):
        return "correct it"
    if isinstance(error, SecurityError | MemoryError):
        return "leave that out: templates only show what they are given"
    if isinstance(error, UndefinedError | TemplateNotFound):
        return _HINT
    return "compare it with the shipped template"
