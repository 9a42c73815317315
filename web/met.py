"""Did you meet? One question, and what the partner wants to say besides."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from mentoring.agenda import LONGEST, MOST, fault_in
from mentoring.met import LONGEST_MINUTES, Pulse, Said
from mentoring.wording import spoken
from service import met
from web.forms import Form, Page, Shown, Visit


def _show(
    visit: Visit,
    *,
    typed: Mapping[str, str] | None = None,
    faults: Collection[str] = (),
) -> Shown | None:
    person = visit.person
    asked = met.asked(visit.work, _uid(visit), person.email)
    if asked is None:
        return None
    meeting = asked.meeting
    other = meeting.other_than(person.email)
    mine = meeting.other_than(other.email)
    context = {
        "other": other,
        "here": spoken(meeting.slot, mine.zone, person.language),
        "said": asked.said,
        "pulse": asked.pulse,
        "over": asked.over,
        "typed": typed or _said_before(asked),
        "faults": faults,
        "limits": {"minutes": LONGEST_MINUTES, "steps": MOST, "characters": LONGEST},
    }
    return Shown("met", context, 422 if faults else 200)


def _said_before(asked: met.Asked) -> dict[str, str]:
    said = asked.said
    return {
        "met": "" if said is None else "yes" if said.met else "no",
        "minutes": str(said.minutes) if said and said.minutes else "",
        "steps": "\n".join(asked.steps),
        "pulse": "",
    }


def _act(visit: Visit, form: Form) -> Shown | None:
    typed = {name: form.one(name) for name in ("met", "minutes", "steps", "pulse")}
    steps = [line.strip() for line in typed["steps"].splitlines() if line.strip()]
    if faults := _faults(typed, steps):
        return _show(visit, typed=typed, faults=faults)
    word = Said(typed["met"] == "yes", met.minutes_in(typed["minutes"]))
    pulse = next((value for value in Pulse if value == typed["pulse"]), None)
    met.say(visit.work, _uid(visit), visit.person.email, word, steps=steps, pulse=pulse)
    return None


def _faults(typed: Mapping[str, str], steps: list[str]) -> tuple[str, ...]:
    """The names of the fields that can't be so."""
    wrong = {
        "met": typed["met"] not in ("yes", "no"),
        "minutes": bool(typed["minutes"]) and not _is_minutes(typed["minutes"]),
        "steps": len(steps) > MOST or any(map(fault_in, steps)),
    }
    return tuple(field for field, is_wrong in wrong.items() if is_wrong)


def _is_minutes(text: str) -> bool:
    return text.isdecimal() and met.minutes_in(text) is not None


def _uid(visit: Visit) -> str:
    (uid,) = visit.about
    return uid


PAGE = Page(met.MET, _show, _act)
