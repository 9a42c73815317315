"""HTTP clients whose every exchange ends: a byte a second is as good as no answer.

httpx bounds each read alone. Here what a request may take is bounded as a whole, from the first
byte of it to the last one of its answer.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpcore
import httpx

from integrations import tls
from integrations.ports import Access

LONGEST = 120.0
"""Seconds for a request and its whole answer."""
_LARGEST = 1 << 20  # bytes
_LONGEST_WAIT = 86_400.0  # seconds


class _Stream(httpcore.NetworkStream):
    """A connection on which an answer must come within `LONGEST` of its request's last write."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._until = time.monotonic() + LONGEST

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the answer has no end")
        return self._stream.read(max_bytes, min(left, LONGEST if timeout is None else timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)
        self._until = time.monotonic() + LONGEST

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    """The usual network, its connections bounded."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(super().connect_tcp(host, port, timeout, local_address, socket_options))


def http_client(
    access: Access,
    timeout: float | httpx.Timeout,
    *,
    limits: httpx.Limits | None = None,
    **how: Any,
) -> httpx.Client:
    """A client that trusts what the coordinator trusts; `timeout` in seconds is for each read."""
    transport = httpx.HTTPTransport(verify=tls.context(access), limits=limits or httpx.Limits())
    transport._pool._network_backend = _Backend()  # there is no public way
    return httpx.Client(transport=transport, timeout=timeout, **how)


def asked(client: httpx.Client, method: str, url: str, **how: Any) -> httpx.Response:
    """The answer, read to its end: uncompressed, since a compressed one has no bound, and of a
    megabyte at most. Raises httpx.HTTPError."""
    headers = {**(how.pop("headers", None) or {}), "Accept-Encoding": "identity"}
    content = b""
    with client.stream(method, url, headers=headers, **how) as answer:
        for chunk in answer.iter_raw():
            content += chunk
            if len(content) > _LARGEST:
                raise httpx.DecodingError("the answer has no end")
    kept = {n: answer.headers[n] for n in ("content-type", "retry-after") if n in answer.headers}
    return httpx.Response(answer.status_code, headers=kept, content=content)


def retry_after(value: str) -> float | None:
    """Seconds that a Retry-After header asks for, RFC 9110 section 10.2.3; None for no time."""
    if value.isascii() and value.isdigit():
        return min(float(value), _LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (at - datetime.now(UTC)).total_seconds()) if at.tzinfo else None
