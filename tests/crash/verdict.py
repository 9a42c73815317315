"""What a run left behind, and how that differs from an undisturbed run's."""

from __future__ import annotations

import email
import email.policy
import sqlite3
from collections import Counter
from dataclasses import dataclass

from tests.crash.workflows import Stage

_FLEETING = {
    "outbox": {"id", "created_at", "sent_at", "next_attempt", "attempts", "error", "raw"},
    "calendars": {"cursor", "synced_at"},
    "received": {"at"},
    "moves": {"id"},
    "audit": {"id"},
}
_FLEETING_FACTS = ("last_pass", "cursor", "audit head")
_NOT_COMPARED = frozenset({"busy", "busy_bits", "chain"})
"""What partners' calendars said when they were last read, which is theirs; and the record of acts,
where a verb that is called again after a kill is one act more."""
_FORGOTTEN = "forgotten:"
"""Letters whose keys a person's forgetting replaced by chance ones: only their number counts."""
DOUBT = "undelivered:"
"""Keys of letters that tell the coordinator of a letter in doubt."""


@dataclass(frozen=True)
class Traces:
    """The end of a run: every table's lasting columns, letters by Message-ID, calendar events."""

    rows: dict[str, Counter[tuple[object, ...]]]
    outbox: dict[str, tuple[str, str]]
    letters: Counter[str]
    events: Counter[str]

    @property
    def unfinished(self) -> bool:
        return any(state in ("queued", "sending") for _, state in self.outbox.values())


@dataclass(frozen=True)
class Verdict:
    """Against an undisturbed run. `lost` and `doubled` name letters and events, `other` rows."""

    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    other: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.other)


def traces(stage: Stage) -> Traces:
    store = stage.store()
    try:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        names = [name for (name,) in store.execute(query)]
        rows = {
            name: _rows(store, name) for name in names if name not in _NOT_COMPARED | {"outbox"}
        }
        letters = store.execute("SELECT key, message_id, state FROM outbox").fetchall()
    finally:
        store.close()
    nameless = [state for key, _, state in letters if key.startswith(_FORGOTTEN)]
    rows["outbox"] = Counter((state,) for state in nameless)
    letters = [letter for letter in letters if not letter[0].startswith(_FORGOTTEN)]
    ids = [_message_id(raw) for raw in stage.channel.letters(stage.directory)]
    return Traces(
        rows=rows,
        outbox={key: (message, state) for key, message, state in letters},
        letters=Counter(ids),
        events=Counter(stage.channel.events()),
    )


def _rows(store: sqlite3.Connection, table: str) -> Counter[tuple[object, ...]]:
    found = store.execute(f'SELECT * FROM "{table}"')
    names = [column[0] for column in found.description]
    fleeting = _FLEETING.get(table, set())
    lasting = [number for number, name in enumerate(names) if name not in fleeting]
    rows = (tuple(row[number] for number in lasting) for row in found)
    if table == "facts":
        rows = (row for row in rows if not any(word in str(row[0]) for word in _FLEETING_FACTS))
    return Counter(rows)


def _message_id(raw: bytes) -> str:
    """Ours, also where the provider gave the letter another one."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    return str(message["Message-ID"] or "").strip()


def judge(wanted: Traces, found: Traces) -> Verdict:
    unknown = {key for key, (_, state) in found.outbox.items() if state == "unknown"}
    excused = {found.outbox[key][0] for key in unknown}
    about_doubt = {m for key, (m, _) in found.outbox.items() if key.startswith(DOUBT)}
    ours = found.letters if unknown else Counter()
    letters = Counter({m: n for m, n in found.letters.items() if m not in about_doubt or not ours})
    lost = [m for m in wanted.letters if not letters[m] and m not in excused]
    lost += list((wanted.events - found.events).elements())
    doubled = [m for m, n in letters.items() if n > max(wanted.letters[m], 1)]
    doubled += [m for m in letters if m not in wanted.letters]
    doubled += list((found.events - wanted.events).elements())
    return Verdict(
        tuple(lost), tuple(doubled), tuple(sorted(unknown)), tuple(_other(wanted, found, unknown))
    )


def _other(wanted: Traces, found: Traces, unknown: set[str]) -> list[str]:
    """Rows that differ, but for what a letter in doubt excuses."""
    differing = []
    for table in wanted.rows.keys() | found.rows.keys():
        missing = wanted.rows.get(table, Counter()) - found.rows.get(table, Counter())
        more = found.rows.get(table, Counter()) - wanted.rows.get(table, Counter())
        differing += [f"{table} lacks {row}" for row in missing]
        differing += [f"{table} has {row}" for row in more]
    for key in sorted(wanted.outbox.keys() | found.outbox.keys()):
        here, there = wanted.outbox.get(key), found.outbox.get(key)
        excused = key in unknown or (key.startswith(DOUBT) and unknown)
        if here != there and not excused:
            differing.append(f"outbox {key}: {there} for {here}")
    return differing
