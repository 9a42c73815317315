"""Watching the organiser's calendar: answers that show there, and what people do by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import structlog
from sqlalchemy.engine import Connection

from integrations.ports import Organiser, ProviderError, Shown
from mentoring.interval import Interval
from mentoring.meeting import Partstat
from mentoring.notices import PutBackNotice, Refusal, Why
from mentoring.roster import Person
from service import channels
from service.booking import asked_slot, call_off, move, moved_to
from service.post import post
from service.propose import WAITING, keep, standing_of
from service.rooms import with_room
from service.sides import sides_at, suits, unknown
from service.sync import stepped
from service.work import Work, party
from store import facts, meetings, outbox
from store.booking import Booking

log = structlog.get_logger()

_DOUBT_FROM = 3
"""So many meetings that vanish together were not called off one by one."""
_ANSWERS = frozenset({Partstat.ACCEPTED, Partstat.DECLINED, Partstat.TENTATIVE})


def watch(work: Work) -> None:
    """Take over what the organiser's calendar shows of our meetings, where it changed."""
    try:
        organiser = work.outside.organiser()
        if organiser:
            _watch(work, organiser, work.roster.settings.calendar["url"])
    except ProviderError as error:
        channels.failed(work, channels.ORGANISER, error)
    else:
        channels.answered(work, channels.ORGANISER)


def _watch(work: Work, organiser: Organiser, url: str) -> None:
    name = facts.organiser_cursor(url)
    with work.engine.begin() as connection:
        if facts.read(connection, facts.ORGANISER) != name:  # nothing is shown there yet
            meetings.mark_all_unpublished(connection)
            facts.write(connection, facts.ORGANISER, name)
            return
        cursor = facts.read(connection, name)
        waiting = meetings.on_show(connection, work.now)
    reach = max((b.meeting.slot.end for b in waiting), default=work.now) + timedelta(weeks=1)
    window = Interval(work.now - timedelta(days=1), stepped(max(reach, work.now)))
    showing = organiser.showing(window, cursor)
    if showing.entries is None:
        return
    by_uid = {shown.uid: shown for shown in showing.entries}
    # A list may lag behind or leave one out: only the meeting itself says that it is gone.
    found = {b.uid: by_uid.get(b.uid) or organiser.find(b.uid) for b in waiting}
    if len(found) >= _DOUBT_FROM and not any(found.values()):
        _fill_again(work, list(found))
        return
    known = {b.uid: b for b in waiting}
    for uid, shown in found.items():
        if shown and _is_known(known[uid], shown):
            continue
        with work.engine.begin() as connection:
            _take_over(work, connection, uid, shown)
    with work.engine.begin() as connection:
        facts.write(connection, name, showing.cursor)


def _is_known(booking: Booking, shown: Shown) -> bool:
    """Whether the calendar shows nothing new of a meeting."""
    sides = booking.meeting.attendances
    return shown.slot == booking.meeting.slot and all(
        shown.answers.get(side.email, "") in ("", side.shown) for side in sides
    )


def _fill_again(work: Work, uids: list[str]) -> None:
    """Nobody calls off every meeting by hand: the calendar was emptied, and is filled again."""
    log.error("organiser_calendar_emptied", meetings=len(uids), mend="they are put back")
    with work.engine.begin() as connection:
        for uid in uids:
            meetings.mark_unpublished(connection, uid)


def _take_over(work: Work, connection: Connection, uid: str, shown: Shown | None) -> None:
    booking = meetings.by_uid(connection, uid)
    if booking is None or booking.meeting.slot.end <= work.now:
        return
    if shown is None:
        _deleted(work, connection, booking)
        return
    booking = _answers(work, connection, booking, shown)
    if shown.slot != booking.meeting.slot:
        _moved(work, connection, booking, shown.slot)


def _answers(work: Work, connection: Connection, booking: Booking, shown: Shown) -> Booking:
    """Answers that are new in the calendar; an older one there doesn't undo a mail's."""
    for side in booking.meeting.attendances:
        told = shown.answers.get(side.email, "")
        if not told or told == side.shown:
            continue
        changed = replace(side, shown=told)
        if told in _ANSWERS and told != side.partstat:
            changed = replace(changed, partstat=Partstat(told), answered=work.now)
            outbox.supersede(connection, booking.uid, side.email, ("nudge",))
            work.counts.add("answers")
            log.info("answered", uid=booking.uid, person=side.email, partstat=told)
        booking = booking.with_side(changed)
        meetings.save_side(connection, booking.uid, changed)
    return booking


def _deleted(work: Work, connection: Connection, booking: Booking) -> None:
    """Taken out of the calendar: it is off, and the pair rests until its time is over."""
    call_off(work, connection, booking, Why.BY_HAND)
    mentor, mentee = booking.meeting.mentor, booking.meeting.mentee
    standing = standing_of(connection, (mentor, mentee))
    rest = replace(standing, rest_until=booking.meeting.slot.end)
    keep(connection, rest, WAITING, "the meeting was deleted in the programme's calendar")


def _moved(work: Work, connection: Connection, booking: Booking, asked: Interval) -> None:
    """Moved in the calendar: taken where it suits both, else put back and the mover told."""
    pair = work.roster.pair((booking.meeting.mentor, booking.meeting.mentee))
    if pair is None:
        meetings.mark_unpublished(connection, booking.uid)  # taken out, and may be put back
        return
    people = work.roster.both_of(pair)
    refusal = _refusal(work, connection, booking, people, asked)
    if refusal:
        _put_back(work, connection, booking, people, asked, refusal)
        return
    slot = asked_slot(people, asked, booking)
    moved = moved_to(work, booking, people, slot, Why.BY_HAND)
    move(work, connection, booking, with_room(work, connection, moved))
    log.info("moved_by_hand", uid=booking.uid, sequence=moved.meeting.sequence)


def _refusal(
    work: Work,
    connection: Connection,
    booking: Booking,
    people: tuple[Person, Person],
    asked: Interval,
) -> Refusal | None:
    if asked.start <= work.now:
        return Refusal.PAST
    if unknown(work, connection, people):
        return Refusal.UNREADABLE
    both = sides_at(work, connection, people, asked, besides=booking)
    verdict = suits(both, asked, timedelta(0))
    return {"hours": Refusal.OUTSIDE_HOURS, "busy": Refusal.BUSY}.get(verdict)


def _put_back(
    work: Work,
    connection: Connection,
    booking: Booking,
    people: tuple[Person, Person],
    asked: Interval,
    refusal: Refusal,
) -> None:
    meetings.mark_unpublished(connection, booking.uid)
    notice = PutBackNotice(
        key=f"putback:{booking.uid}:{booking.meeting.sequence}:{asked.start.isoformat()}",
        reader=work.coordinator(),
        mentor=party(people[0], booking.meeting.slot.start),
        mentee=party(people[1], booking.meeting.slot.start),
        slot=booking.meeting.slot,
        asked=asked,
        refusal=refusal,
    )
    post(work, connection, notice)
    log.info("put_back", uid=booking.uid, refusal=str(refusal))
