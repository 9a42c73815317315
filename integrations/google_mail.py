"""Mail by the Gmail API, out and in: `google:ADDRESS`.

https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from integrations.google import READ_MAIL, SEND, Account, MissingScope, Refused
from integrations.google_answers import LATER, pages, understood
from integrations.ports import (
    GARBLED,
    Access,
    Batch,
    Letter,
    LetterRefused,
    OutcomeUnknown,
    ProviderError,
    Received,
)
from mentoring.letter import NOTICE

_BATCH = 100
_LOOK_BACK = timedelta(days=30)
_EVERY = 20.0
_REFUSED = frozenset({400, 401, 403, 404, 413, 429})


@dataclass(frozen=True)
class GmailMailer:
    account: Account

    @property
    def lag(self) -> timedelta:
        return timedelta(minutes=2)

    def deliver(self, letter: Letter, point_of_no_return: Callable[[], None]) -> None:
        request = self._request(letter)
        point_of_no_return()
        try:
            self.account.call(SEND, request, expected=_REFUSED)
        except Refused as error:
            raise _refusal(letter, error) from error
        except ProviderError as error:
            if isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout):
                raise
            raise _unknown(letter) from error
        except GARBLED as error:
            raise _unknown(letter) from error

    @understood
    def _request(self, letter: Letter) -> Any:
        self.account.obtain(SEND)
        messages = self.account.service("gmail").users().messages()
        raw = base64.urlsafe_b64encode(letter.raw).decode()
        return messages.send(userId="me", body={"raw": raw}, fields="id")

    @understood
    def delivered(self, message_id: str) -> bool | None:
        """Whether Sent holds it; None where the scope to look is missing.

        Gmail may give a mail a Message-ID of its own: the header NOTICE keeps ours.
        """
        messages = self.account.service("gmail").users().messages()
        wanted = f"rfc822msgid:{message_id.strip('<>')}"
        try:
            if self._sent(messages, q=wanted):
                return True
            return any(
                message_id in self._ids(messages, key)
                for key in self._sent(messages, q="newer_than:2d", maxResults=_BATCH)
            )
        except MissingScope:
            return None

    def _sent(self, messages: Any, **how: Any) -> list[str]:
        request = messages.list(userId="me", labelIds=["SENT"], fields="messages/id", **how)
        return [m["id"] for m in self.account.call(READ_MAIL, request).get("messages", [])]

    def _ids(self, messages: Any, key: str) -> list[str]:
        request = messages.get(
            userId="me",
            id=key,
            format="metadata",
            metadataHeaders=[NOTICE],
            fields="payload/headers",
        )
        answer = self.account.call(READ_MAIL, request)
        return [header["value"] for header in answer.get("payload", {}).get("headers", [])]

    @understood
    def check(self) -> None:
        self.account.obtain(SEND)


def _unknown(letter: Letter) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"Gmail gave no answer after taking the mail to {letter.recipient}",
        mend="look it up in Sent",
    )


def _refusal(letter: Letter, refused: Refused) -> ProviderError:
    message = f"{letter.recipient}: Gmail answers {refused.status}"
    if refused.status in (400, 413):
        return LetterRefused(message, mend="check the address")
    if refused.status == 403:
        return ProviderError(
            f"{message}: it may not send, or has sent too much today",
            mend=f"grant {SEND}, and switch the Gmail API on; {LATER}",
            retry_after=refused.retry_after,
        )
    return ProviderError(message, mend=LATER, retry_after=refused.retry_after)


@dataclass
class GmailInbox:
    """Reads what Gmail's history says was added; before there is a history, the last 30 days."""

    account: Account
    _stop: threading.Event = field(default_factory=threading.Event)
    _seen: str = ""

    @understood
    def fetch(self, cursor: str | None) -> Batch:
        known = json.loads(cursor) if cursor else {}
        waiting, history = known.get("waiting", []), str(known.get("history", ""))
        if not waiting:
            waiting, history = self._news(history)
        taken, rest = waiting[:_BATCH], waiting[_BATCH:]
        messages = tuple(message for key in taken if (message := self._message(key)))
        self._seen = history
        return Batch(messages, json.dumps({"history": history, "waiting": rest}))

    @understood
    def wait(self, seconds: float) -> bool:
        """Gmail pushes to the cloud only: look again every twenty seconds."""
        waited = 0.0
        while waited < seconds and not self._stop.is_set():
            if self._seen and self._anything(self._seen):
                return True
            self._seen = self._seen or self._history()
            self._stop.wait(min(_EVERY, seconds - waited))
            waited += _EVERY
        return False

    def _anything(self, since: str) -> bool:
        try:
            return bool(self._added(since)[0])
        except Refused:  # too old to tell
            self._seen = ""
            return True

    def stop(self) -> None:
        self._stop.set()

    @understood
    def check(self) -> None:
        self._history()

    def _news(self, history: str) -> tuple[list[str], str]:
        if history:
            try:
                return self._added(history)
            except Refused:  # too old: Gmail keeps about a week
                pass
        newest = self._history()  # taken first, so that nothing falls between
        return self._recent(), newest

    def _history(self) -> str:
        users = self.account.service("gmail").users()
        answer = self.account.call(READ_MAIL, users.getProfile(userId="me", fields="historyId"))
        return str(answer["historyId"])

    def _added(self, since: str) -> tuple[list[str], str]:
        history = self.account.service("gmail").users().history()

        def ask(page: str | None) -> Any:
            request = history.list(
                userId="me",
                startHistoryId=since,
                historyTypes=["messageAdded"],
                labelId="INBOX",
                **({"pageToken": page} if page else {}),
            )
            return self.account.call(READ_MAIL, request, expected=frozenset({404}))

        answers = pages(ask, self.account.name)
        added = [
            str(added["message"]["id"])
            for answer in answers
            for record in answer.get("history", [])
            for added in record.get("messagesAdded", [])
        ]
        return list(dict.fromkeys(added)), str(answers[-1].get("historyId", since))

    def _recent(self) -> list[str]:
        messages = self.account.service("gmail").users().messages()
        since = int((datetime.now(UTC) - _LOOK_BACK).timestamp())

        def ask(page: str | None) -> Any:
            request = messages.list(
                userId="me",
                labelIds=["INBOX"],
                q=f"after:{since}",
                maxResults=500,
                **({"pageToken": page} if page else {}),
            )
            return self.account.call(READ_MAIL, request)

        answers = pages(ask, self.account.name)
        newest_first = [str(m["id"]) for answer in answers for m in answer.get("messages", [])]
        return newest_first[::-1]

    def _message(self, key: str) -> Received | None:
        """A message of the list; None where it is gone. What is listed and not there is asked for
        once more: passed over, it would never come again."""
        messages = self.account.service("gmail").users().messages()
        for _ in range(2):
            request = messages.get(userId="me", id=key, format="raw", fields="raw")
            try:
                answer = self.account.call(READ_MAIL, request, expected=frozenset({404}))
                return Received(key, base64.urlsafe_b64decode(answer["raw"]))
            except Refused:
                continue
        return None


def mailer(url: str, access: Access) -> GmailMailer:
    return GmailMailer(Account(url.partition(":")[2], access))


def inbox(url: str, access: Access) -> GmailInbox:
    return GmailInbox(Account(url.partition(":")[2], access))
