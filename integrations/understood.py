"""Answers of another shape than expected."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from traceback import extract_tb
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import structlog

from integrations.ports import GARBLED, ProviderError

log = structlog.get_logger()

P = ParamSpec("P")
T = TypeVar("T")
Own = TypeVar("Own")
_LONGEST = 80


class Speaks(Protocol):
    """Who speaks with a provider, and can say that its answer makes no sense."""

    def garbled(self) -> ProviderError: ...


def understood_by(
    speaker: Callable[[Any], Speaks],
) -> Callable[[Callable[Concatenate[Own, P], T]], Callable[Concatenate[Own, P], T]]:
    """For a port's methods: an answer of another shape than expected is a ProviderError."""

    def decorate(method: Callable[Concatenate[Own, P], T]) -> Callable[Concatenate[Own, P], T]:
        @wraps(method)
        def read(own: Own, /, *args: P.args, **how: P.kwargs) -> T:
            try:
                return method(own, *args, **how)
            except GARBLED as error:
                place = extract_tb(error.__traceback__)[-1]  # it may be a slip of ours as well
                where = f"{Path(place.filename).name}:{place.lineno}"
                log.warning("answer_not_understood", error=type(error).__name__, where=where)
                raise speaker(own).garbled() from error

        return read

    return decorate


def word(said: object) -> str:
    """A provider's name for a fault, as far as a message or a log can bear it."""
    return "".join(c for c in str(said) if c.isalnum() or c in "_.")[:_LONGEST]
