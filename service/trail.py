"""The audit trail, "who was told what, when": letters that went out and acts, put on the chain.

It holds no word of any letter. Who it names are pseudonyms, whose meaning `forget` destroys; so the
chain holds after it, and rows are never rewritten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache, partial
from typing import Any

import structlog
from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from mentoring.chain import Break, Entry, Head, breaks
from mentoring.roster import Roster
from service.booking import stamp
from service.pseudonymous import call_by
from service.work import Work, reading
from store import chain, facts, pseudonyms
from store.audit import Act
from store.chain import Told
from store.instants import instant, seconds
from store.outbox import SENT
from store.pseudonyms import Alias

log = structlog.get_logger()

MAIL, UNKNOWN, ACT = "mail", "unknown", "act"
_LOGGED = "audit head logged"


def introduce_all(connection: Connection, roster: Roster) -> None:
    """See that everybody in the roster has a pseudonym, and that the log uses it."""
    everybody = (*roster.people, *roster.supervisors, *roster.coordinators)
    call_by(pseudonyms.give(connection, everybody))


def trail(work: Work) -> None:
    """Put on the chain what is not on it yet; once a day the log notes where it ends."""
    with work.engine.begin() as connection:
        head = catch_up(connection)
        today = work.today.isoformat()
        if head is None or facts.read(connection, _LOGGED) == today:
            return
        facts.write(connection, _LOGGED, today)
    log.info("audit_head", head=str(head))


def catch_up(connection: Connection) -> Head | None:
    """Put letters that went out and acts on the chain; its end, None where there is nothing on it.

    Acts go first: they are noted when they are done, and letters follow from them.
    """
    acts, letters = chain.acts_to_chain(connection), chain.letters_to_chain(connection)
    alias = cache(partial(pseudonyms.given, connection))
    rows = [*(_act(alias, act) for _, act in acts), *(_letter(alias, told) for told in letters)]
    head = chain.extend(connection, rows)
    chain.acts_chained(connection, [number for number, _ in acts])
    chain.letters_chained(connection, [told.id for told in letters])
    return head if head.number else None


def note(connection: Connection, now: datetime, what: str, who: str) -> None:
    """Put an act of the command line on the chain; `who` it was about is an address."""
    about = pseudonyms.given(connection, who).pseudonym
    chain.append(connection, Entry(0, seconds(now), ACT, what, "", about))


def _act(alias: Callable[[str], Alias], act: Act) -> Entry:
    named = [alias(person).pseudonym for person in (act.mentor, act.mentee) if person]
    who = alias(act.who).pseudonym
    return Entry(0, seconds(act.at), ACT, act.action, who, " ".join(named))


def _letter(alias: Callable[[str], Alias], told: Told) -> Entry:
    to = alias(told.recipient)
    what = MAIL if told.state == SENT else UNKNOWN
    letter = to.digest(told.key, told.message_id)
    return Entry(0, seconds(told.at), what, told.kind, to.pseudonym, "", letter)


def verified(engine: Engine, noted: Iterable[Head] = ()) -> tuple[Head, list[Break]]:
    """Where the chain ends, and all that is wrong with it."""
    with reading(engine) as connection:
        head = chain.head(connection)
        return head, breaks(chain.entries(connection), head, noted)


def document(engine: Engine, person: str, noted: Iterable[Head]) -> dict[str, Any]:
    """What `audit --json` prints; with `person`, an address or a pseudonym, only their rows.

    Raises ValueError for a person whom no row can name.
    """
    head, found = verified(engine, noted)
    with reading(engine) as connection:
        names = {alias: address for address, alias in pseudonyms.everybody(connection).items()}
        who = person if person in names else next((a for a, p in names.items() if p == person), "")
        if person and not who:
            raise ValueError(f"{person} is named nowhere; give an address or a p-… out of the log")
        rows = [_row(entry, names) for entry in chain.entries(connection, who)]
    return {
        "whole": not found,
        "rows": head.number,
        "head": str(head),
        "breaks": [{"number": b.number, "fault": b.fault} for b in found],
        "person": {"pseudonym": who, "address": names.get(who)} if who else None,
        "entries": rows,
    }


def _row(entry: Entry, names: dict[str, str]) -> dict[str, Any]:
    about = [names.get(alias, alias) for alias in entry.about.split()]
    return {
        "number": entry.number,
        "at": stamp(instant(entry.at)),
        "what": entry.what,
        "kind": entry.kind,
        "who": names.get(entry.who, entry.who),
        "about": about,
        "letter": entry.letter,
    }
