"""Backups of a SQLite store: taken while it is in use, checked, never over another file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_VERSION = "SELECT version_num FROM alembic_version"
_COUNTS = {
    "meetings": "SELECT count(*) FROM meetings",
    "mails": "SELECT count(*) FROM outbox",
    "waiting": "SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')",
}
_GRANTS = "SELECT count(*) FROM grants"


class StoreError(Exception):
    """The store can't be used; the message says what is wrong and what to do."""


class CallRefused(StoreError):  # noqa: N818 - it names what happened
    """What was asked for can never be done: trying again is of no use."""


@dataclass(frozen=True)
class Held:
    """What a store's file holds. `last_pass` is ISO 8601; empty where there was none.

    `waiting` counts the mails among `mails` that had not gone out.
    """

    revision: str
    last_pass: str
    meetings: int
    mails: int
    waiting: int
    grants: int


def back_up(source: Path, target: Path) -> Held:
    """Copy a store that may be written meanwhile into a new file of mode 0600, and look at it.

    The target appears whole, synced to disk, or not at all. Raises StoreError.
    """
    if not source.exists():
        raise StoreError(f"{source}: there is no store yet; run `daemon.py once` first")
    if target.exists():
        raise CallRefused(f"{target}: this file exists already; name a new one")
    with copied(source, target) as draft:
        held = look_at(draft)
        try:
            os.link(draft, target)  # fails where somebody made the file meanwhile
        except FileExistsError as error:
            raise CallRefused(f"{target}: this file exists already; name a new one") from error
    sync_folder(target.parent)
    return held


@contextmanager
def copied(source: Path, beside: Path) -> Iterator[Path]:
    """A copy of a store in one file, synced, in the folder of `beside`; gone after use."""
    draft = beside.with_name(f".{beside.name}.{os.getpid()}.part")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(source)) as store, closing(sqlite3.connect(draft)) as copy:
            store.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        _sync(draft)
        yield draft
    except OSError as error:
        raise StoreError(
            f"{beside}: the copy can't be written ({error.strerror}); "
            "name a folder of the service's user, on a disk with room and hard links"
        ) from error
    except sqlite3.Error as error:
        raise StoreError(f"{source}: the store can't be copied ({error}); see its disk") from error
    finally:
        for name in (draft, Path(f"{draft}-journal"), Path(f"{draft}-wal"), Path(f"{draft}-shm")):
            with suppress(FileNotFoundError):
                name.unlink()


def look_at(path: Path) -> Held:
    """What a file holds, after SQLite looked at every page of it. Raises CallRefused."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as file:
            verdict = file.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if verdict != "ok":
                raise CallRefused(f"{path}: this file is damaged ({verdict}); take another backup")
            if file.execute("PRAGMA foreign_key_check").fetchone():
                raise CallRefused(f"{path}: rows are missing in this file; take another backup")
            return _held(file)
    except sqlite3.Error as error:
        raise CallRefused(
            f"{path}: this is no store of Overlap ({error}); name a file that `backup` made"
        ) from error


def _held(file: sqlite3.Connection) -> Held:
    last = file.execute("SELECT value FROM facts WHERE name = 'last pass'").fetchone()
    counts = {name: int(file.execute(query).fetchone()[0]) for name, query in _COUNTS.items()}
    has_grants = file.execute("SELECT 1 FROM sqlite_master WHERE name = 'grants'").fetchone()
    counts["grants"] = file.execute(_GRANTS).fetchone()[0] if has_grants else 0  # since 0002
    revision = str(file.execute(_VERSION).fetchone()[0])
    return Held(revision, str(last[0]) if last else "", **counts)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make sure that the names in a folder survive a power loss."""
    _sync(folder)
