"""The agreement: the programme drafts it, both sign or amend it, and what both signed holds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog
from sqlalchemy.engine import Connection

from mentoring.agreement import AgreeNotice, Terms, UnsignedNotice, due_step, terms_of
from mentoring.feasible import Feasibility, feasibility
from mentoring.interval import Interval
from mentoring.roster import Pair
from mentoring.slots import Wanted
from service.codes import issue
from service.intro import pair_start
from service.links import page_link
from service.post import post
from service.propose import live_ahead
from service.sides import sides, unknown
from service.work import Work, party, reader, reading
from store import agreements, meetings, outbox
from store.agreements import Version
from store.codes import Code

log = structlog.get_logger()

PURPOSE = "agreement"


def agreeing(work: Work) -> None:
    """Draft what is missing, and ask whoever has not signed the newest version."""
    with reading(work.engine) as connection:
        settled = agreements.settled(connection)
    for pair in work.roster.pairs:
        if pair.key in settled or work.today > pair.end:
            continue
        if pair_start(work, pair) <= work.now:
            with work.engine.begin() as connection:
                _ask(work, connection, pair)


def _ask(work: Work, connection: Connection, pair: Pair) -> None:
    newest = _newest(work, connection, pair)
    if newest.in_force_at:
        return
    begun = max(newest.made_at, pair_start(work, pair))
    step = due_step((work.now - begun).days)
    if step is None:
        return
    missing = [person for person in pair.key if person not in newest.signed]
    for person in missing:
        if not outbox.is_said(connection, _key(pair, newest, step, person)):
            _ask_one(work, connection, pair, newest, person, step)
    if step == 30 and pair.key not in agreements.in_force(connection):
        _tell_coordinator(work, connection, pair, newest, missing)


def _key(pair: Pair, version: Version, step: int, reader: str) -> str:
    return f"agree:{pair.mentor}:{pair.mentee}:{version.number}:{step}:{reader}"


def _newest(work: Work, connection: Connection, pair: Pair) -> Version:
    """The newest version; the programme's draft, written now, where there is none."""
    known = agreements.versions(connection, *pair.key)
    if known:
        return known[-1]
    agreements.add(connection, *pair.key, terms_of(pair), "", work.now)
    log.info("agreement_drafted", mentor=pair.mentor, mentee=pair.mentee)
    return agreements.versions(connection, *pair.key)[-1]


def _ask_one(
    work: Work, connection: Connection, pair: Pair, version: Version, person: str, step: int
) -> None:
    people = work.roster.both_of(pair)
    me, other = people if person == pair.mentor else (people[1], people[0])
    notice = AgreeNotice(
        key=_key(pair, version, step, person),
        reader=reader(me, work.now),
        other=party(other, work.now),
        version=version.number,
        terms=replace(version.terms, conflicts=""),
        written_by=work.roster.people[version.author].name if version.author else "",
        feasibility=feasible(work, connection, pair, version.terms),
        reminder=step > 0,
        amends=pair.key in agreements.in_force(connection),
        code=issue(work, connection, PURPOSE, person, *pair.key, str(version.number)),
        link=page_link(work.roster, work.secret, work.now, PURPOSE, person, *pair.key),
    )
    post(work, connection, notice)


def _tell_coordinator(
    work: Work, connection: Connection, pair: Pair, version: Version, missing: list[str]
) -> None:
    mentor, mentee = work.roster.both_of(pair)
    notice = UnsignedNotice(
        key=_key(pair, version, 30, "coordinator"),
        reader=work.coordinator(),
        mentor=party(mentor, work.now),
        mentee=party(mentee, work.now),
        missing=tuple(work.roster.people[person].name for person in missing),
    )
    post(work, connection, notice)


def feasible(work: Work, connection: Connection, pair: Pair, terms: Terms) -> Feasibility | None:
    """What the two calendars allow of these terms; None where a calendar can't be relied on."""
    people = work.roster.both_of(pair)
    if unknown(work, connection, people):
        return None
    # No further than calendars are read: unknown is not free.
    window = Interval(work.now, work.now + pair.agreement.horizon)
    wanted = Wanted(window, window.start, terms.minutes, pair.agreement.buffer)
    ahead = live_ahead(work, meetings.of_pair(connection, *pair.key))
    held = [booking.meeting.slot for booking in ahead]
    return feasibility(*sides(work, connection, people, window), wanted, terms.every, held)


@dataclass(frozen=True)
class Paper:
    """What a partner sees of their agreement: every version, and what is open."""

    versions: tuple[Version, ...]
    holding: Version | None
    open: Version | None
    feasibility: Feasibility | None


def paper(work: Work, connection: Connection, pair: Pair) -> Paper:
    known = agreements.versions(connection, *pair.key)
    holding = next((v for v in reversed(known) if v.in_force_at), None)
    newest = known[-1] if known else None
    still_open = newest if newest and not newest.in_force_at else None
    terms = newest.terms if newest else terms_of(pair)
    return Paper(tuple(known), holding, still_open, feasible(work, connection, pair, terms))


def sign(work: Work, connection: Connection, pair: Pair, number: int, person: str) -> bool:
    """Sign the newest version; False where another is newer, and so not what they read."""
    known = agreements.versions(connection, *pair.key)
    if not known or known[-1].number != number:
        return False
    if agreements.sign(connection, *pair.key, number, person, work.now):
        log.info("agreement_holds", mentor=pair.mentor, mentee=pair.mentee, version=number)
    return True


def amend(work: Work, connection: Connection, pair: Pair, terms: Terms, person: str) -> None:
    """Write the next version and sign it; the other is asked by the next pass."""
    known = agreements.versions(connection, *pair.key)
    if known and known[-1].terms == terms:
        sign(work, connection, pair, known[-1].number, person)
        return
    number = agreements.add(connection, *pair.key, terms, person, work.now)
    agreements.sign(connection, *pair.key, number, person, work.now)
    log.info("agreement_amended", mentor=pair.mentor, mentee=pair.mentee, version=number)


def obey_agree(work: Work, connection: Connection, meaning: Code, _rest: str) -> None:
    mentor, mentee, number = meaning.about
    pair = work.roster.pair((mentor, mentee))
    if pair and not sign(work, connection, pair, int(number), meaning.person):
        log.info("agreement_out_of_date", mentor=mentor, mentee=mentee, version=number)
