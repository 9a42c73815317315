"""What is wrong with a coordinator's own template, by file and line."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path

from jinja2 import TemplateError, TemplateNotFound, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError

from mentoring.tables import Fault

_HINT = "docs/templates.md lists the values and filters"


def fault_of(error: Exception, own: Mapping[str, Path]) -> Fault:
    """The own template at fault. Where none is on the way, those that were used may be it."""
    paths = {str(path) for path in own.values()}
    if isinstance(error, TemplateSyntaxError) and error.filename:
        return Fault(error.filename, error.lineno, _what(error), "correct it")
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in paths]
    if frames:
        return Fault(frames[-1].filename, frames[-1].lineno or 1, _what(error), _mend(error))
    return Fault(
        min(paths),
        1,
        f"a template that uses it fails: {_what(error)}",
        "keep each macro and block that the shipped one has",
    )


def _what(error: Exception) -> str:
    """The reason; never the text of an error that may hold what a template was given."""
    if isinstance(error, TemplateNotFound):
        return f"there is no template {error.name}"
    if isinstance(error, RecursionError):
        return "it does too much: a loop or a call of itself has no end"
    if isinstance(error, TemplateError):
        return (error.message or type(error).__name__).rstrip(".")
    return f"it can't be rendered ({type(error).__name__})"


def _mend(error: Exception) -> str:
    if isinstance(error, SecurityError):
        return "leave that out: templates only show what they are given"
    if isinstance(error, UndefinedError | TemplateNotFound):
        return _HINT
    return "compare it with the shipped template"
