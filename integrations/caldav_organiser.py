"""The organiser's own calendar on a CalDAV server: a copy of each meeting; invites go by mail."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from icalendar import Calendar
from icalendar.error import IncompleteComponent

from integrations.caldav import LATER, Account, changes_since
from integrations.ports import Access, Entry, Organiser, ProviderError, Showing, Shown
from mentoring.interval import Interval


@dataclass(frozen=True)
class CaldavOrganiser:
    account: Account

    @property
    def makes(self) -> frozenset[str]:
        return frozenset()

    def publish(self, entry: Entry) -> str:
        body = _stored(entry.ics)
        with self.account.opened() as calendar:
            url = calendar.url.join(_file(entry.uid))
            headers = {"Content-Type": "text/calendar; charset=utf-8", "If-None-Match": "*"}
            answer = calendar.client.request(str(url), "PUT", body, headers)
            if answer.status == 412:  # it is there: ours by its name, so replace it
                del headers["If-None-Match"]
                answer = calendar.client.request(str(url), "PUT", body, headers)
            if answer.status not in (200, 201, 204):
                raise ProviderError(f"{self.account.name} answers {answer.status}", mend=LATER)
        return ""

    def withdraw(self, uid: str) -> None:
        with self.account.opened() as calendar:
            answer = calendar.client.request(str(calendar.url.join(_file(uid))), "DELETE")
            if answer.status not in (200, 204, 404, 410):
                raise ProviderError(f"{self.account.name} answers {answer.status}", mend=LATER)

    def find(self, uid: str) -> Shown | None:
        with self.account.opened() as calendar:
            answer = calendar.client.request(str(calendar.url.join(_file(uid))), "GET")
            if answer.status in (404, 410):
                return None
            if answer.status != 200:
                raise ProviderError(f"{self.account.name} answers {answer.status}", mend=LATER)
            return _shown(answer.raw)

    def showing(self, window: Interval, cursor: str | None) -> Showing:
        with self.account.opened() as calendar:
            changes = changes_since(calendar, cursor) if cursor else None
            if changes is not None and not list(changes) and not changes.deleted_urls:
                return Showing(None, str(changes.sync_token))
            whole = changes_since(calendar, None)
            found = calendar.search(start=window.start, end=window.end, event=True)
        entries = tuple(shown for event in found if (shown := _shown(event.data)))
        return Showing(entries, str(whole.sync_token or "") if whole is not None else "")

    def check(self) -> None:
        with self.account.opened() as calendar:
            calendar.get_supported_components()


def _shown(ics: str | bytes) -> Shown | None:
    """One of our events as the server keeps it; None for what is not an event of ours."""
    try:
        event = Calendar.from_ical(ics).events[0]
        start, end = event.start, event.end
    except (ValueError, IndexError, IncompleteComponent):
        return None
    if not (isinstance(start, datetime) and isinstance(end, datetime)):
        return None
    if start.tzinfo is None or end <= start:
        return None
    attendees = event.get("attendee", [])
    attendees = attendees if isinstance(attendees, list) else [attendees]
    answers = {
        str(a).lower().removeprefix("mailto:"): str(a.params.get("PARTSTAT", "NEEDS-ACTION"))
        for a in attendees
    }
    slot = Interval(start.astimezone(UTC), end.astimezone(UTC))
    return Shown(str(event.get("uid", "")), slot, answers)


def _file(uid: str) -> str:
    return f"{hashlib.sha256(uid.encode()).hexdigest()}.ics"


def _stored(ics: bytes) -> str:
    """The object as a server keeps it: no METHOD (RFC 4791 section 4.1), no scheduling by it.

    SCHEDULE-AGENT=CLIENT (RFC 6638 section 7.1) keeps the server from inviting a second time.
    """
    unfolded = ics.decode().replace("\r\n ", "")
    lines = [line for line in unfolded.split("\r\n") if not line.startswith("METHOD:")]
    return "\r\n".join(
        re.sub(r"^(ORGANIZER|ATTENDEE)\b", r"\1;SCHEDULE-AGENT=CLIENT", line) for line in lines
    )


def organiser(url: str, access: Access) -> Organiser:
    return CaldavOrganiser(Account(url, access))
