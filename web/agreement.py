"""The agreement of a pair: sign what is proposed, or propose something else."""

from __future__ import annotations

from mentoring.agreement import MOST_WEEKS, Terms, lengths, read_terms, terms_of
from mentoring.roster import Channel, Pair
from service import agreeing
from service.agreeing import PURPOSE
from service.work import reading
from web.forms import Form, Page, Shown, Visit, pair_of


def _show(visit: Visit) -> Shown | None:
    pair = pair_of(visit)
    return _shown(visit, pair) if pair else None


def _shown(visit: Visit, pair: Pair, fault: str = "", sent: Form | None = None) -> Shown:
    with reading(visit.work.engine) as connection:
        paper = agreeing.paper(visit.work, connection, pair)
    mentor, mentee = visit.work.roster.both_of(pair)
    names = {mentor.email: mentor.name, mentee.email: mentee.name}
    newest = paper.open or paper.holding
    context = {
        "other": mentee if visit.person.email == mentor.email else mentor,
        "paper": paper,
        "names": names,
        "fields": _sent(sent) if sent else _fields(newest.terms if newest else terms_of(pair)),
        "fault": fault,
        "most_weeks": MOST_WEEKS,
        "lengths": lengths(_filed(visit, pair)),
        "channels": [str(channel) for channel in Channel],
    }
    return Shown("agreement", context, 422 if fault else 200)


def _filed(visit: Visit, pair: Pair) -> int:
    """How long a meeting lasts by the coordinator's files, whatever was agreed since."""
    files = visit.work.files or visit.work.roster
    return next(p.agreement.minutes for p in files.pairs if p.key == pair.key)


def _fields(terms: Terms) -> dict[str, str]:
    return {
        # A rhythm of the files may be no whole weeks: then the two say what they mean.
        "weeks": "" if terms.every.days % 7 else str(terms.every.days // 7),
        "minutes": str(terms.minutes),
        "channel": str(terms.channel),
        "share": str(terms.share),
        "conflicts": terms.conflicts,
    }


def _sent(form: Form) -> dict[str, str]:
    names = ("weeks", "minutes", "channel", "share", "conflicts")
    return {name: form.one(name) for name in names}


def _act(visit: Visit, form: Form) -> Shown | None:
    pair = pair_of(visit)
    if pair is None:
        return None
    if form.one("do") == "sign":
        return _sign(visit, pair, form)
    sent = _sent(form)
    terms = read_terms(**sent, filed=_filed(visit, pair))
    if isinstance(terms, str):
        return _shown(visit, pair, fault=terms, sent=form)
    with visit.work.engine.begin() as connection:
        agreeing.amend(visit.work, connection, pair, terms, visit.person.email)
    return None


def _sign(visit: Visit, pair: Pair, form: Form) -> Shown | None:
    version = form.one("version")
    number = int(version) if version.isdecimal() and len(version) < 9 else 0
    with visit.work.engine.begin() as connection:
        signed = agreeing.sign(visit.work, connection, pair, number, visit.person.email)
    return None if signed else _shown(visit, pair, fault="version")


PAGE = Page(PURPOSE, _show, _act)
