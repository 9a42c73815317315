"""Whether a calendar changed: the delta of a calendar view, used as a detector only.

The function can't choose properties, and leaves nearly all of them out of a series' occurrences
(https://learn.microsoft.com/graph/api/event-delta). So what it lists is counted and dropped.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from integrations.microsoft365 import PREFER, READ_EVENTS, GraphError, Mailbox
from integrations.ports import ProviderError
from mentoring.interval import Interval

AROUND = timedelta(days=1)
"""All-day entries are filed under some zone's midnight, and mean another's."""
_PAGE = 200


def seed(mailbox: Mailbox, window: Interval) -> str:
    """The link that will tell of changes to the window from now on."""
    params = bounds(window)
    return _drain(mailbox, mailbox.url("/calendarView/delta", params))[1]


def since(mailbox: Mailbox, link: str) -> tuple[bool, str] | None:
    """Whether anything changed since, and the link from now on; None for an expired link."""
    try:
        return _drain(mailbox, mailbox.at_home(link))
    except GraphError as error:
        if error.status == 410 or (error.status == 400 and "sync" in error.code.lower()):
            return None
        raise


def bounds(window: Interval) -> dict[str, str]:
    reach = window.widened(AROUND)
    return {"startDateTime": stamp(reach.start), "endDateTime": stamp(reach.end)}


def stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _drain(mailbox: Mailbox, url: str) -> tuple[bool, str]:
    changed, link = False, ""
    for page in mailbox.pages(url, READ_EVENTS, f"{PREFER}, odata.maxpagesize={_PAGE}"):
        changed = changed or bool(page["value"])
        link = mailbox.at_home(page.get("@odata.deltaLink"))
    if not link:
        raise ProviderError(
            f"{mailbox.name}: the list of changes has no end", mend="it is tried again by itself"
        )
    return changed, link
