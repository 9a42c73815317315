"""What Google's answers say, and what is done about those of another shape than expected."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from google.auth.exceptions import RefreshError
from googleapiclient.errors import HttpError

from integrations.ports import GARBLED, ProviderError

LATER = "it is tried again by itself"
PAGES = 200


class _Account(Protocol):
    def garbled(self) -> ProviderError: ...


class _Asks(Protocol):
    """A port that speaks as one account."""

    @property
    def account(self) -> _Account: ...


P = ParamSpec("P")
T = TypeVar("T")
_Asking = TypeVar("_Asking", bound=_Asks)


def understood(
    method: Callable[Concatenate[_Asking, P], T],
) -> Callable[Concatenate[_Asking, P], T]:
    """A port's method in which an answer of another shape than expected is a ProviderError."""

    @wraps(method)
    def read(own: _Asking, /, *args: P.args, **how: P.kwargs) -> T:
        try:
            return method(own, *args, **how)
        except GARBLED as error:
            raise own.account.garbled() from error

    return read


def pages(ask: Callable[[str | None], Any], name: str) -> list[Any]:
    """All pages of a list; a server that goes in circles is a fault."""
    seen: set[str] = set()
    answers, token = [], None
    while True:
        answer = ask(token)
        answers.append(answer)
        token = answer.get("nextPageToken")
        if not token:
            return answers
        if token in seen or len(answers) >= PAGES:
            raise ProviderError(f"{name}: Google's list goes in circles", mend=LATER)
        seen.add(token)


def reason_of(error: HttpError) -> str:
    """Google's word for what is wrong; never its message, which may hold content."""
    try:
        details = json.loads(error.content)["error"]
        for detail in details.get("details", ()):
            if detail.get("reason"):
                return str(detail["reason"])
        return str(details["errors"][0]["reason"])
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return ""


def token_error(error: RefreshError) -> str:
    answer = error.args[1] if len(error.args) > 1 else {}
    return str(answer.get("error", "")) if isinstance(answer, Mapping) else ""
