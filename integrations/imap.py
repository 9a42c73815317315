"""Replies in by IMAP (RFC 9051), woken by IDLE (RFC 2177): `imaps://user@host/FOLDER`."""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import structlog
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from integrations import secrets, tls
from integrations.ports import Access, Batch, ProviderError, Received

log = structlog.get_logger()
T = TypeVar("T")

LARGEST = 10 * 1024 * 1024
_BATCH = 100
_LOOK_BACK = timedelta(days=30)
_TIMEOUT = 20
_SLICE = 1.0
_LATER = "it is tried again by itself"


class ImapInbox:
    """An inbox over one connection, kept between calls. `fetch` and `wait` share one thread.

    `called` is its name in overlap.toml and in messages.
    """

    def __init__(self, url: str, access: Access, called: str = "inbox") -> None:
        self._url = urlsplit(url)
        self._access = access
        self._called = called
        self._client: IMAPClient | None = None
        self._validity = 0
        self._next = 1
        self._stop = threading.Event()

    @property
    def folder(self) -> str:
        return unquote(self._url.path.strip("/")) or "INBOX"

    def fetch(self, cursor: str | None) -> Batch:
        return self._guarded(lambda client: self._fetch(client, cursor))

    def wait(self, seconds: float) -> bool:
        return self._guarded(lambda client: self._wait(client, seconds))

    def check(self) -> None:
        self._guarded(lambda client: client.noop())

    def holds(self, message_id: str) -> bool:
        """Whether a message with this Message-ID is in the folder; the connection is closed."""
        wanted = ["HEADER", "Message-ID", message_id]
        try:
            return self._guarded(lambda client: bool(client.search(wanted)))
        finally:
            self._drop()

    def stop(self) -> None:
        """Make `wait` return within a second, from any thread."""
        self._stop.set()

    def _fetch(self, client: IMAPClient, cursor: str | None) -> Batch:
        validity, last = _parse(cursor)
        client.noop()
        if validity == self._validity:
            found = [uid for uid in client.search(["UID", f"{last + 1}:*"]) if uid > last]
        else:
            since = (datetime.now(UTC) - _LOOK_BACK).date()
            found, last = client.search(["SINCE", since]), self._next - 1
        uids = sorted(found)[:_BATCH]
        messages = tuple(m for uid in uids if (m := self._message(client, uid)))
        newest = uids[-1] if uids else last  # older mail stays behind it
        return Batch(messages, f"{self._validity}:{newest}")

    def _message(self, client: IMAPClient, uid: int) -> Received | None:
        size = client.fetch([uid], ["RFC822.SIZE"]).get(uid, {}).get(b"RFC822.SIZE", 0)
        if size > LARGEST:
            log.warning("mail_too_large", uid=uid, bytes=size)
            return None
        content = client.fetch([uid], ["BODY.PEEK[]"]).get(uid, {}).get(b"BODY[]")
        return Received(f"{self._validity}:{uid}", content) if content else None

    def _wait(self, client: IMAPClient, seconds: float) -> bool:
        if not client.has_capability("IDLE"):
            self._stop.wait(seconds)
            return False
        if _arrived(client.noop()[1]):  # it came while nobody was waiting
            return True
        until, arrived = time.monotonic() + seconds, False
        while not arrived and time.monotonic() < until and not self._stop.is_set():
            arrived = self._idle(client, until)
        return arrived

    def _idle(self, client: IMAPClient, until: float) -> bool:
        """Idle until the server says anything at all; whether it was that mail has arrived.

        Lines are read by `idle_done` alone, which waits for whole ones: `idle_check` reads without
        blocking, and takes a line of which only the beginning has come for a broken connection.
        """
        client.idle()
        while time.monotonic() < until and not self._stop.is_set():
            if _readable(client.socket(), _SLICE):
                break
        return _arrived(client.idle_done()[1])

    def _guarded(self, call: Callable[[IMAPClient], T]) -> T:
        """Run a call on the connection; after a fault the next call makes a new one."""
        host = self._url.hostname or ""
        try:
            return call(self._connected())
        except ProviderError:
            self._drop()
            raise
        except ssl.SSLCertVerificationError as error:
            self._drop()
            raise ProviderError(
                f"the {self._called} at {host} has no valid certificate ({error.verify_message})",
                mend="correct its certificate, or name your own CA in [tls] ca",
            ) from error
        except (OSError, UnicodeError, IMAPClientError) as error:
            self._drop()
            raise ProviderError(
                f"the {self._called} at {host} can't be read ({type(error).__name__})", mend=_LATER
            ) from error

    def _connected(self) -> IMAPClient:
        if self._client is None:
            self._client = self._open()
            self._log_in(self._client)
            self._examine(self._client)
        return self._client

    def _open(self) -> IMAPClient:
        encrypted = self._url.scheme == "imaps"
        if not encrypted and not tls.is_loopback(self._url.geturl()):
            raise ProviderError(
                "imap: is unencrypted and serves this machine only",
                mend="use imaps://",
                permanent=True,
            )
        return IMAPClient(
            self._url.hostname,
            port=self._url.port or (993 if encrypted else 143),
            ssl=encrypted,
            ssl_context=tls.context(self._access) if encrypted else None,
            timeout=_TIMEOUT,
        )

    def _log_in(self, client: IMAPClient) -> None:
        user = unquote(self._url.username or "")
        options = self._access.options
        reference = options.get(f"{self._called}_password") or options.get("password")
        if not isinstance(reference, str):
            raise ProviderError(
                f"the {self._called} account {user} has no password",
                mend=f"set [mail] {self._called}_password",
                permanent=True,
            )
        try:
            client.login(user, secrets.resolve(reference, self._access.directory))
        except LoginError as error:
            raise ProviderError(
                f"the {self._called} refuses the account {user}",
                mend=f"check [mail] {self._called} and {self._called}_password",
                permanent=True,
            ) from error

    def _examine(self, client: IMAPClient) -> None:
        try:
            answer: dict[bytes, Any] = client.select_folder(self.folder, readonly=True)
        except IMAPClientError as error:
            there = ", ".join(str(name) for _, _, name in client.list_folders())
            raise ProviderError(
                f"the {self._called} has no folder {self.folder}",
                mend=f"use one of: {there}",
                permanent=True,
            ) from error
        self._validity = int(answer[b"UIDVALIDITY"])
        self._next = int(answer.get(b"UIDNEXT", 1))

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client:
            try:
                client.shutdown()
            except OSError:
                log.debug("inbox_connection_gone")


def _parse(cursor: str | None) -> tuple[int, int]:
    validity, _, last = (cursor or "0:0").partition(":")
    return int(validity), int(last)


def _readable(sock: socket.socket, seconds: float) -> bool:
    """Whether something comes within so many seconds; what TLS has already taken in counts."""
    if isinstance(sock, ssl.SSLSocket) and sock.pending():
        return True
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _arrived(answers: list[tuple[Any, ...]]) -> bool:
    return any(len(answer) > 1 and answer[1] in (b"EXISTS", b"RECENT") for answer in answers)


def inbox(url: str, access: Access) -> ImapInbox:
    return ImapInbox(url, access)


def archive(url: str, access: Access) -> ImapInbox:
    """The mailbox that gets a copy of every letter: what it holds was taken."""
    return ImapInbox(url, access, "archive")
