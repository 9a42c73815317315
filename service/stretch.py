"""Pairs without a common hour: asking both whether they would meet outside their hours."""

from __future__ import annotations

from dataclasses import replace

import structlog
from sqlalchemy.engine import Connection

from mentoring.meeting import State
from mentoring.notices import StretchNotice
from mentoring.roster import Pair
from mentoring.slots import Reason, Side, Slot, Wanted
from mentoring.stretch import Stretch, balance, have_common_hours, least_stretch
from service.codes import issue
from service.links import page_link
from service.post import post
from service.work import Work, party, reader
from store import meetings, preferences, standings
from store.codes import Code

log = structlog.get_logger()

PURPOSE = "stretch"
YES, NO = "yes", "no"


def preference(pair: tuple[str, str]) -> str:
    """The name under which a partner's answer is kept."""
    return f"{PURPOSE} {pair[0]} {pair[1]}"


def answer_of(connection: Connection, pair: tuple[str, str], person: str) -> str:
    """Yes, no, or empty where they have not answered."""
    return preferences.read(connection, person, preference(pair))


def consented(connection: Connection, pair: tuple[str, str]) -> bool:
    """Whether both would meet outside their hours."""
    return all(answer_of(connection, pair, person) == YES for person in pair)


def stretched_slot(
    connection: Connection,
    pair: tuple[str, str],
    both: tuple[Side, Side],
    wanted: Wanted,
    *,
    besides: str,
) -> Slot | None:
    """The time outside hours that both agreed to have looked for, if there is one.

    `besides` is the UID of the meeting that it is for, if that has a time already.
    """
    if not consented(connection, pair) or have_common_hours(*both, wanted):
        return None
    before = bent_before(connection, pair, besides=besides)
    found = least_stretch(*both, wanted, before)
    return slot_of(found, balance(before)) if found else None


def slot_of(stretch: Stretch, borne: tuple[float, float]) -> Slot:
    minutes = (float(stretch.minutes[0]), float(stretch.minutes[1]))
    reasons = tuple(
        Reason(f"{bent:.0f} minutes outside the {role}'s hours, as both agreed", bent)
        for role, bent in zip(("mentor", "mentee"), minutes, strict=True)
        if bent
    )
    return Slot(stretch.interval, sum(minutes), reasons, False, minutes, True, borne)


def bent_before(
    connection: Connection, pair: tuple[str, str], *, besides: str = ""
) -> list[tuple[float, float]]:
    """The minutes that each of the pair bent in the meetings that were not called off."""
    return [
        b.edges
        for b in meetings.of_pair(connection, *pair)
        if b.outside and b.meeting.state is not State.CANCELLED and b.uid != besides
    ]


def ask(
    work: Work, connection: Connection, pair: Pair, both: tuple[Side, Side], wanted: Wanted
) -> None:
    """Ask both, once, whether they would bend; where one said no there is nothing to ask."""
    if have_common_hours(*both, wanted):
        return
    found = least_stretch(*both, wanted, bent_before(connection, pair.key))
    if found is None:
        return
    people = work.roster.both_of(pair)
    for number, person in enumerate(people):
        other = people[1 - number]
        notice = StretchNotice(
            key=f"stretch:{pair.mentor}:{pair.mentee}:{person.email}",
            reader=reader(person, found.interval.start),
            other=party(other, found.interval.start),
            slot=found.interval,
            outside=(found.minutes[number], found.minutes[1 - number]),
            code=issue(work, connection, PURPOSE, person.email, *pair.key),
            link=page_link(work.roster, work.secret, work.now, PURPOSE, person.email, *pair.key),
        )
        if post(work, connection, notice):
            log.info("stretch_asked", mentor=pair.mentor, mentee=pair.mentee, person=person.email)


def answer(
    work: Work, connection: Connection, pair: tuple[str, str], person: str, said: str
) -> None:
    """Note what a partner said; with both consents the next pass looks for a time at once."""
    preferences.write(connection, person, preference(pair), said, work.now)
    standing = standings.of_pair(connection, *pair)
    if standing:
        standings.save(connection, replace(standing, rest_until=None))
    log.info("stretch_answered", mentor=pair[0], mentee=pair[1], person=person, said=said)


def obey_yes(work: Work, connection: Connection, meaning: Code, _rest: str) -> None:
    answer(work, connection, (meaning.about[0], meaning.about[1]), meaning.person, YES)


def obey_no(work: Work, connection: Connection, meaning: Code, _rest: str) -> None:
    answer(work, connection, (meaning.about[0], meaning.about[1]), meaning.person, NO)
