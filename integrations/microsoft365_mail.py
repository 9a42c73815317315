"""Mail out and replies in by Microsoft 365.

A letter becomes a draft from its MIME first, so that the service names the Message-ID it will go
out under before it leaves (https://learn.microsoft.com/graph/outlook-send-mime-message).
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import structlog

from integrations.microsoft365 import (
    LATER,
    PREFER,
    GraphError,
    Mailbox,
    NoAnswer,
    Permission,
    address_of,
    understood,
)
from integrations.microsoft365_changes import stamp
from integrations.ports import (
    GARBLED,
    Access,
    Batch,
    Letter,
    LetterRefused,
    LetterWithdrawn,
    OutcomeUnknown,
    ProviderError,
    Received,
)

log = structlog.get_logger()

DRAFT = Permission(("Mail.ReadWrite",))
SEND = Permission(("Mail.Send",))
READ = Permission(("Mail.Read", "Mail.ReadWrite"))
_BAD_LETTER = frozenset({"ErrorInvalidRecipients", "ErrorMessageSizeExceeded"})
_LARGEST = 10 * 1024 * 1024
_BATCH = 100
_LOOK_BACK = timedelta(days=30)
_EVERY = 20.0
_UNCLEAR = frozenset({502, 504})  # a gateway lost the answer
_OVER = frozenset({400, 410})


@dataclass(frozen=True)
class Microsoft365Mailer:
    mailbox: Mailbox

    @property
    def lag(self) -> timedelta:
        return timedelta(minutes=1)

    def deliver(self, letter: Letter, point_of_no_return: Callable[[], None]) -> None:
        known = self._called(letter.message_id)
        if any(not message["isDraft"] for message in known):
            point_of_no_return()  # it went out before, unnoticed
            return
        for left in known:  # by a pass that was cut short
            self._discard(left)
        draft = self._draft(letter)
        try:
            point_of_no_return()
        except LetterWithdrawn:
            self._discard(draft)
            raise
        try:
            self.mailbox.send("POST", f"{self._at(draft)}/send", SEND, content=b"", expected=202)
        except (NoAnswer, *GARBLED) as error:
            raise self._unknown(letter) from error
        except GraphError as error:
            if error.status in _UNCLEAR:
                raise self._unknown(letter) from error
            self._discard(draft)
            if error.code in _BAD_LETTER:
                raise LetterRefused(error.message, mend="check the address") from error
            raise

    def delivered(self, message_id: str) -> bool | None:
        return any(not message["isDraft"] for message in self._called(message_id))

    def check(self) -> None:
        self._called("<nothing@overlap.invalid>")
        self.mailbox.require("PATCH", "/messages/nothing", DRAFT)
        self.mailbox.require("POST", "/messages/nothing/send", SEND)

    @understood
    def _draft(self, letter: Letter) -> dict[str, Any]:
        """The letter as a draft that can be found again under its own Message-ID."""
        url = self.mailbox.url("/messages")
        draft = self._message(self.mailbox.post(url, DRAFT, base64.b64encode(letter.raw)))
        try:
            self._name(draft, letter)
        except ProviderError:
            self._discard(draft)
            raise
        return draft

    def _name(self, draft: dict[str, Any], letter: Letter) -> None:
        if draft.get("internetMessageId") == letter.message_id:
            return
        change = {"internetMessageId": letter.message_id}
        answer = self.mailbox.patch(self._at(draft), DRAFT, change)
        if answer.get("internetMessageId") != letter.message_id:
            raise ProviderError(
                f"{self.mailbox.name} gives mails a Message-ID of its own",
                mend="send by smtps:// instead: a mail could go out twice unnoticed",
            )

    def _discard(self, message: dict[str, Any]) -> None:
        try:
            self.mailbox.delete(self._at(message), DRAFT)
        except ProviderError as error:  # the fault that led here says more
            log.warning("draft_left", mailbox=self.mailbox.address, reason=error.message)

    @understood
    def _called(self, message_id: str) -> list[dict[str, Any]]:
        text = message_id.replace("'", "''")
        params = {
            "$filter": f"internetMessageId eq '{text}'",
            "$select": "id,isDraft,internetMessageId",
        }
        pages = self.mailbox.pages(self.mailbox.url("/messages", params), DRAFT)
        return [self._message(message) for page in pages for message in page["value"]]

    def _message(self, message: Any) -> dict[str, Any]:
        match message:
            case {"id": str(key), "isDraft": bool()} if key.isprintable():
                return dict(message)
        raise ProviderError(f"{self.mailbox.name}: a mail can't be read", mend=LATER)

    def _at(self, message: dict[str, Any]) -> str:
        return self.mailbox.url(f"/messages/{quote(message['id'], safe='')}")

    def _unknown(self, letter: Letter) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"Microsoft 365 gave no answer after taking the mail to {letter.recipient}",
            mend=f"look for it among the sent mails of {self.mailbox.address}",
        )


@dataclass(frozen=True)
class _Cursor:
    """`pending` are messages listed and not yet handed out, as (time, id).

    `newest` is the latest time handed out, with the ids of that time in `last`.
    """

    link: str
    newest: str
    last: tuple[str, ...] = ()
    pending: tuple[tuple[str, str], ...] = ()


class Microsoft365Inbox:
    """An inbox, asked by delta for what was added. `wait` looks every 20 seconds."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self._stop = threading.Event()
        self._link = ""

    @understood
    def fetch(self, cursor: str | None) -> Batch:
        known = _parse(cursor)
        pending, link = self._listed(known)
        batch, rest = pending[:_BATCH], pending[_BATCH:]
        self._link = "" if rest else link
        if known and cursor and not pending and link == known.link:
            return Batch((), cursor)
        messages = tuple(m for _, key in batch if (m := self._message(key)))
        before = known or _Cursor("", stamp(datetime.now(UTC) - _LOOK_BACK))
        newest = max([before.newest, *(received for received, _ in batch)])
        last = tuple(key for received, key in batch if received == newest)
        if newest == before.newest:
            last = (*before.last, *last)
        return Batch(messages, json.dumps(asdict(_Cursor(link, newest, last, tuple(rest)))))

    def wait(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while not self._stop.wait(min(_EVERY, max(0.0, until - time.monotonic()))):
            if not self._link or self._arrived():
                return True
            if time.monotonic() >= until:
                return False
        return False

    def stop(self) -> None:
        """Make `wait` return at once, from any thread."""
        self._stop.set()

    @understood
    def check(self) -> None:
        params = {"$select": "id", "$top": "1"}
        self.mailbox.get(self.mailbox.url("/mailFolders/inbox/messages", params), READ)

    def _arrived(self) -> bool:
        round_ = self._round(self._link)
        return round_ is None or bool(round_[0])

    def _listed(self, known: _Cursor | None) -> tuple[list[tuple[str, str]], str]:
        """What is to be handed out, oldest first, and the link for what comes after."""
        if known and known.pending:
            return list(known.pending), known.link
        answer = self._round(known.link) if known else None
        if known and answer and not answer[0]:
            return [], known.link  # it stays good while nothing comes
        if answer is None:
            answer = self._round(self._first(known))
        if answer is None:
            raise ProviderError(f"{self.mailbox.name}: its inbox can't be listed", mend=LATER)
        done = known.last if known else ()
        return [(received, key) for received, key in answer[0] if key not in done], answer[1]

    def _first(self, known: _Cursor | None) -> str:
        """Where to begin: 30 days back, or at the last message where a link has expired."""
        since = known.newest if known else stamp(datetime.now(UTC) - _LOOK_BACK)
        params = {
            "changeType": "created",
            "$select": "receivedDateTime",
            "$filter": f"receivedDateTime ge {since}",
        }
        return self.mailbox.url("/mailFolders/inbox/messages/delta", params)

    def _round(self, url: str) -> tuple[list[tuple[str, str]], str] | None:
        """What was added, as (time, id), and the next link; None for an expired link."""
        added: dict[str, str] = {}
        link = ""
        try:
            for page in self.mailbox.pages(
                self.mailbox.at_home(url), READ, f"{PREFER}, odata.maxpagesize={_BATCH}"
            ):
                for message in page["value"]:
                    if "@removed" not in message:
                        added[str(message["id"])] = str(message["receivedDateTime"])
                link = self.mailbox.at_home(page.get("@odata.deltaLink"))
        except GraphError as error:
            if error.status in _OVER:
                return None
            raise
        except (KeyError, TypeError) as error:
            raise ProviderError(f"{self.mailbox.name}: a mail can't be read", mend=LATER) from error
        if not link:
            raise ProviderError(f"{self.mailbox.name}: its list has no end", mend=LATER)
        # Newest come first; of those that came within a second, the later listed came earlier.
        order = [(received, key) for key, received in reversed(added.items())]
        return sorted(order, key=lambda pair: pair[0]), link

    def _message(self, key: str) -> Received | None:
        """A message of the list; None where it is gone. What is listed and not there is asked for
        once more: passed over, it would never come again."""
        raw = self._raw(key)
        raw = self._raw(key) if raw is None else raw
        if raw is None:  # moved or deleted since it was listed
            return None
        # Nothing, or a page of somebody in between: no mail begins so.
        if raw.lstrip()[:1] in (b"", b"<"):
            raise ProviderError(f"{self.mailbox.name}: a mail can't be read", mend=LATER)
        if len(raw) > _LARGEST:
            log.warning("mail_too_large", bytes=len(raw))
            return None
        return Received(key, raw)

    def _raw(self, key: str) -> bytes | None:
        try:
            return self.mailbox.send(
                "GET", self.mailbox.url(f"/messages/{quote(key, safe='')}/$value"), READ
            )
        except GraphError as error:
            if error.status == 404:
                return None
            raise


def _parse(cursor: str | None) -> _Cursor | None:
    try:
        known = _Cursor(**json.loads(cursor)) if cursor else None
    except (ValueError, TypeError):
        return None
    if known is None:
        return None
    pending = tuple((received, key) for received, key in known.pending)
    return _Cursor(known.link, known.newest, tuple(known.last), pending)


def mailer(url: str, access: Access) -> Microsoft365Mailer:
    return Microsoft365Mailer(Mailbox(address_of(url), access))


def inbox(url: str, access: Access) -> Microsoft365Inbox:
    return Microsoft365Inbox(Mailbox(address_of(url), access))
