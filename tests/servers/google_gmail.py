"""The Gmail half of the Google simulator: messages, labels, history."""

from __future__ import annotations

import base64
import binascii
import email
import email.policy
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.servers.google_schema import Call, Refusal, offset_of


@dataclass(frozen=True)
class Message:
    id: str
    label: str
    raw: bytes
    arrived: datetime
    history: int


@dataclass
class Mailboxes:
    """Every user's messages.

    `rewrites` gives sent mails a Message-ID of Gmail's own; while not `indexed` a search finds
    nothing.
    """

    messages: dict[str, list[Message]] = field(default_factory=dict)
    on_mail: Callable[[str, bytes], None] | None = None
    rewrites: bool = False
    indexed: bool = True
    oldest: int = 0
    history: int = 1
    page: int = 500

    def user(self, address: str) -> None:
        self.messages[address] = []

    def deliver(self, address: str, raw: bytes, label: str = "INBOX") -> str:
        self.history += 1
        key = f"m{self.history:010x}"
        message = Message(key, label, raw, datetime.now(UTC), self.history)
        self.messages[address].append(message)
        return key

    def sent(self, address: str) -> list[bytes]:
        return [m.raw for m in self.messages[address] if m.label == "SENT"]

    def perform(self, call: Call, user: str) -> Any:
        named = call.parameters.get("userId")
        if named not in ("me", user):
            raise Refusal(403, "forbidden")
        act: Callable[[str, Call], Any] = {
            "gmail.users.getProfile": self._profile,
            "gmail.users.messages.send": self._send,
            "gmail.users.messages.list": self._list,
            "gmail.users.messages.get": self._get,
            "gmail.users.history.list": self._history,
        }[call.id]
        return act(user, call)

    def _profile(self, user: str, call: Call) -> Any:
        return {"emailAddress": user, "historyId": str(self.history)}

    def _send(self, user: str, call: Call) -> Any:
        try:
            raw = base64.urlsafe_b64decode(call.body["raw"])
        except (KeyError, binascii.Error) as error:
            raise Refusal(400, "invalidArgument") from error
        message = email.message_from_bytes(raw, policy=email.policy.default)
        addresses = [a.addr_spec for a in message["To"].addresses] if message["To"] else []
        if not addresses or any("@" not in address for address in addresses):
            raise Refusal(400, "invalidArgument")
        if self.rewrites:
            raw = re.sub(rb"(?m)^Message-ID: <[^>]*>", b"Message-ID: <CAx@mail.gmail.com>", raw)
        key = self.deliver(user, raw, "SENT")
        for address in addresses:
            if address in self.messages:
                self.deliver(address, raw)
            if self.on_mail:
                self.on_mail(address, raw)
        return {"id": key, "labelIds": ["SENT"]}

    def _list(self, user: str, call: Call) -> Any:
        asked = call.parameters
        labels, terms = asked.get("labelIds", []), asked.get("q", "").split()
        found = [
            message
            for message in reversed(self.messages[user])
            if (not labels or message.label in labels)
            and all(self.indexed and _fits(message, t) for t in terms)
        ]
        offset = offset_of(asked.get("pageToken", "0"))
        size = min(asked.get("maxResults", 100), self.page)
        answer: dict[str, Any] = {"resultSizeEstimate": len(found)}
        if page := found[offset : offset + size]:
            answer["messages"] = [{"id": m.id, "threadId": m.id} for m in page]
        if offset + size < len(found):
            answer["nextPageToken"] = str(offset + size)
        return answer

    def _get(self, user: str, call: Call) -> Any:
        message = next((m for m in self.messages[user] if m.id == call.parameters["id"]), None)
        if message is None:
            raise Refusal(404, "notFound")
        answer: dict[str, Any] = {"id": message.id, "labelIds": [message.label]}
        if call.parameters.get("format") == "raw":
            return {**answer, "raw": base64.urlsafe_b64encode(message.raw).decode()}
        wanted = {name.lower() for name in call.parameters.get("metadataHeaders", [])}
        parsed = email.message_from_bytes(message.raw, policy=email.policy.default)
        headers = [
            {"name": name, "value": str(value)}
            for name, value in parsed.items()
            if name.lower() in wanted
        ]
        return {**answer, "payload": {"headers": headers}}

    def _history(self, user: str, call: Call) -> Any:
        since = int(call.parameters["startHistoryId"])
        if since < self.oldest:
            raise Refusal(404, "notFound")
        label = call.parameters.get("labelId")
        added = [
            {"id": str(m.history), "messagesAdded": [{"message": {"id": m.id, "threadId": m.id}}]}
            for m in self.messages[user]
            if m.history > since and label in (None, m.label)
        ]
        answer: dict[str, Any] = {"historyId": str(self.history)}
        return {**answer, "history": added} if added else answer


def _fits(message: Message, term: str) -> bool:
    name, _, value = term.partition(":")
    match name:
        case "rfc822msgid":
            parsed = email.message_from_bytes(message.raw, policy=email.policy.default)
            return str(parsed["Message-ID"]).strip("<> ") == value
        case "after":
            return message.arrived.timestamp() >= int(value)
        case "newer_than":
            return True
    raise Refusal(400, "invalidArgument")
