"""Mail by Exchange Web Services, out and in: `exchange:ADDRESS`.

A letter is stored as a draft and then sent, so that a doubt can be settled: what is still a draft
was not sent.
https://learn.microsoft.com/exchange/client-developer/web-service-reference/senditem
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from exchangelib import ExtendedProperty, Message, Q
from exchangelib import errors as ews
from exchangelib.fields import FieldOrder
from exchangelib.folders import Drafts, Inbox, Outbox, SentItems
from exchangelib.items import SAVE_ONLY, SEND_TO_NONE
from exchangelib.properties import ItemId
from exchangelib.services import CreateItem, GetFolder, GetItem, SendItem
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from integrations.exchange import Mailbox, ews_time, fields, mailbox, remove
from integrations.exchange_login import HttpFault
from integrations.ports import (
    Access,
    Batch,
    Letter,
    LetterRefused,
    LetterWithdrawn,
    OutcomeUnknown,
    ProviderError,
    Received,
)
from mentoring.letter import NOTICE

log = structlog.get_logger()

LARGEST = 10 * 1024 * 1024
_BATCH = 100
_LOOK_BACK = timedelta(days=30)
_EVERY = 20.0
_BAD_LETTER = (ews.ErrorInvalidRecipients, ews.ErrorMessageSizeExceeded)
_GONE = (ews.ErrorItemNotFound,)


class _Notice(ExtendedProperty):  # type: ignore[misc]
    distinguished_property_set_id = "InternetHeaders"
    property_name = NOTICE
    property_type = "String"


Message.register("overlap_notice", _Notice)


@dataclass(frozen=True)
class ExchangeMailer:
    mailbox: Mailbox

    @property
    def lag(self) -> timedelta:
        return timedelta(minutes=1)

    def deliver(self, letter: Letter, point_of_no_return: Callable[[], None]) -> None:
        draft = self.mailbox.call(lambda account: self._draft(account, letter))
        try:
            point_of_no_return()
        except LetterWithdrawn:
            self._discard(draft)
            raise
        if draft is None:  # it went out before, unnoticed
            return
        try:
            self.mailbox.call(lambda account: self._send(account, draft))
        except ProviderError as error:
            if isinstance(error.__cause__, _BAD_LETTER):
                self._discard(draft)
                raise LetterRefused(error.message, mend="check the address") from error
            if _was_refused(error.__cause__):
                raise
            raise OutcomeUnknown(
                f"Exchange gave no answer after taking the mail to {letter.recipient}",
                mend="look it up in Sent Items",
            ) from error

    def delivered(self, message_id: str) -> bool | None:
        """Whether the Outbox or Sent Items hold it; None where it is nowhere, or none may look."""
        try:
            return self.mailbox.call(lambda account: self._look_up(account, message_id))
        except ProviderError as error:
            if error.permanent:
                return None
            raise

    def check(self) -> None:
        self.mailbox.call(lambda account: _open(self.mailbox, account, Drafts))
        self.mailbox.call(lambda account: _open(self.mailbox, account, SentItems))

    def _draft(self, account: Any, letter: Letter) -> Any:
        """The draft of the letter, perhaps of an attempt before this; None where it went out."""
        if left := self._holds(account, Drafts, letter.message_id):
            return ItemId(left[0].id, left[0].changekey)
        if self._went_out(account, letter.message_id):
            return None
        made = CreateItem(account=account).get(
            items=[Message(account=account, mime_content=letter.raw)],
            folder=self.mailbox.folder(account, Drafts),
            message_disposition=SAVE_ONLY,
            send_meeting_invitations=SEND_TO_NONE,
        )
        return ItemId(made.id, made.changekey)

    def _send(self, account: Any, draft: Any) -> None:
        SendItem(account=account).get(
            items=[draft], saved_item_folder=self.mailbox.folder(account, SentItems)
        )

    def _discard(self, draft: Any) -> None:
        """Take a draft that is not to be sent out of Drafts, where there is one."""
        if draft is None:
            return
        try:
            self.mailbox.call(lambda account: remove(account, draft))
        except ProviderError as error:  # what led here says more
            log.warning("draft_left", mailbox=self.mailbox.address, reason=error.message)

    def _look_up(self, account: Any, message_id: str) -> bool | None:
        """Along the way a letter takes, so that it can't slip past between two questions."""
        if self._holds(account, Drafts, message_id):
            return False
        return self._went_out(account, message_id) or None

    def _went_out(self, account: Any, message_id: str) -> bool:
        return any(self._holds(account, kind, message_id) for kind in (Outbox, SentItems))

    def _holds(self, account: Any, kind: type[Any], message_id: str) -> list[Any]:
        # Exchange may give a mail a Message-ID of its own: the header NOTICE keeps ours.
        where = Q(message_id=message_id) | Q(overlap_notice=message_id)
        return self.mailbox.find(account, kind, Message, ("message_id",), where=where)


def _was_refused(cause: BaseException | None) -> bool:
    """Whether the server itself said that it did not take the letter."""
    if isinstance(cause, HttpFault | ews.UnauthorizedError):
        return True
    if isinstance(cause, ews.ErrorTimeoutExpired):
        return _never_connected(cause.__context__)
    return isinstance(cause, ews.ResponseMessageError)


def _never_connected(error: BaseException | None) -> bool:
    inner = getattr(error, "args", None) or (None,)
    reason = getattr(inner[0], "reason", None)
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


@dataclass
class ExchangeInbox:
    """Reads what SyncFolderItems says was added; before there is a state, the last 30 days."""

    mailbox: Mailbox
    _stop: threading.Event = field(default_factory=threading.Event)
    _state: str = ""

    def fetch(self, cursor: str | None) -> Batch:
        known = json.loads(cursor) if cursor else {}
        waiting, state = known.get("waiting", []), str(known.get("state", ""))
        if not waiting:
            waiting, state = self.mailbox.call(lambda account: self._news(account, state))
        taken, rest = waiting[:_BATCH], waiting[_BATCH:]
        messages = self.mailbox.call(lambda account: self._messages(account, taken))
        self._state = state
        return Batch(tuple(messages), json.dumps({"state": state, "waiting": rest}))

    def wait(self, seconds: float) -> bool:
        """Look again every twenty seconds."""
        until = time.monotonic() + seconds
        while not self._stop.is_set():
            if self._state and self.mailbox.call(self._anything):
                return True
            left = until - time.monotonic()
            if left <= 0:
                return False
            self._stop.wait(min(_EVERY, left))
        return False

    def stop(self) -> None:
        """Make `wait` return, from any thread."""
        self._stop.set()

    def check(self) -> None:
        self.mailbox.call(lambda account: _open(self.mailbox, account, Inbox))

    def _anything(self, account: Any) -> bool:
        found = self.mailbox.sync(account, Inbox, self._state)
        return found is None or any(what == "create" for what, _ in found[0])

    def _news(self, account: Any, state: str) -> tuple[list[str], str]:
        if state:
            found = self.mailbox.sync(account, Inbox, state, Message, ("datetime_received",))
            if found:
                new = [item for what, item in found[0] if what == "create"]
                return _in_order(new), found[1]
        found = self.mailbox.sync(account, Inbox, None)  # first, so that nothing falls between
        recent = self._recent(account)
        if found is None:
            raise self.mailbox.garbled()
        return recent, found[1]

    def _recent(self, account: Any) -> list[str]:
        since = ews_time(datetime.now(UTC) - _LOOK_BACK)
        listed = self.mailbox.find(
            account,
            Inbox,
            Message,
            ("datetime_received",),
            where=Q(datetime_received__gte=since),
            order=[FieldOrder(field_path=fields(Message, ("datetime_received",))[0])],
        )
        return _in_order(listed)

    def _messages(self, account: Any, keys: list[str]) -> list[Received]:
        """One by one: a hundred at once could be larger than an answer may be."""
        return [message for key in keys if (message := self._message(account, key))]

    def _message(self, account: Any, key: str) -> Received | None:
        try:
            size = self._get(account, key, "size").size
            if size and size > LARGEST:
                log.warning("mail_too_large", bytes=size)
                return None
            content = self._get(account, key, "mime_content").mime_content
        except _GONE:
            return None  # deleted in between
        if not content:
            raise self.mailbox.garbled()
        return Received(key, content)

    def _get(self, account: Any, key: str, name: str) -> Any:
        return GetItem(account=account).get(
            items=[ItemId(key)], additional_fields=fields(Message, (name,)), shape="IdOnly"
        )


def _in_order(items: list[Any]) -> list[str]:
    """The items' ids in the order of arrival."""
    earliest = datetime.min.replace(tzinfo=UTC)
    return [
        str(item.id)
        for item in sorted(items, key=lambda i: getattr(i, "datetime_received", None) or earliest)
    ]


def _open(box: Mailbox, account: Any, kind: type[Any]) -> None:
    GetFolder(account=account).get(
        folders=[box.folder(account, kind)], additional_fields=None, shape="IdOnly"
    )


def mailer(url: str, access: Access) -> ExchangeMailer:
    return ExchangeMailer(mailbox(url, access))


def inbox(url: str, access: Access) -> ExchangeInbox:
    return ExchangeInbox(mailbox(url, access))
