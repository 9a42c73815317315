"""Which pairs need a human, why, since when, and what would help: one answer for all who ask.

A pair's health is never scored by how often it met: what counts is that something stands still,
is broken, or that a partner says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

STALLED_AFTER = timedelta(days=21)
"""So long a pair may stand in one stage."""
QUIET_AFTER = 1.5
"""So many rhythms may pass without a meeting."""
MENDED_WITHIN = timedelta(days=3)
"""A calendar's owner is told at once, and has so long to mend it before it needs anybody else."""
UNSIGNED_AFTER = timedelta(days=30)
POLL_LATE = 3
"""Working days after which a poll with a silent partner is about to run out."""
LOW_CHANCE = 0.5
"""A goal less likely than this needs a change."""
MISSED_IN_A_ROW = 2

_RESTING = ("paused", "ended")


class Trouble(StrEnum):
    """Why a pair needs a human, the most pressing first. The words are for people too."""

    UNDELIVERED = "a mail did not arrive"
    UNSCHEDULABLE = "no time suits both"
    CONSENT = "a calendar needs consent"
    UNREADABLE = "a calendar can't be read"
    POORLY = "a partner says it goes poorly"
    MISSED = "meetings in a row did not take place"
    QUIET = "no meeting for long"
    STALLED = "nothing moves"
    POLL = "a poll is running out"
    UNSIGNED = "the agreement is not signed"
    FORECAST = "the goal is at risk"


_ORDER = {trouble: number for number, trouble in enumerate(Trouble)}


@dataclass(frozen=True)
class Need:
    """One trouble of one pair. `since` is a day on the programme's clock, where there is one;
    `remedy` is one sentence or two that say what to do."""

    mentor: str
    mentee: str
    why: Trouble
    since: date | None
    remedy: str

    @property
    def pair(self) -> tuple[str, str]:
        return self.mentor, self.mentee


@dataclass(frozen=True)
class Broken:
    """A partner's calendar that can't be relied on, by its owner's name."""

    owner: str
    needs_consent: bool
    since: date


@dataclass(frozen=True)
class Asked:
    """A poll or an agreement that waits for somebody, by their names.

    `working_days` passed since; of those who wait together the smallest count.
    """

    since: date
    missing: tuple[str, ...]
    working_days: int = 0


@dataclass(frozen=True)
class Outlook:
    """A pair's chance (0 to 1) to reach its goal, and the cheapest change that would help."""

    chance: float
    remedy: str = ""
    remedy_chance: float = 0.0


@dataclass(frozen=True)
class PairFacts:
    """What is known of a pair today. Days are on the programme's clock; `state` is as `status`
    has it.

    `met` is the day of the newest meeting that was held, `planned` whether one is confirmed ahead,
    `proposed` since when one waits for answers. `touched` is the day on which anything last moved:
    a meeting over or called off, a poll closed. `rested` is the last day of a pause that is over.
    `no_slot` is since when no time suits both, and `suggestion` the smallest change that would
    help. `lost` holds who did not get a mail, by name, and since when. `poorly` is the day on
    which a partner last said so, and has not said better since.
    """

    mentor: str
    mentee: str
    state: str
    start: date
    every: timedelta
    met: date | None = None
    planned: bool = False
    proposed: date | None = None
    touched: date | None = None
    rested: date | None = None
    missed: int = 0
    missed_on: date | None = None
    no_slot: date | None = None
    suggestion: str = ""
    broken: tuple[Broken, ...] = ()
    lost: tuple[tuple[str, date], ...] = ()
    unsigned: Asked | None = None
    poll: Asked | None = None
    poorly: date | None = None
    outlook: Outlook | None = None


def needs(facts: Iterable[PairFacts], today: date) -> tuple[Need, ...]:
    """Every trouble of every pair: the most pressing first, of one kind the oldest first.

    A pair that rests or ended has none, but for mail that did not arrive.
    """
    found = [
        Need(pair.mentor, pair.mentee, why, since, remedy)
        for pair in facts
        for why, since, remedy in _troubles(pair, today)
    ]
    return tuple(sorted(found, key=rank))


def by_pair(found: Iterable[Need]) -> dict[tuple[str, str], tuple[Need, ...]]:
    """The needs by pair, pairs and needs both in their order."""
    grouped: dict[tuple[str, str], tuple[Need, ...]] = {}
    for need in found:
        grouped[need.pair] = (*grouped.get(need.pair, ()), need)
    return grouped


def for_supervisor(found: Iterable[Need], people: Collection[str]) -> tuple[Need, ...]:
    """What may be told to a coordinator who is the supervisor of `people`: partners answer how it
    goes on the word that no supervisor reads it."""
    return tuple(n for n in found if n.why is not Trouble.POORLY or not set(people) & set(n.pair))


def rank(need: Need) -> tuple[int, date, str, str]:
    """What needs are sorted by: the most pressing first, of one kind the oldest first."""
    return _ORDER[need.why], need.since or date.max, need.mentor, need.mentee


_Found = tuple[Trouble, date | None, str]


def _troubles(pair: PairFacts, today: date) -> Iterator[_Found]:
    if pair.lost:
        name, since = min(pair.lost, key=lambda lost: lost[1])
        yield Trouble.UNDELIVERED, since, f"Check {name}'s address, then send the mail again."
    if pair.state in _RESTING:
        return
    yield from _calendars(pair, today)
    if pair.no_slot and pair.state == "unschedulable":
        yield Trouble.UNSCHEDULABLE, pair.no_slot, _change(pair.suggestion)
    if today < pair.start:
        return
    if pair.poorly:
        yield Trouble.POORLY, pair.poorly, "Ask both, one by one, how you can help."
    yield from _meetings(pair, today)
    if pair.poll and pair.poll.missing and pair.poll.working_days >= POLL_LATE:
        remedy = f"Ask {_names(pair.poll.missing)} to pick a time."
        yield Trouble.POLL, pair.poll.since, remedy
    if pair.unsigned and today - pair.unsigned.since >= UNSIGNED_AFTER:
        remedy = f"Ask {_names(pair.unsigned.missing)} to sign it, or to change it."
        yield Trouble.UNSIGNED, pair.unsigned.since, remedy
    if pair.outlook and pair.outlook.chance < LOW_CHANCE:
        yield Trouble.FORECAST, None, _better(pair.outlook)


def _calendars(pair: PairFacts, today: date) -> Iterator[_Found]:
    for calendar in pair.broken:
        if today - calendar.since < MENDED_WITHIN:
            continue
        if calendar.needs_consent:
            remedy = f"Mail {calendar.owner} the link again, or ask in person."
            yield Trouble.CONSENT, calendar.since, remedy
        else:
            remedy = f"Ask {calendar.owner} to publish the calendar again."
            yield Trouble.UNREADABLE, calendar.since, remedy


def _meetings(pair: PairFacts, today: date) -> Iterator[_Found]:
    """What stands still; one word a pair, and none where something else already says why."""
    if pair.missed >= MISSED_IN_A_ROW:
        yield Trouble.MISSED, pair.missed_on, "Ask both what keeps them; another rhythm may help."
        return
    if pair.planned or _is_explained(pair, today):
        return
    since = max(filter(None, (pair.met, pair.start, pair.rested)))
    if today - since > pair.every * QUIET_AFTER:
        yield Trouble.QUIET, since, _next_step(pair)
        return
    stage = pair.proposed or max(since, pair.touched or since)
    due = stage if pair.proposed else since + pair.every
    if today >= max(stage + STALLED_AFTER, due):
        yield Trouble.STALLED, stage, _next_step(pair)


def _is_explained(pair: PairFacts, today: date) -> bool:
    if pair.no_slot and pair.state == "unschedulable":
        return True
    return any(today - calendar.since >= MENDED_WITHIN for calendar in pair.broken)


def _next_step(pair: PairFacts) -> str:
    if pair.proposed:
        return "Ask both to answer the invitation."
    if pair.poll and pair.poll.missing:
        return f"Ask {_names(pair.poll.missing)} to pick a time."
    return "Ask both what would help; look at their page first."


def _change(suggestion: str) -> str:
    if suggestion:
        return f"{suggestion[0].upper()}{suggestion[1:]}."
    return "Ask both for other hours, or for another rhythm."


def _better(outlook: Outlook) -> str:
    if not outlook.remedy:
        return "Ask both for a smaller goal."
    then = f"{outlook.chance:.0%} becomes {outlook.remedy_chance:.0%}"
    return f"{outlook.remedy[0].upper()}{outlook.remedy[1:].rstrip('.')}: {then}."


def _names(people: Iterable[str]) -> str:
    return " and ".join(people)
