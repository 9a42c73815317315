"""The simulator's mail: drafts from MIME, sending, folders, the delta of an inbox."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.utils import getaddresses
from typing import Any

from tests.servers.faults import Answer
from tests.servers.microsoft365_ask import (
    Links,
    Refusal,
    Request,
    check_body,
    page_size,
    paged,
    parameters,
    selected,
)
from tests.servers.microsoft365_schema import schema

_KIND = "graph.message"
_BY_ID = re.compile(r"internetMessageId eq '((?:[^']|'')*)'")
_SINCE = re.compile(r"receivedDateTime (ge|gt) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")


@dataclass
class Mail:
    key: str
    raw: bytes
    folder: str
    message_id: str
    received: datetime
    added: int
    changed: int
    is_draft: bool = False
    is_read: bool = False


@dataclass
class Post:
    """All mailboxes' mail. `rename` makes the service give drafts a Message-ID of its own."""

    links: Links
    boxes: dict[str, dict[str, Mail]] = field(default_factory=dict)
    on_mail: Callable[[str, bytes], None] | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    count: int = 0
    oldest: int = 0
    rename: bool = False
    outbound: list[tuple[str, bytes]] = field(default_factory=list)

    def put(self, address: str, raw: bytes, folder: str, *, draft: bool = False) -> Mail:
        self.count += 1
        key = hashlib.sha256(f"{address}{self.count}".encode()).hexdigest()[:24]
        said = message_from_bytes(raw, policy=policy.default)["Message-ID"]
        name = f"<{key}@prod.example>" if draft and (self.rename or not said) else str(said or "")
        mail = Mail(f"AAkM{key}=", raw, folder, name, self.now(), self.count, self.count, draft)
        self.boxes[address][mail.key] = mail
        return mail

    def listing(self, address: str, request: Request, folder: str = "") -> Answer:
        if followed := self.links.follow(request):
            return followed
        parameters(request, "$filter", "$select", "$top")
        names = selected(request, _KIND)
        rows = [m for m in self.boxes[address].values() if folder in ("", m.folder)]
        if "$filter" in request.query:
            found = _BY_ID.fullmatch(request.query["$filter"])
            if not found:
                raise Refusal(400, "ErrorInvalidUrlQueryFilter", "The filter is not supported")
            rows = [m for m in rows if m.message_id == found[1].replace("''", "'")]
        shown = [_shown(m, names) for m in sorted(rows, key=lambda m: m.received, reverse=True)]
        return paged(shown, page_size(request, 10), self.links, request.path, dict)

    def delta(self, address: str, request: Request) -> Answer:
        """https://learn.microsoft.com/graph/delta-query-messages"""
        if followed := self.links.follow(request):
            return followed
        parameters(request, "$filter", "$select", "$top", "changeType")
        names = selected(request, _KIND)
        after = datetime.min.replace(tzinfo=UTC)
        if "$filter" in request.query:
            found = _SINCE.fullmatch(request.query["$filter"])
            if not found:
                raise Refusal(400, "ErrorInvalidUrlQueryFilter", "receivedDateTime alone")
            after = datetime.fromisoformat(found[2])
        created = request.query.get("changeType") == "created"
        return self._round(address, request, names, after, created, None)

    def _round(
        self,
        address: str,
        request: Request,
        names: set[str] | None,
        after: datetime,
        created: bool,
        since: int | None,
    ) -> Answer:
        if since is not None and since < self.oldest:
            raise Refusal(410, "SyncStateNotFound", "The sync state generation is not found")
        now = self.count
        rows = [
            _shown(mail, names)
            for mail in self.boxes[address].values()
            if mail.folder == "inbox" and mail.received.replace(microsecond=0) >= after
            if since is None or (mail.added if created else mail.changed) > since
        ]

        def last() -> dict[str, str]:
            if since is not None and not rows:
                token = request.query["$deltatoken"]
                return {"@odata.deltaLink": f"{self.links.base}{request.path}?$deltatoken={token}"}
            link = self.links.make(
                request.path,
                "$deltatoken",
                lambda later: self._round(address, later, names, after, created, now),
            )
            return {"@odata.deltaLink": link}

        # Without $orderby the order is not promised: newest first, to tempt whoever relies on it.
        size = page_size(request, 10)
        return paged(rows[::-1], size, self.links, request.path, last)

    def create(self, address: str, request: Request) -> Answer:
        if request.headers.get("content-type") != "text/plain":
            raise Refusal(415, "UnsupportedMediaType", "the simulator takes MIME alone")
        try:
            raw = base64.b64decode(request.body, validate=True)
        except binascii.Error as error:
            raise Refusal(400, "ErrorMimeContentInvalidBase64String", "Invalid base64") from error
        if len(request.body) > 4 * 1024 * 1024:
            raise Refusal(413, "RequestEntityTooLarge", "4 MB")
        mail = self.put(address, raw, "drafts", draft=True)
        return Answer(201, _shown(mail, None))

    def change(self, address: str, key: str, request: Request) -> Answer:
        mail = self._find(address, key)
        body = check_body(_KIND, request.json())
        if beyond := set(body) - {"internetMessageId", "isRead"}:
            raise Refusal(400, "ErrorInvalidPropertySet", f"{sorted(beyond)}")
        if "internetMessageId" in body and not mail.is_draft:
            raise Refusal(400, "ErrorInvalidPropertySet", "only of drafts")
        mail.message_id = body.get("internetMessageId", mail.message_id)
        mail.is_read = body.get("isRead", mail.is_read)
        self.count += 1
        mail.changed = self.count
        return Answer(200, _shown(mail, None))

    def send(self, address: str, key: str) -> Answer:
        mail = self._find(address, key)
        if not mail.is_draft:
            raise Refusal(400, "ErrorInvalidOperation", "it was sent before")
        parsed = message_from_bytes(mail.raw, policy=policy.default)
        sender = getaddresses([str(parsed["From"])])[0][1].lower()
        if sender != address:
            raise Refusal(403, "ErrorSendAsDenied", "The account may not send as this address.")
        heads = [str(parsed.get(name, "")) for name in ("To", "Cc", "Bcc")]
        recipients = [a.lower() for _, a in getaddresses(heads) if a]
        if not recipients:
            raise Refusal(400, "ErrorInvalidRecipients", "At least one recipient isn't valid.")
        mail.is_draft, mail.folder = False, "sentitems"
        for recipient in recipients:
            self.outbound.append((recipient, mail.raw))
            if recipient in self.boxes:
                self.put(recipient, mail.raw, "inbox")
            if self.on_mail:
                self.on_mail(recipient, mail.raw)
        return Answer(202)

    def delete(self, address: str, key: str) -> Answer:
        del self.boxes[address][self._find(address, key).key]
        return Answer(204)

    def raw(self, address: str, key: str) -> Answer:
        return Answer(200, None, {"Content-Type": "text/plain"}, self._find(address, key).raw)

    def _find(self, address: str, key: str) -> Mail:
        if key not in self.boxes[address]:
            raise Refusal(404, "ErrorItemNotFound", "The specified object was not found.")
        return self.boxes[address][key]


def _shown(mail: Mail, names: set[str] | None) -> dict[str, Any]:
    row = {
        "id": mail.key,
        "@odata.etag": f'W/"{mail.changed}"',
        "internetMessageId": mail.message_id,
        "receivedDateTime": mail.received.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "isDraft": mail.is_draft,
        "isRead": mail.is_read,
        "subject": "",
        "parentFolderId": mail.folder,
    }
    if found := schema().faults(_KIND, row):
        raise AssertionError(f"the simulator's own answer: {found}")
    if names is None:
        return row
    return {n: v for n, v in row.items() if n in names or n in ("id", "@odata.etag")}
