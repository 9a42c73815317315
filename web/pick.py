"""The page on which a partner ticks the times that suit."""

from __future__ import annotations

from datetime import datetime

from mentoring.poll import Poll
from mentoring.roster import Pair
from service import polls as service
from service.polls import offers, still_suiting
from service.work import reading
from store import polls
from web.forms import Form, Page, Shown, Visit

_NONE = "none"


def show(visit: Visit) -> Shown | None:
    return _shown(visit)


def act(visit: Visit, form: Form) -> Shown | None:
    poll, pair = _asked(visit)
    if poll is None or pair is None:
        return _shown(visit)
    ticked, none = form.all("suits"), bool(form.one(_NONE))
    if bool(ticked) == none:
        return _shown(visit, fault="both" if none else "nothing", ticked=ticked, none=none)
    starts = {str(n): option.interval.start for n, option in enumerate(poll.options, 1)}
    picked: frozenset[datetime] = frozenset(starts[t] for t in ticked if t in starts)
    with visit.work.engine.begin() as connection:
        service.answer(connection, poll, visit.person.email, picked, visit.work.now)
    return None


def _asked(visit: Visit) -> tuple[Poll | None, Pair | None]:
    """The poll that the link is about with its pair, while it runs; nothing of another's."""
    with reading(visit.work.engine) as connection:
        poll = polls.by_id(connection, visit.about[0]) if visit.about else None
        if poll is None or visit.person.email not in poll.people:
            return None, None
        if polls.outcome(connection, poll.id) is not None:
            return poll, None
    return poll, visit.work.roster.pair(poll.people)


def _shown(
    visit: Visit, *, fault: str = "", ticked: list[str] | None = None, none: bool = False
) -> Shown | None:
    poll, pair = _asked(visit)
    if poll is None:
        return None
    if pair is None:
        return Shown("pick_closed")
    work, person = visit.work, visit.person
    other = next(p for p in work.roster.both_of(pair) if p.email != person.email)
    with reading(work.engine) as connection:
        suiting = still_suiting(work, connection, pair, poll)
    mine = poll.answers.get(person.email)
    if ticked is None:
        ticked = [str(n) for n, o in enumerate(poll.options, 1) if o.interval.start in (mine or ())]
        none = mine is not None and not mine
    gone = {
        n
        for n, option in enumerate(poll.options, 1)
        if not option.is_ahead(work.now) or (suiting is not None and option not in suiting)
    }
    context = {
        "other": other,
        "offers": offers(poll, person, other),
        "gone": gone,
        "ticked": ticked,
        "none": none,
        "answered": mine is not None,
        "fault": fault,
    }
    return Shown("pick", context, status=422 if fault else 200)


PAGE = Page(service.PICK, show, act)
