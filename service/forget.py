"""Forgetting a person: everything of theirs but counts, and saying who had been told what.

Meetings ahead are called off first. What must still be sent waits for it; each pass looks again,
until nothing is left (`finish`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.engine import Connection

from integrations.ports import Grants, ProviderError
from mentoring.notices import Why
from mentoring.roster import Roster
from mentoring.roster_rows import FILES
from mentoring.settings_file import FILE as SETTINGS
from mentoring.settings_file import line_of
from mentoring.tables import Fault, decode
from service import trail
from service.admit import sign_in_mark
from service.booking import call_off, stamp
from service.consent import Asks
from service.roster_source import read_files
from service.work import Work, reading
from store import erase, forgetting, meetings, owners, scrub
from store.erase import Erased, Subject
from store.letters_about import Said

log = structlog.get_logger()

REMEMBERED = timedelta(days=30)
"""How long a digest of the address is kept, by which a second `forget` knows of the first."""
_LATE = timedelta(days=1)
"""How long what a pass that was under way wrote of them is looked for."""


class Refused(Exception):  # noqa: N818 - nothing failed
    """They can't be forgotten now; `faults` says why and what to do first."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@dataclass
class Account:
    """What came of it. `told` are letters to them or about them that went out; `waiting` are still
    to go. `revoked` and `theirs_to_revoke` are calendars that we were let read."""

    person: str
    again: bool = False
    told: list[Said] = field(default_factory=list)
    called_off: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    revoked: list[str] = field(default_factory=list)
    theirs_to_revoke: list[str] = field(default_factory=list)
    scrubbed: bool = False
    backups: list[tuple[Path, datetime]] = field(default_factory=list)
    mail_folder: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "person": self.person,
            "again": self.again,
            "told": [
                {"at": stamp(s.at), "kind": s.kind, "recipient": s.recipient} for s in self.told
            ],
            "called_off": self.called_off,
            "removed": self.rows,
            "waiting": self.waiting,
            "revoked": self.revoked,
            "to_withdraw": self.theirs_to_revoke,
            "scrubbed": self.scrubbed,
            "backups": [
                {"file": str(path), "made": stamp(made), "kept_until": stamp(until(made))}
                for path, made in self.backups
            ],
        }


def until(made: datetime) -> datetime:
    """When a backup of an upgrade is deleted."""
    return made + scrub.BACKUPS_KEPT


def forget(work: Work, directory: Path, address: str, grants: Grants, asks: Asks) -> Account:
    """Forget this person. Raises Refused where a legal hold, or the files, stand against it."""
    address = address.strip().lower()
    _allow(work.roster, directory, address)
    account = Account(address)
    _give_back(work, grants, asks, address, account)
    with work.engine.begin() as connection:
        mark = _mark(work, address)
        before = forgetting.is_marked(connection, mark)
        if address not in owners.known_people(connection):
            if not before:
                what = f"nothing is known of {address}"
                raise Refused(Fault("forget", 1, what, "check the address"))
            account.again = True
        else:
            _forget(work, connection, address, account)
            forgetting.ask(connection, address, mark, work.now)
            _settle(work, connection, address, account)
    account.scrubbed = scrub.scrub(work.engine)
    account.backups = list(scrub.backups(work.engine))
    scheme, _, folder = work.roster.settings.mail.get("url", "").partition(":")
    account.mail_folder = folder if scheme == "maildir" else ""
    log.info("forgotten", waiting=account.waiting, again=account.again)
    return account


def _allow(roster: Roster, directory: Path, address: str) -> None:
    files = read_files(directory)
    if hold := roster.settings.hold:
        line = line_of(decode(files[SETTINGS]), ["privacy", "hold"])
        mend = "take privacy.hold out once the hold is lifted, then forget them"
        raise Refused(Fault(str(directory / SETTINGS), line, f"legal hold: {hold}", mend))
    mend = "take them out of this row, or the row out, then forget them"
    found = [
        Fault(str(directory / name), number, f"{address} is still in the programme", mend)
        for name in FILES
        if name in files
        for number, line in enumerate(decode(files[name]).splitlines(), 1)
        if erase.Subject(address, frozenset()).pattern().search(line)
    ]
    if found:
        raise Refused(*found)


def _give_back(work: Work, grants: Grants, asks: Asks, address: str, account: Account) -> None:
    """Give their consents back at the provider; what can't be is theirs to withdraw."""
    with reading(work.engine) as connection:
        known = erase.accounts(connection, address)
    for name in known:
        try:
            token = grants.load(name)
            gone = token is not None and asks.consent(name).revoke(token)
        except ProviderError as error:
            log.warning("grant_not_revoked", reason=error.message, mend=error.mend)
            gone = False
        (account.revoked if gone else account.theirs_to_revoke).append(name)


def _forget(work: Work, connection: Connection, address: str, account: Account) -> None:
    """Say who was told what; call off what is ahead."""
    trail.catch_up(connection)
    account.told = erase.told(connection, erase.subject(connection, address))
    for booking in meetings.live(connection):
        mine = address in (booking.meeting.mentor, booking.meeting.mentee)
        if mine and booking.meeting.slot.start > work.now:
            call_off(work, connection, booking, Why.PAIR_ENDED)
            account.called_off += 1
    trail.note(connection, work.now, "forgot somebody", address)


def _settle(work: Work, connection: Connection, address: str, account: Account) -> None:
    erased = _erase(work, connection, address)
    account.rows = {name: number for name, number in sorted(erased.rows.items()) if number}
    account.waiting = erased.waiting


def _erase(work: Work, connection: Connection, address: str) -> Erased:
    trail.catch_up(connection)
    zone = ZoneInfo(work.roster.programme.timezone)
    who = _subject(work, connection, address)
    erased = erase.erase(connection, who, zone, shown=_shown(work))
    forgetting.waits(connection, address, erased.waiting)
    scrub.ask(connection)
    return erased


def _subject(work: Work, connection: Connection, address: str) -> Subject:
    return erase.subject(connection, address, sign_in_mark(work, address))


def _shown(work: Work) -> bool:
    """Whether an organiser's calendar shows the meetings."""
    return bool(work.roster.settings.calendar.get("url"))


def finish(work: Work) -> None:
    """What was still to be sent when somebody was forgotten is forgotten once it is out."""
    if work.roster.settings.hold:
        return
    with work.engine.begin() as connection:
        asked = forgetting.asked(connection)
        for address in (*asked, *_late(work, connection, asked, _LATE)):
            who = _subject(work, connection, address)
            if erase.waiting(connection, who, shown=_shown(work)) != asked.get(address):
                waiting = _erase(work, connection, address).waiting
                log.info("forgetting", waiting=waiting)
        due = scrub.is_due(connection)
    if due and not scrub.scrub(work.engine):
        log.info("scrub_put_off")


def _late(
    work: Work, connection: Connection, asked: Collection[str], within: timedelta
) -> list[str]:
    """Who was forgotten and is known again, though not by the files."""
    marks = forgetting.marked_since(connection, work.now - within)
    if not marks:
        return []
    known = owners.known_people(connection) - set(asked) - enrolled(work.roster)
    return sorted(address for address in known if _mark(work, address) in marks)


def forget_again(work: Work) -> None:
    """Whom a restored backup brought back is forgotten again."""
    with work.engine.begin() as connection:
        for address in _late(work, connection, forgetting.asked(connection), REMEMBERED):
            _erase(work, connection, address)
            log.info("forgotten_again")


def enrolled(roster: Roster) -> frozenset[str]:
    """Every address that the files name."""
    return frozenset((*roster.people, *roster.supervisors, *roster.coordinators))


def expire(work: Work) -> None:
    """Who left is forgotten when the programme's records are due to go."""
    years = work.roster.settings.records_years
    programme = work.roster.programme
    over = work.now - timedelta(days=round(365.25 * years))
    if work.roster.settings.hold:
        return
    with work.engine.begin() as connection:
        gone = owners.known_people(connection) - enrolled(work.roster)
        for address in sorted(gone):
            seen = owners.last_seen(connection, address)
            earlier = seen is not None and seen.date() < programme.start
            if (seen is None or seen < over) and (earlier or over.date() >= programme.end):
                _erase(work, connection, address)
                log.info("records_expired")


def _mark(work: Work, address: str) -> str:
    return work.token("forgotten", address, length=32)
