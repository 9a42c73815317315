"""Taking a person out of the store: every row of theirs goes, and what names them elsewhere.

What remains are counts: `tallies` of their meetings, letters without key, reader or words, and the
audit chain, in which nobody can tell any more who a pseudonym was.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import tzinfo

from sqlalchemy import ColumnElement, Table, delete, false, func, or_, select
from sqlalchemy.engine import Connection

from store import letters_about as letters
from store import owners
from store.instants import instant
from store.tables import attendances, calendars, codes, grants, meetings
from store.tables_coordinator import audit, sign_ins
from store.tables_engine import decisions
from store.tables_privacy import pseudonyms, tallies
from store.tables_programme import poll_answers, polls

_BATCH = 500
SOMEBODY = "somebody"
"""What stands where a text named them."""


@dataclass(frozen=True)
class Subject:
    """Whom to forget: their address, the names that the store knows, their sign-ins' digest."""

    address: str
    names: frozenset[str]
    sign_in: str = ""

    @property
    def words(self) -> frozenset[str]:
        """What would tell of them in a text: a single word may be anybody's name, so it is none."""
        return frozenset({self.address, *(n for n in self.names if " " in n.strip())})

    def pattern(self) -> re.Pattern[str]:
        """Each of the words, as text and as JSON has it."""
        spelled = {w for word in self.words for w in (word, json.dumps(word)[1:-1])}
        longest_first = sorted(spelled, key=len, reverse=True)
        found = "|".join(re.escape(word) for word in longest_first)
        return re.compile(rf"(?<![\w.+-])(?:{found})(?![\w-]|\.\w)", re.IGNORECASE)


@dataclass
class Erased:
    """What was taken out, by table; `waiting` letters are still to be sent."""

    rows: Counter[str] = field(default_factory=Counter)
    waiting: int = 0


def subject(connection: Connection, address: str, sign_in: str = "") -> Subject:
    """With every name under which the store has written to them."""
    query = select(attendances.c.name).where(attendances.c.person == address).distinct()
    names = set(connection.execute(query).scalars()) | letters.names_of(connection, address)
    return Subject(address, frozenset(filter(None, names - {address})), sign_in)


def erase(connection: Connection, who: Subject, zone: tzinfo, *, shown: bool) -> Erased:
    """Take everything out that need not wait; call it again until nothing is `waiting`.

    `shown` says that an organiser's calendar must still be told of meetings which are off; days are
    counted in `zone`, the programme's. Letters must be on the audit chain before.
    """
    erased = Erased()
    uids = _meetings_of(connection, who.address)
    letters.forget(connection, who.address, uids, who.pattern())
    hidden = _unpublished(connection, uids) if shown else frozenset()
    keep = letters.waiting_uids(connection, uids) | hidden
    erased.waiting = waiting(connection, who, shown=shown)
    for table in owners.OF_MEETINGS:
        stay = keep if table is attendances else frozenset()
        _drop(connection, erased, table, _among(table.c.uid, uids - stay))
    _codes(connection, erased, who.address, uids)
    _grants(connection, erased, who.address)
    _poll_answers(connection, erased, who.address)
    for table, columns in owners.THEIRS.items():
        _drop(connection, erased, table, or_(*(c == who.address for c in columns)))
    _meetings(connection, erased, uids - keep, zone)
    _strip(connection, keep)
    _audit(connection, who.address, uids)
    for column in owners.NAMED:
        connection.execute(
            column.table.update().where(column == who.address).values({column.name: ""})
        )
    _words(connection, who)
    _inputs(connection, who)
    _drop(connection, erased, sign_ins, sign_ins.c.address == who.sign_in)
    if not erased.waiting:
        mine = pseudonyms.c.person == who.address
        _drop(connection, erased, pseudonyms, mine)
    return erased


def waiting(connection: Connection, who: Subject, *, shown: bool) -> int:
    """For how much it waits now: letters to send, meetings of which a calendar is to be told."""
    uids = _meetings_of(connection, who.address)
    hidden = _unpublished(connection, uids) if shown else frozenset()
    return letters.waiting(connection, who.address, uids, who.pattern()) + len(hidden)


def told(connection: Connection, who: Subject) -> list[letters.Said]:
    """Who was told what of them, or to them, and when."""
    uids = _meetings_of(connection, who.address)
    return letters.said_about(connection, who.address, uids, who.pattern())


def _meetings_of(connection: Connection, address: str) -> frozenset[str]:
    mine = (meetings.c.mentor == address) | (meetings.c.mentee == address)
    return frozenset(connection.execute(select(meetings.c.uid).where(mine)).scalars())


def _unpublished(connection: Connection, uids: Collection[str]) -> frozenset[str]:
    query = select(meetings.c.uid).where(
        meetings.c.published < meetings.c.sequence,
        _among(meetings.c.uid, uids),
    )
    return frozenset(connection.execute(query).scalars())


def _among(column: ColumnElement[str], values: Collection[str]) -> ColumnElement[bool]:
    """Whether the column holds one of these; a database binds only so many values at once."""
    ordered = sorted(values)
    parts = (ordered[i : i + _BATCH] for i in range(0, len(ordered), _BATCH))
    return or_(false(), *(column.in_(part) for part in parts))


def _drop(connection: Connection, erased: Erased, table: Table, which: ColumnElement[bool]) -> None:
    erased.rows[table.name] += connection.execute(delete(table).where(which)).rowcount


def _codes(connection: Connection, erased: Erased, address: str, uids: Collection[str]) -> None:
    """Codes of others' in a matter that was with them."""
    theirs = {address, *uids}
    rows = connection.execute(select(codes.c.code, codes.c.about)).all()
    found = [row.code for row in rows if theirs & set(json.loads(row.about))]
    _drop(connection, erased, codes, _among(codes.c.code, found))


def _grants(connection: Connection, erased: Erased, address: str) -> None:
    _drop(connection, erased, grants, _among(grants.c.account, accounts(connection, address)))


def accounts(connection: Connection, address: str) -> list[str]:
    """The accounts that they let us read: by the address, or as their calendar was."""
    digest = select(calendars.c.url_digest).where(calendars.c.person == address)
    known = connection.execute(digest).scalar()
    every = connection.execute(select(grants.c.account)).scalars()
    return [
        account
        for account in every
        if account.partition(":")[2].lower() == address
        or hashlib.sha256(account.encode()).hexdigest() == known
    ]


def _poll_answers(connection: Connection, erased: Erased, address: str) -> None:
    """Both partners' answers in the polls of their pairs."""
    mine = (polls.c.mentor == address) | (polls.c.mentee == address)
    theirs = select(polls.c.id).where(mine)
    _drop(connection, erased, poll_answers, poll_answers.c.poll.in_(theirs))


def _meetings(connection: Connection, erased: Erased, uids: Collection[str], zone: tzinfo) -> None:
    """Count the meetings that go, by their day."""
    which = _among(meetings.c.uid, uids)
    columns = (meetings.c.start, meetings.c.kind, meetings.c.state, meetings.c.assumed)
    counted = Counter(
        (instant(start).astimezone(zone).date().isoformat(), kind, state, bool(assumed))
        for start, kind, state, assumed in connection.execute(select(*columns).where(which))
    )
    for key, number in counted.items():
        _count(connection, key, number)
    _drop(connection, erased, meetings, which)


def _count(connection: Connection, key: tuple[str, str, str, bool], number: int) -> None:
    values = dict(zip(("day", "kind", "state", "assumed"), key, strict=True))
    same = [tallies.c[name] == value for name, value in values.items()]
    added = tallies.update().where(*same).values(meetings=tallies.c.meetings + number)
    if not connection.execute(added).rowcount:
        connection.execute(tallies.insert().values(**values, meetings=number))


def _strip(connection: Connection, uids: Collection[str]) -> None:
    """Of a meeting whose cancellation is still on its way, keep what that needs alone."""
    bare = {"decision": "{}", "refused": "[]", "link": "", "why": ""}
    connection.execute(meetings.update().where(_among(meetings.c.uid, uids)).values(**bare))


def _audit(connection: Connection, address: str, uids: Collection[str]) -> None:
    """Acts with their pair, or on their meetings, keep what was done and when."""
    theirs = (audit.c.mentor == address) | (audit.c.mentee == address)
    about = theirs | _among(audit.c.about, uids)
    connection.execute(audit.update().where(about).values(mentor="", mentee="", about=""))


def _words(connection: Connection, who: Subject) -> None:
    pattern = who.pattern()
    for column in owners.WORDS:
        key = list(column.table.primary_key.columns)
        likely = _likely(column, who)
        for *keys, text in connection.execute(select(*key, column).where(likely)).all():
            this = [c == value for c, value in zip(key, keys, strict=True)]
            told = pattern.sub(SOMEBODY, text)
            connection.execute(column.table.update().where(*this).values({column.name: told}))


def _likely(column: ColumnElement[str], who: Subject) -> ColumnElement[bool]:
    spelled = {w.lower() for word in who.words for w in (word, json.dumps(word)[1:-1])}
    return or_(*(func.lower(column).contains(word, autoescape=True) for word in spelled))


def _inputs(connection: Connection, who: Subject) -> None:
    """Inputs of others' decisions that hold them, as of a cohort whose times were given at once."""
    pattern = who.pattern()
    query = select(decisions.c.uid, decisions.c.sequence, decisions.c.inputs).where(
        decisions.c.inputs.is_not(None)
    )
    for uid, sequence, inputs in connection.execute(query).all():
        if pattern.search(zlib.decompress(inputs).decode()):
            this = (decisions.c.uid == uid) & (decisions.c.sequence == sequence)
            connection.execute(decisions.update().where(this).values(inputs=None))
