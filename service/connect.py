"""A partner's consent link, for the coordinator to hand out: what `connect` does."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine

from integrations.ports import ProviderError
from integrations.registry import Ports
from mentoring.notices import CalendarNotice
from mentoring.roster import Person, Roster
from service.consent import connect_link, needs_consent
from service.grants import StoredGrants
from service.links import base_url
from service.post import post
from service.work import Work, reader
from store import facts


def connect(
    roster: Roster, engine: Engine, ports: Ports, grants: StoredGrants, person: Person
) -> str:
    """The link; empty where the calendar needs no consent.

    Raises ProviderError where the consent could not be asked for, or not be kept.
    """
    if not needs_consent(person):
        return ""
    if not base_url(roster):
        raise ProviderError(
            "[web] base_url is not set, so there is no page to consent on",
            mend="set it to the address under which people reach this service",
            permanent=True,
        )
    grants.check()
    ports.consent(person.calendar).page(base_url(roster), "", "")
    return connect_link(_work(roster, engine, ports), person)


def post_link(roster: Roster, engine: Engine, ports: Ports, person: Person, link: str) -> None:
    """Queue the mail with the link; the service sends it in the person's work hours."""
    work = _work(roster, engine, ports)
    notice = CalendarNotice(
        key=f"connect:{person.email}:{work.now.isoformat()}",
        reader=reader(person, work.now),
        problem="it is not connected yet, or not any more",
        mend="open the page below and follow it; it takes a minute",
        link=link,
        again=False,
    )
    with engine.begin() as connection:
        post(work, connection, notice)


def _work(roster: Roster, engine: Engine, ports: Ports) -> Work:
    with engine.begin() as connection:
        secret = facts.secret(connection)
    return Work(roster, engine, ports, datetime.now(UTC), secret)
