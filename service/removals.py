"""An edit that would take out many pairs waits until the coordinator says that it is meant.

Which pairs there were is kept as keyed digests, so that a restart asks as well and nobody's name
stays behind in the store.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Engine
from sqlalchemy.engine import Connection

from mentoring.removals import missed
from mentoring.roster import Pair, Roster
from mentoring.roster_rows import PAIRS
from mentoring.tables import Fault
from service.work import reading
from store import facts
from store.database import is_current

log = structlog.get_logger()

VERB = "accept-removals"


@dataclass(frozen=True)
class Removal:
    """What an edit would take out: `marks` of that many of `total` running pairs."""

    marks: tuple[str, ...]
    total: int

    @property
    def digest(self) -> str:
        """Names this removal and no other, so that a yes is to what was shown."""
        return hmac.new(b"removal", "".join(sorted(self.marks)).encode(), "sha256").hexdigest()

    def names(self, pair: Pair, secret: bytes) -> bool:
        """Whether this pair would be taken out."""
        return mark(secret, pair) in self.marks

    def fault(self, directory: Path) -> Fault:
        message = f"this edit would take out {len(self.marks)} of {self.total} pairs, so it waits"
        mend = f'put them back, or say that it is meant on the coordinator\'s page or by "{VERB}"'
        return Fault(str(directory / PAIRS), 1, message, mend)


def asks(engine: Engine, roster: Roster, now: datetime) -> Removal | None:
    """The removal that these files wait with; it is kept for the page while they do."""
    with engine.begin() as connection:
        found = _not_accepted(connection, roster, now)
        if found == waiting(connection):
            return found
        if found:
            facts.keep(connection, facts.REMOVAL, found, Removal)
        else:
            facts.forget(connection, facts.REMOVAL)
    return found


def found_in(connection: Connection, roster: Roster, now: datetime) -> Removal | None:
    """What these files would take out of the roster that last held, accepted or not."""
    before = _before(connection)
    if not before:
        return None
    secret = facts.secret(connection)
    today = now.astimezone(ZoneInfo(roster.programme.timezone)).date()
    marks = missed(before, [mark(secret, pair) for pair in roster.pairs], today)
    running = sum(end >= today for end in before.values())
    return Removal(marks, running) if marks else None


def _not_accepted(connection: Connection, roster: Roster, now: datetime) -> Removal | None:
    found = found_in(connection, roster, now)
    if found and facts.read(connection, facts.REMOVAL_ACCEPTED) == found.digest:
        return None
    return found


def fault_of(engine: Engine, roster: Roster, directory: Path, now: datetime) -> Fault | None:
    """What `check` says of a removal, without a change to the store; nothing before a first run."""
    with reading(engine) as connection:
        found = _not_accepted(connection, roster, now) if is_current(connection) else None
    return found.fault(directory) if found else None


def waiting(connection: Connection) -> Removal | None:
    """The removal that waits for a yes, as the last pass found it."""
    return facts.kept(connection, facts.REMOVAL, Removal)


def accept(connection: Connection, removal: Removal) -> None:
    """It is meant: the next pass takes these files up."""
    facts.write(connection, facts.REMOVAL_ACCEPTED, removal.digest)
    log.info("removal_accepted", pairs=len(removal.marks))


def holds(connection: Connection, roster: Roster) -> None:
    """This roster is what holds now: later edits are compared with it."""
    secret = facts.secret(connection)
    held = {mark(secret, pair): pair.end for pair in roster.pairs}
    if held != _before(connection):
        facts.keep(connection, facts.ROSTER_PAIRS, held, dict[str, date])
        facts.forget(connection, facts.REMOVAL_ACCEPTED)


def _before(connection: Connection) -> dict[str, date]:
    """The last day of each pair that last held, by its mark."""
    return facts.kept(connection, facts.ROSTER_PAIRS, dict[str, date]) or {}


def mark(secret: bytes, pair: Pair) -> str:
    """The pair as it is kept."""
    return hmac.new(secret, "\0".join(pair.key).encode(), "sha256").hexdigest()[:24]
