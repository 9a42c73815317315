"""Putting a backup in the store's place, so that nobody is told anything twice.

What people were told since the backup was made can't be taken back. Where the present store can be
read, its mails and meetings stay as they are. Where it can't, mails that may have gone out are left
in doubt, for evidence or the coordinator to settle, and a SEQUENCE floor lets whatever is new win.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import URL

from store import facts
from store.backup import CallRefused, Held, StoreError, copied, look_at, sync_folder
from store.database import dated, is_known, newest_revision, own_file
from store.instants import seconds

_TOLD = {
    "meetings": ("uid",),
    "attendances": ("uid", "person"),
    "decisions": ("uid", "sequence"),
    "moves": ("uid", "sequence"),
    "logs": ("uid", "person"),
    "pairs": ("mentor", "mentee"),
    "polls": ("id",),
    "poll_answers": ("poll", "person"),
    "events": ("id",),
    "codes": ("code",),
    "bounces": ("address",),
    "outbox": ("key",),
    "chain": ("number",),
    "pseudonyms": ("person",),
    "forgetting": ("person",),
    "forgotten": ("mark",),
}
"""Tables that say what people were told, and what tells their rows apart."""
_HEAD = "INSERT OR REPLACE INTO main.facts SELECT * FROM present.facts WHERE name = ?"
_DROPPED = {"outbox": "id"}
"""Numbers that are the present store's own."""
_WAITING_FOR_NOTHING = "state = 'queued' AND uid = '' AND key NOT IN (SELECT key FROM main.outbox)"
"""Mails that nobody got and whose cause is not in the backup: they are queued anew if due."""


@dataclass(frozen=True)
class Restored:
    """What came of it. `aside` is where the store is that was there before; None without one.

    `carried` says that its mails and meetings were taken over; else `doubted` mails are in doubt.
    """

    held: Held
    aside: Path | None
    carried: bool
    doubted: int


def restore(url: URL, backup: Path, now: datetime) -> Restored:
    """Put a backup in the place of the store, which is kept aside. The caller holds the lock.

    The schema stays the backup's: the next start of a version brings it to that version's own.
    Raises StoreError; then the present store is as it was.
    """
    store = own_file(url)
    if not backup.exists():
        raise CallRefused(f"{backup}: there is no such file; name a backup")
    held = look_at(backup)
    if not is_known(held.revision):
        raise CallRefused(
            f"{backup}: this backup is of a newer version ({held.revision}; this one has "
            f"{newest_revision()}); install that version first"
        )
    with copied(backup, store) as draft:
        carried = store.exists() and _carry_over(store, draft)
        doubted = _leave_marks(draft, now, doubting=not carried)
        aside = _swap(draft, store, dated(store, now, "aside"))
    return Restored(held, aside, carried, doubted)


def _carry_over(present: Path, draft: Path) -> bool:
    """Take over what people were told; False, with nothing changed, where that can't be read."""
    try:
        look_at(present)
        with closing(sqlite3.connect(draft)) as new:
            new.execute("ATTACH ? AS present", (str(present),))
            with new:
                if not _same_store(new):
                    return False
                for table, key in _TOLD.items():
                    _take(new, table, key)
                new.execute(_HEAD, (facts.AUDIT_HEAD,))
                if new.execute("PRAGMA main.foreign_key_check").fetchone():
                    raise sqlite3.IntegrityError("rows refer to others that are not there")
        _sync_file(draft)
    except (StoreError, sqlite3.Error):
        return False
    return True


def _same_store(new: sqlite3.Connection) -> bool:
    """Whether both have one secret, and so name meetings and mails alike."""
    query = "SELECT (SELECT value FROM main.facts WHERE name = ?1) = "
    query += "(SELECT value FROM present.facts WHERE name = ?1)"
    return bool(new.execute(query, (facts.SECRET,)).fetchone()[0])


def _take(new: sqlite3.Connection, table: str, key: tuple[str, ...]) -> None:
    """Rows of the present store over those of the backup, in the columns that both have."""
    columns = [
        name
        for name in _columns(new, "main", table)
        if name in _columns(new, "present", table) and name != _DROPPED.get(table)
    ]
    if not columns:  # one of the two is older than this table
        return
    names = ", ".join(f'"{name}"' for name in columns)
    changed = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in key)
    then = f"UPDATE SET {changed}" if changed else "NOTHING"
    where = f"NOT ({_WAITING_FOR_NOTHING})" if table == "outbox" else "true"
    new.execute(
        f"INSERT INTO main.{table} ({names}) SELECT {names} FROM present.{table} "
        f"WHERE {where} ORDER BY rowid ON CONFLICT ({', '.join(key)}) DO {then}"
    )


def _columns(new: sqlite3.Connection, schema: str, table: str) -> list[str]:
    return [row[1] for row in new.execute(f"PRAGMA {schema}.table_info({table})")]


def _leave_marks(draft: Path, now: datetime, *, doubting: bool) -> int:
    """The floor for what is new; with doubts, mails that wait are as half sent. Returns those."""
    at = seconds(now)
    with closing(sqlite3.connect(draft)) as new, new:
        _write(new, facts.FLOOR, at // 60)  # rises with each restore, and no meeting moves so often
        if not doubting:
            return 0
        _write(new, facts.DOUBTS, at)
        waiting = "UPDATE outbox SET state = 'sending', next_attempt = ? WHERE state = 'queued'"
        new.execute(waiting, (at,))
        query = "SELECT count(*) FROM outbox WHERE state = 'sending'"
        return int(new.execute(query).fetchone()[0])


def _write(new: sqlite3.Connection, name: str, value: int) -> None:
    new.execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (name, str(value)))


def _swap(draft: Path, store: Path, aside: Path) -> Path | None:
    """One rename puts the draft in place: at every moment there is a whole store or the old one."""
    try:
        _sync_file(draft)
        if not store.exists():
            draft.rename(store)
            sync_folder(store.parent)
            return None
        os.link(store, aside)
        moved: list[tuple[Path, Path]] = []
        try:
            for log, kept in _logs(store, aside):
                log.rename(kept)
                moved.append((log, kept))
            draft.rename(store)
        except OSError:
            for log, kept in moved:
                kept.rename(log)
            aside.unlink()  # it is the store itself, under a second name
            raise
        sync_folder(store.parent)
    except OSError as error:
        raise StoreError(
            f"{store}: the backup can't be put in place ({error.strerror}); "
            "give the service's user the folder, and run it again"
        ) from error
    return aside


def _logs(store: Path, aside: Path) -> list[tuple[Path, Path]]:
    """The logs beside the store, each with its name aside: SQLite would play one into the new file.

    A sound store's log is emptied into it; a damaged one's goes with it.
    """
    with suppress(sqlite3.Error), closing(sqlite3.connect(store)) as present:
        present.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    names = [(Path(f"{store}{end}"), Path(f"{aside}{end}")) for end in ("-wal", "-shm")]
    return [(log, kept) for log, kept in names if log.exists()]


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
