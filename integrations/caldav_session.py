"""The HTTP session under the caldav library: pinned to judged addresses, and bounded.

The library reads every answer whole and undoes any compression: both would have no end.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import niquests
from urllib3.contrib.resolver import BaseResolver
from urllib3.contrib.resolver.in_memory import InMemoryResolver

LARGEST = 50 * 1024 * 1024
_LONGEST = 120
_CHUNK = 1 << 16


class Session(niquests.Session):
    """Asks one host, at the addresses that were judged; answers end within size and time."""

    def __init__(self, host: str, addresses: Iterable[str]) -> None:
        # HTTP/3 is found by a header of the answer, which may name another port.
        super().__init__(resolver=_pinned(host, addresses), disable_http3=True)
        self.max_redirects = 0
        self.headers["Accept-Encoding"] = "identity"  # a compressed answer has no bound

    def request(self, *what: Any, **how: Any) -> Any:
        answer: Any = super().request(*what, **{**how, "stream": True})
        try:
            _read(answer)
        finally:
            if not answer._content_consumed:
                answer.close()
        return answer


def _read(answer: Any) -> None:
    """Take in the body, as the library would, but no more of it than it may have."""
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise niquests.exceptions.ContentDecodingError("the answer is compressed")
    content, until = bytearray(), time.monotonic() + _LONGEST
    for chunk in answer.iter_content(_CHUNK):
        content += chunk
        if len(content) > LARGEST or time.monotonic() > until:
            raise niquests.exceptions.ConnectionError("the answer has no end")
    answer._content, answer._content_consumed = bytes(content), True


def _pinned(host: str, addresses: Iterable[str]) -> BaseResolver:
    """A resolver that knows one name, and no addresses of it but those that were judged."""
    resolver = InMemoryResolver()
    for address in addresses:
        resolver.register(host, address)
    return resolver
