"""What Google's answers say, and what is done about those of another shape than expected."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from google.auth.exceptions import RefreshError
from googleapiclient.errors import HttpError

from integrations.ports import ProviderError
from integrations.understood import understood_by, word

LATER = "it is tried again by itself"
PAGES = 200
understood = understood_by(attrgetter("account"))
"""For the methods of a port that speaks as one account."""


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
                return word(detail["reason"])
        return word(details["errors"][0]["reason"])
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return ""


def token_error(error: RefreshError) -> str:
    answer = error.args[1] if len(error.args) > 1 else {}
    return word(answer.get("error", "")) if isinstance(answer, Mapping) else ""
