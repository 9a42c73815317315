"""The coordinator's mail queue, and the calendars that wait for their owners. Never any words."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy.engine import Connection
from starlette.responses import Response

from mentoring import wording
from mentoring.availability import reads_at
from service import acts
from service.acts import Done
from service.consent import needs_consent
from service.deliver import AT_ONCE, reader_of
from service.work import Work, reading
from store import bounces, calendars, outbox, queue
from store.outbox import QUEUED, SENT
from store.queue import Item
from web.coordinator import Seat
from web.forms import Form

A_PAGE = 50
_VIEWS = {"": queue.OPEN, "trouble": queue.LOST, "waiting": (QUEUED,), "sent": (SENT,)}
_SETTLED = {outbox.UNKNOWN: "It arrived", outbox.FAILED: "Give up"}
"""What having done with a letter is called."""
_LONGEST_ID = 18


def show(seat: Seat) -> Response:
    """Letters of one view, newest first."""
    work, view = seat.seen.work, seat.query.get("state", "")
    view = view if view in _VIEWS else ""
    text = seat.query.get("page", "1")
    page = max(int(text), 1) if text.isdecimal() and len(text) < 7 else 1
    with reading(work.engine) as connection:
        found = queue.count(connection, _VIEWS[view])
        pages = max(1, -(-found // A_PAGE))
        page = min(page, pages)
        items = queue.page(connection, _VIEWS[view], (page - 1) * A_PAGE, A_PAGE)
        found_paused = bounces.paused(connection)
        paused = [
            {
                "address": one.address,
                "why": one.reason,
                "since": wording.short_time(one.since, work.roster.programme.timezone, "en"),
            }
            for one in found_paused
        ]
        held = {one.address for one in found_paused}
        letters = [_letter(work, connection, item, held) for item in items]
    return seat.show(
        "mail",
        letters=letters,
        paused=paused,
        view=view,
        found=found,
        page=page,
        pages=pages,
    )


def _letter(
    work: Work, connection: Connection, item: Item, paused: Collection[str]
) -> dict[str, Any]:
    zone = work.roster.programme.timezone
    known = work.roster.people.get(item.recipient)
    state, why = _standing(work, connection, item, zone, paused)
    return {
        "id": item.id,
        "kind": item.kind,
        "name": known.name if known else "",
        "to": item.recipient,
        "state": state,
        "why": why,
        "since": wording.short_time(item.sent_at or item.created_at, zone, "en"),
        "resend": item.state in queue.LOST,
        "settle": _SETTLED.get(item.state, ""),
        "skip": item.state == QUEUED,
    }


def _standing(
    work: Work, connection: Connection, item: Item, zone: str, paused: Collection[str]
) -> tuple[str, str]:
    """How a letter stands, and why, in words."""
    match item.state:
        case outbox.FAILED:
            return "failed", item.error or "it was refused"
        case outbox.UNKNOWN:
            return "unknown", f"{item.error or 'no answer came'}; it may have arrived"
        case outbox.SENDING:
            return "sending", "it is on its way"
        case outbox.SENT:
            return "sent", ""
    if item.next_attempt > work.now:
        at = wording.short_time(item.next_attempt, zone, "en")
        return "waiting", f"tried {item.attempts} times; again {at}. {item.error}".strip()
    if item.recipient in paused:
        return "paused", "mail to this address came back"
    if item.kind not in AT_ONCE:
        person = reader_of(work, connection, item.recipient, item.uid)
        if not reads_at(person, work.now):
            return "held for hours", "it goes out in the reader's work hours"
    return "waiting", "it goes out with the next pass"


def act(seat: Seat, work: Work, connection: Connection, form: Form) -> Done:
    """Send a letter again, have done with it, skip it, or mail to an address again."""
    if form.one("do") == "lift":
        return acts.lift(work, connection, seat.visitor.email, form.one("address"))
    number = form.one("letter")
    if not number.isdecimal() or len(number) > _LONGEST_ID:
        return Done.NOTHING
    who = seat.visitor.email
    match form.one("do"):
        case "resend":
            return acts.resend(work, connection, who, int(number))
        case "settle":
            return acts.settle_mail(work, connection, who, int(number))
        case "skip":
            return acts.skip_mail(work, connection, who, int(number))
    return Done.NOTHING


def calendars_page(seat: Seat) -> Response:
    """Partners whose calendars can't be relied on."""
    zone = seat.work.roster.programme.timezone
    rows = [
        {
            "name": row.person.name,
            "email": row.person.email,
            "state": row.state,
            "reason": row.reason,
            "since": wording.short_time(row.failing_since, zone, "en") if row.failing_since else "",
            "link": row.state == calendars.NEEDS_CONSENT and needs_consent(row.person),
        }
        for row in seat.seen.overview.calendars
        if row.state in (*calendars.FAILING, calendars.NEW)
    ]
    rows.sort(key=lambda row: (row["state"] != calendars.NEEDS_CONSENT, str(row["name"])))
    well = sum(row.state == calendars.OK for row in seat.seen.overview.calendars)
    without = sum(row.state == "none" for row in seat.seen.overview.calendars)
    return seat.show("calendars", rows=rows, well=well, without=without)


def calendars_act(seat: Seat, work: Work, connection: Connection, form: Form) -> Done:
    """Mail a partner their link again."""
    person = work.roster.people.get(form.one("person"))
    if person is None or form.one("do") != "mail":
        return Done.NOTHING
    return acts.mail_link(work, connection, seat.visitor.email, person)
