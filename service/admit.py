"""Letting coordinators in: a link by mail, good once and for minutes; a session that can end.

Whoever asks gets the same answer at the same speed: what is typed is kept as a keyed digest, and
only the next pass looks whether it is a coordinator's. `mentoring/sign_in.py` has the numbers.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.engine import Connection

from mentoring.notices import Reader
from mentoring.roster import Roster
from mentoring.sign_in import (
    IN_ALL,
    LINK_LASTS,
    PER_ADDRESS,
    SESSION_LASTS,
    SIGN_IN,
    WINDOW,
    SignInNotice,
)
from service.deliver import deliver
from service.links import opened, page_link, sign
from service.post import post
from service.work import Work, reading
from store import audit, sign_ins
from store.audit import Act
from store.sign_ins import SignIn

log = structlog.get_logger()

PURPOSE = "coordinator/enter"
"""The purpose of sign-in links, and their path."""
SESSION = "session"
"""The purpose of what the cookie holds."""


@dataclass(frozen=True)
class Visitor:
    """A coordinator who is signed in. `token` is the session's own secret."""

    email: str
    token: str


def ask(work: Work, typed: str) -> bool:
    """Note that somebody wants a link; too many an hour are passed over without a word, False.

    Strangers' asking, however much, keeps no coordinator out.
    """
    address = sign_in_mark(work, typed)
    known = address in {sign_in_mark(work, email) for email in work.roster.coordinators}
    since = work.now - WINDOW
    with work.engine.begin() as connection:
        if sign_ins.asked_since(connection, since) >= IN_ALL and not known:
            log.warning("sign_ins_too_many", an_hour=IN_ALL)
            return False
        if sign_ins.asked_since(connection, since, address) >= PER_ADDRESS:
            log.warning("sign_ins_too_many_for_one", an_hour=PER_ADDRESS)
            return False
        sign_ins.ask(connection, address, work.now)
    log.info("sign_in_asked")
    return True


def sign_in_mark(work: Work, typed: str) -> str:
    """What stands for an address in the rows of who asked to sign in."""
    return work.token("sign in", typed.strip().lower(), length=32)


def admit(work: Work) -> None:
    """Mail the links that coordinators asked for, at once."""
    with reading(work.engine) as connection:
        waiting = sign_ins.waiting(connection)
    if not waiting:
        return
    known = {sign_in_mark(work, email): email for email in work.roster.coordinators}
    with work.engine.begin() as connection:
        for asked in waiting:
            sign_ins.settle(connection, asked.id, work.now)
            if asked.address in known and work.now < asked.asked_at + LINK_LASTS:
                _mail_link(work, connection, asked, known[asked.address])
    deliver(work, only=(SIGN_IN,))


def _mail_link(work: Work, connection: Connection, asked: SignIn, email: str) -> None:
    link = page_link(work.roster, work.secret, work.now, PURPOSE, email, str(asked.id))
    if not link:
        log.error("sign_in_without_pages", mend="set [web] base_url in overlap.toml")
        return
    notice = SignInNotice(
        key=f"signin:{asked.id}:{int(asked.asked_at.timestamp())}:{email}",
        reader=Reader("Coordinator", email, work.roster.programme.timezone),
        link=link,
    )
    post(work, connection, notice, expires_at=work.now + LINK_LASTS)
    log.info("sign_in_mailed", sign_in=asked.id, person=email)


def invited(work: Work, connection: Connection, link: str) -> str | None:
    """Whom a sign-in link lets in; None where it is forged, too old, used, or no coordinator's."""
    found = opened(work.secret, PURPOSE, link, work.now)
    if found is None or found.email not in work.roster.coordinators:
        return None
    return found.email if sign_ins.is_open(connection, int(found.about[0])) else None


def enter(work: Work, link: str) -> Visitor | None:
    """Use a link up and begin a session; None where it lets nobody in."""
    found = opened(work.secret, PURPOSE, link, work.now)
    if found is None or found.email not in work.roster.coordinators:
        return None
    token = secrets.token_urlsafe(32)
    with work.engine.begin() as connection:
        if not sign_ins.use(connection, int(found.about[0]), work.now):
            return None
        sign_ins.begin(connection, _digest(token), found.email, work.now)
        audit.note(connection, Act(work.now, found.email, "signed in"))
    log.info("signed_in", person=found.email)
    return Visitor(found.email, token)


def cookie(work: Work, visitor: Visitor) -> str:
    """What the browser keeps: the session's token, and when it was last used, signed.

    Each answer renews it, so that a session's idle time is counted without a write.
    """
    return sign(work.secret, SESSION, work.now, visitor.token)


def visitor(work: Work, connection: Connection, kept: str) -> Visitor | None:
    """Who sent a cookie; None where the session is over, or its address was taken out."""
    found = opened(work.secret, SESSION, kept, work.now)
    if found is None:
        return None
    known = sign_ins.session(connection, _digest(found.email))
    if known is None or not _lasts(work.roster, known.email, known.made_at, work.now):
        return None
    return Visitor(known.email, found.email)


def _lasts(roster: Roster, email: str, made_at: datetime, now: datetime) -> bool:
    return email in roster.coordinators and now < made_at + SESSION_LASTS


def leave(work: Work, visitor: Visitor) -> None:
    """End a session."""
    with work.engine.begin() as connection:
        sign_ins.end(connection, _digest(visitor.token))
        audit.note(connection, Act(work.now, visitor.email, "signed out"))
    log.info("signed_out", person=visitor.email)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
