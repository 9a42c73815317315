"""Logs that name nobody: a pseudonym stands in the place of each address.

Whose a pseudonym is says the store, until it is told to forget: `daemon.py audit`.
"""

from __future__ import annotations

import hmac
import logging
import re
import secrets
from collections.abc import Mapping

from structlog.typing import EventDict

_ADDRESS = re.compile(r"[\w.+'-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
_ID = re.compile(r"(?:[\w.-]+-)?[0-9a-f]{12,}@")
"""UIDs and Message-IDs of ours, which look like addresses."""
_STRANGERS = secrets.token_bytes(16)
"""Of this process alone: what strangers write from is told apart in one log, and in no other."""
_called: dict[str, str] = {}


def call_by(pseudonyms: Mapping[str, str]) -> None:
    """From here on the log calls each of these addresses by its pseudonym, and forgets others'."""
    global _called
    _called = dict(pseudonyms)


def unnamed(_logger: object, _name: str, event: EventDict) -> EventDict:
    """The event with a pseudonym in the place of every address."""
    return {key: value if key == "event" else _unnamed(value) for key, value in event.items()}


def _unnamed(value: object) -> object:
    if isinstance(value, str):
        return _ADDRESS.sub(lambda found: _pseudonym(found[0]), value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_unnamed(item) for item in value]
    if isinstance(value, dict):
        return {_unnamed(key): _unnamed(item) for key, item in value.items()}
    if value is None or isinstance(value, int | float):
        return value
    return _unnamed(str(value))


def _pseudonym(text: str) -> str:
    address = text.replace("%40", "@").lower()
    if known := _called.get(address):
        return known
    if _ID.match(address):
        return text
    return f"x-{hmac.new(_STRANGERS, address.encode(), 'sha256').hexdigest()[:8]}"


class UnnamedFormatter(logging.Formatter):
    """What libraries log by the standard library, tracebacks too."""

    def format(self, record: logging.LogRecord) -> str:
        return str(_unnamed(super().format(record)))
