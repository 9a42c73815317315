"""What an Exchange server keeps: mailboxes, folders, items, and a log of what happened to them."""

from __future__ import annotations

import base64
import email
import email.policy
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from tests.servers.entries import Series
from tests.servers.exchange_soap import NAMES, Refusal, t


def local(element: Any) -> str:
    return str(etree.QName(element).localname)


@dataclass
class Item:
    """One item. `series` is what people entered; else `parts` are its properties by path."""

    id: str
    folder: str
    kind: str
    change: int = 1
    parts: dict[str, Any] = field(default_factory=dict)
    raw: bytes = b""
    arrived: datetime = field(default_factory=lambda: datetime.now(UTC))
    series: Series | None = None

    @property
    def item_id(self) -> Any:
        return t("ItemId", Id=self.id, ChangeKey=f"CQ{self.change:08d}")

    def text(self, path: str) -> str:
        """A property's text, as a restriction compares it."""
        if path in self.parts:
            part = self.parts[path]
            value = part.findtext("t:Value", None, NAMES)
            return str((part.text or "") if value is None else value)
        if self.kind != "CalendarItem":
            return self._mail_text(path)
        if self.series and path == "calendar:UID":
            return self.series.uid
        return ""

    def _mail_text(self, path: str) -> str:
        headers = email.message_from_bytes(self.raw, policy=email.policy.default)
        match path:
            case "message:InternetMessageId":
                return str(headers["Message-ID"] or "").strip()
            case "item:DateTimeReceived":
                return stamp(self.arrived)
        kind, _, name = path.partition("|")
        return str(headers[name] or "").strip() if kind == "InternetHeaders" else ""


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def path_of(element: Any) -> str:
    """A property's path: its field URI, or the set and name of an extended one."""
    if local(element) == "FieldURI":
        return str(element.get("FieldURI"))
    if local(element) == "ExtendedFieldURI":
        named = element.get("DistinguishedPropertySetId") or element.get("PropertySetId")
        return f"{named}|{element.get('PropertyName')}"
    raise Refusal("ErrorInvalidPropertyRequest")


@dataclass
class Store:
    """All mailboxes. `generation` changes when sync states given so far grow too old."""

    zones: dict[str, str] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    log: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    mailed: list[str] = field(default_factory=list)
    page: int = 512
    view: int = 1000
    generation: int = 0
    _made: int = 0

    def user(self, address: str, zone: str) -> None:
        self.zones[address] = zone

    def add(self, owner: str, item: Item) -> Item:
        self._made += 1
        item.id = item.id or f"AAMk{self._made:06d}="
        self.items[item.id] = item
        self.owners[item.id] = owner
        self._note(owner, item.folder, item.id)
        return item

    def touch(self, item: Item) -> None:
        item.change += 1
        self._note(self.owners[item.id], item.folder, item.id)

    def drop(self, item: Item) -> None:
        owner = self.owners.pop(item.id)
        del self.items[item.id]
        self._note(owner, item.folder, item.id)

    def within(self, owner: str, folder: str) -> list[Item]:
        return [i for i in self.items.values() if i.folder == folder and self.owners[i.id] == owner]

    def _note(self, owner: str, folder: str, key: str) -> None:
        self.log.setdefault((owner, folder), []).append(key)

    def state(self, owner: str, folder: str, number: int) -> str:
        known = [owner, folder, number, self.generation]
        return base64.b64encode(json.dumps(known).encode()).decode()

    def since(self, owner: str, folder: str, state: str, most: int) -> tuple[list[Any], str, bool]:
        """Changes after a state, the state after them, and whether they are all."""
        log = self.log.get((owner, folder), [])
        number = self._number(owner, folder, state, len(log)) if state else 0
        keys: list[str] = []
        end = number
        while end < len(log) and len(set(keys)) < min(most, self.page):
            keys.append(log[end])
            end += 1
        before = set(log[:number]) if state else set()
        changes = [
            c for key in dict.fromkeys(keys) if (c := self._change(key, folder, before)) is not None
        ]
        return changes, self.state(owner, folder, end), end == len(log)

    def _number(self, owner: str, folder: str, state: str, length: int) -> int:
        try:
            known = json.loads(base64.b64decode(state.partition("#")[0], validate=True))
        except ValueError as error:
            raise Refusal("ErrorInvalidSyncStateData") from error
        if known[:2] != [owner, folder] or known[3] != self.generation or known[2] > length:
            raise Refusal("ErrorInvalidSyncStateData")
        return int(known[2])

    def _change(self, key: str, folder: str, before: set[str]) -> Any:
        item = self.items.get(key)
        if item is not None and item.folder == folder:
            return ("Update" if key in before else "Create", item)
        return ("Delete", t("ItemId", Id=key, ChangeKey="")) if key in before else None


def received(raw: bytes) -> Item:
    """A mail in an inbox: Exchange makes items of their own of what is about meetings."""
    kinds = {
        "REPLY": "MeetingResponse",
        "REQUEST": "MeetingRequest",
        "CANCEL": "MeetingCancellation",
    }
    kind = "Message"
    for part in email.message_from_bytes(raw, policy=email.policy.default).walk():
        if part.get_content_type() == "text/calendar":
            kind = kinds.get(str(part.get_param("method", "")).upper(), kind)
    return Item("", "inbox", kind, raw=raw)
