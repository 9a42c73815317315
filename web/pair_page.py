"""One pair as its coordinator sees it: dates and states, never what the two write to each other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.engine import Connection
from starlette.responses import Response

from mentoring import wording
from mentoring.choices import pause_on
from mentoring.interval import Interval
from mentoring.meeting import State
from mentoring.roster import Pair
from mentoring.strip import in_words
from service import acts
from service.acts import Done
from service.explain import explain
from service.work import Work, reading
from store import audit, history
from store.history import Past
from web import charts
from web.board import legend, outlook, weeks_of
from web.coordinator import Seat
from web.forms import Form

_LAST_ACTS = 10
_PULSES = {"well": "well", "mixed": "so-so", "poorly": "not well"}


def show(seat: Seat) -> Response | None:
    work = seat.seen.work
    row = next((row for row in seat.seen.rows if _path(row.pair) == seat.about), None)
    if row is None:
        return None
    pair, names = row.pair, {p.email: p.name for p in work.roster.both_of(row.pair)}
    with reading(work.engine) as connection:
        past = history.of_pairs(connection, [pair.key]).get(pair.key, [])
        is_supervisor = work.roster.supervised_by(seat.visitor.email) & set(pair.key)
        pulses = [] if is_supervisor else history.pulses_of(connection, *pair.key)
        done = audit.newest(connection, _LAST_ACTS, pair.key)
        why = explain(work, connection, pair)
    weeks = weeks_of(work, pair, past)
    pause = pause_on(pair, work.today, work.today)
    return seat.show(
        "pair",
        row=row,
        people=work.roster.both_of(pair),
        every=pair.agreement.every.days,
        minutes=pair.agreement.minutes,
        meetings=[_meeting(work, one) for one in reversed(past)],
        strip=charts.strip(weeks),
        strip_words=in_words(weeks),
        legend=legend(),
        forecast=outlook(row.forecast) if row.forecast else None,
        pulses=[
            {
                "name": names.get(p.person, p.person),
                "day": _day(work, p.at),
                "word": _PULSES[p.value],
            }
            for p in pulses
        ],
        explanation=_explained(why),
        coming=row.coming is not None,
        acts=[{"act": one, "day": _day(work, one.at)} for one in done],
        paused=bool(pause and pause.by_coordinator),
        proposed=any(one.state is State.PROPOSED and one.end > work.now for one in past),
        today=work.today,
        in_two_weeks=work.today + timedelta(weeks=2),
    )


def _path(pair: Pair) -> str:
    return f"{pair.mentor}/{pair.mentee}"


def _day(work: Work, at: Any) -> str:
    return wording.spoken(Interval(at, at + timedelta(minutes=1)), _zone(work), "en").day


def _zone(work: Work) -> str:
    return work.roster.programme.timezone


def _meeting(work: Work, past: Past) -> dict[str, Any]:
    when = wording.spoken(Interval(past.start, past.end), _zone(work), "en")
    state = str(past.state)
    if past.state is State.HELD:
        state = "held, as assumed" if past.assumed else "held"
    elif past.state is State.CANCELLED:
        state = "called off"
    return {
        "number": past.number,
        "when": when.whole,
        "where": "in person" if past.on_site else "virtual",
        "state": state,
    }


def _explained(why: dict[str, Any]) -> dict[str, Any]:
    chosen = why["chosen"]
    return {
        "reasons": chosen["reasons"] if chosen else [],
        "rejected": sorted(why["rejected"].items(), key=lambda item: -item[1]),
        "suggestion": why["suggestion"] or "",
        "chosen": bool(chosen),
    }


def act(seat: Seat, work: Work, connection: Connection, form: Form) -> Done:
    """Pause, go on, or skip the proposal that waits."""
    pair = next((pair for pair in work.roster.pairs if _path(pair) == seat.about), None)
    if pair is None:
        return Done.NOTHING
    who = seat.visitor.email
    match form.one("do"):
        case "pause":
            return acts.pause(work, connection, who, pair, form.one("until"))
        case "go on":
            return acts.go_on(work, connection, who, pair)
        case "skip":
            return acts.skip_proposal(work, connection, who, pair)
    return Done.NOTHING
