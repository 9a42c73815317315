"""Polls: opened after three tries, answered on a page or by mail, ended by a booking or a word."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy.engine import Connection

from mentoring.availability import working_days_between, zone_at
from mentoring.meeting import Partstat, State
from mentoring.notices import PatternNotice, Why
from mentoring.poll import (
    MisreadNotice,
    Next,
    Offer,
    Option,
    Poll,
    ProposeNotice,
    best_shared,
    needs_nudge,
    next_of,
    offered,
    picked,
)
from mentoring.roster import Pair, Person
from mentoring.slots import Found, Slot, all_slots, shares_site
from service import codes
from service.booking import new_booking
from service.links import page_link
from service.post import misread_key, post, post_invites
from service.propose import WAITING, keep, live_ahead, standing_of, wanted_again
from service.rooms import with_room
from service.sides import sides, sides_at, suits, unknown
from service.work import Work, party, reader
from store import meetings, outbox, polls
from store.booking import Booking
from store.codes import Code

log = structlog.get_logger()

PICK = "pick"
"""The purpose of links to a poll's page, and of codes to answer it by mail."""
ASKED = "three times did not suit; both are asked to pick one"


def ask(work: Work, connection: Connection, pair: Pair, fallen: Booking) -> None:
    """Offer both several times after a meeting fell through for good; with none, say so."""
    people = work.roster.both_of(pair)
    options = _options(work, connection, pair, people, fallen)
    if not options:
        escalate(work, connection, pair, fallen)
        return
    poll = Poll(fallen.uid, *pair.key, options=options, made_at=work.now)
    polls.add(connection, poll)
    for person in people:
        _post(work, connection, poll, person, people, again=False)
    _wait(work, connection, pair, ASKED)
    log.info("poll_opened", poll=poll.id, options=len(options))


def _options(
    work: Work, connection: Connection, pair: Pair, people: tuple[Person, Person], fallen: Booking
) -> tuple[Option, ...]:
    if unknown(work, connection, people):
        return ()
    refused = (*fallen.refused, fallen.meeting.slot)
    others = [b for b in meetings.of_pair(connection, *pair.key) if b.uid != fallen.uid]
    wanted = wanted_again(work, pair, fallen, refused, others)
    return offered(all_slots(*sides(work, connection, people, wanted.window), wanted), people[1])


def tend_poll(work: Work, connection: Connection, number: str) -> None:
    """Do what a running poll needs: book, close, nudge, or keep waiting."""
    poll = polls.by_id(connection, number)
    if poll is None or polls.outcome(connection, number) is not None:
        return
    pair = work.roster.pair(poll.people)
    if pair is None or work.today > pair.end:
        close(work, connection, poll, "")
        return
    people = work.roster.both_of(pair)
    days = {p.email: working_days_between(p, poll.made_at, work.now) for p in people}
    suiting = still_suiting(work, connection, pair, poll)
    match next_of(poll, suiting=suiting, working_days=min(days.values()), now=work.now):
        case Next.BOOK:
            _book(work, connection, pair, poll, suiting or [])
        case Next.CLOSE:
            close(work, connection, poll, "")
            fallen = meetings.by_uid(connection, poll.id)
            if fallen:
                escalate(work, connection, pair, fallen)
        case Next.WAIT:
            unread = "" if suiting is not None else "; a calendar can't be read now"
            _wait(work, connection, pair, ASKED + unread)
            for person in people:
                if needs_nudge(poll, person.email, days[person.email]):
                    _post(work, connection, poll, person, people, again=True)


def _wait(work: Work, connection: Connection, pair: Pair, reason: str) -> None:
    """Show that the pair waits, unless it has a meeting ahead whose state says more."""
    if not live_ahead(work, meetings.of_pair(connection, *pair.key)):
        keep(connection, standing_of(connection, pair.key), WAITING, reason)


def still_suiting(
    work: Work, connection: Connection, pair: Pair, poll: Poll
) -> list[Option] | None:
    """The options that suit both now; None where a calendar can't be read, so nobody can tell."""
    people = work.roster.both_of(pair)
    if unknown(work, connection, people):
        return None
    return [o for o in poll.options if _suits(work, connection, pair, people, o)]


def _suits(
    work: Work, connection: Connection, pair: Pair, people: tuple[Person, Person], option: Option
) -> bool:
    slot = option.interval
    if not option.is_ahead(work.now):
        return False
    if option.on_site and not shares_site(*people, slot.start):
        return False
    return not suits(sides_at(work, connection, people, slot), slot, pair.agreement.buffer)


def _book(
    work: Work, connection: Connection, pair: Pair, poll: Poll, suiting: list[Option]
) -> None:
    """The best time that both ticked, confirmed at once: both have said that it suits."""
    option = best_shared(poll, suiting)
    if option is None:
        return
    people = work.roster.both_of(pair)
    # It costs neither anything: both asked for it.
    slot = Slot(option.interval, 0.0, (), option.on_site, (0.0, 0.0))
    number = meetings.next_number(connection, *pair.key)
    booking = new_booking(work, pair, people, Found(slot), number=number)
    booking = with_room(work, connection, booking)
    for side in booking.meeting.attendances:
        booking = booking.with_side(replace(side, partstat=Partstat.ACCEPTED))
    meeting = replace(booking.meeting, state=State.CONFIRMED)
    booking = replace(booking, meeting=meeting, why=str(Why.PICKED))
    meetings.save(connection, booking)
    close(work, connection, poll, booking.uid)
    post_invites(work, connection, booking)
    keep(connection, standing_of(connection, pair.key), str(State.CONFIRMED), "")
    work.counts.add("proposed")
    work.counts.add("confirmed")
    log.info("picked", poll=poll.id, uid=booking.uid)


def close(work: Work, connection: Connection, poll: Poll, outcome: str) -> None:
    """End a poll, and take back what is still queued of it."""
    polls.close(connection, poll.id, outcome, work.now)
    for email in poll.people:
        for again in (False, True):
            outbox.withdraw(connection, _key(poll, email, again=again))
    log.info("poll_closed", poll=poll.id, booked=outcome)


def _key(poll: Poll, email: str, *, again: bool) -> str:
    kind = "propose_nudge" if again else "propose"
    return f"{kind}:{poll.mentor}:{poll.mentee}:{poll.id}:{email}"


def _post(
    work: Work,
    connection: Connection,
    poll: Poll,
    person: Person,
    people: tuple[Person, Person],
    *,
    again: bool,
) -> None:
    other = people[0] if person.email == people[1].email else people[1]
    notice = ProposeNotice(
        key=_key(poll, person.email, again=again),
        reader=reader(person, work.now),
        other=party(other, work.now),
        offers=offers(poll, person, other),
        code=codes.issue(work, connection, PICK, person.email, poll.id),
        link=page_link(work.roster, work.secret, work.now, PICK, person.email, poll.id),
        again=again,
    )
    post(work, connection, notice, expires_at=poll.options[-1].interval.start)


def offers(poll: Poll, person: Person, other: Person) -> tuple[Offer, ...]:
    """The options as one of the two reads them."""
    return tuple(
        Offer(
            number,
            o.interval,
            zone_at(person, o.interval.start),
            zone_at(other, o.interval.start),
            o.on_site,
        )
        for number, o in enumerate(poll.options, 1)
    )


def escalate(work: Work, connection: Connection, pair: Pair, fallen: Booking) -> None:
    """Nothing is left to offer: both and the coordinator hear of it; the pair rests one rhythm."""
    rest = max(fallen.meeting.slot.start, work.now) + pair.agreement.every
    standing = replace(standing_of(connection, pair.key), rest_until=rest)
    reason = f"{fallen.meeting.tries} proposals failed; the coordinator was told"
    keep(connection, standing, WAITING, reason)
    people = work.roster.both_of(pair)
    told = [(reader(person, work.now), False) for person in people]
    for to, for_coordinator in (*told, (work.coordinator(), True)):
        notice = PatternNotice(
            key=f"escalate:{pair.mentor}:{pair.mentee}:{fallen.uid}:{to.email}",
            reader=to,
            mentor=party(people[0], work.now),
            mentee=party(people[1], work.now),
            for_coordinator=for_coordinator,
        )
        post(work, connection, notice, expires_at=rest)
    work.counts.add("escalated")


def answer(
    connection: Connection, poll: Poll, person: str, starts: frozenset[datetime], now: datetime
) -> None:
    """Keep what suits a partner; what was not offered, or is asked no more, counts for nothing."""
    if person not in poll.people or polls.outcome(connection, poll.id) is not None:
        return
    known = {option.interval.start for option in poll.options}
    polls.answer(connection, poll.id, person, starts & known, now)
    log.info("poll_answered", poll=poll.id, person=person)


def pick_by_mail(work: Work, connection: Connection, code: Code, rest: str) -> None:
    """PICK code 1 3 5: the numbers of the times that suit."""
    poll = polls.by_id(connection, code.about[0])
    person = work.roster.people.get(code.person)
    if poll is None or person is None or polls.outcome(connection, poll.id) is not None:
        return
    starts = picked(rest, poll.options)
    if starts is None:
        _misread(work, connection, poll, person, rest)
        return
    answer(connection, poll, person.email, starts, work.now)


def _misread(work: Work, connection: Connection, poll: Poll, person: Person, rest: str) -> None:
    notice = MisreadNotice(
        key=misread_key(work, person),
        reader=reader(person, work.now),
        problem="numbers",
        word="PICK",
        code=codes.issue(work, connection, PICK, person.email, poll.id),
        example="1 3",
    )
    post(work, connection, notice)
