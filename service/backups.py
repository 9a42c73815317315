"""What `backup` and `restore` do, and what they say of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from store.backup import Held, back_up
from store.database import newest_revision, open_engine, own_file, resolve_url, sole_writer
from store.restore import Restored
from store.restore import restore as put_back


def backup(store: str, directory: Path, file: Path) -> str:
    """Copy the store into a new file; returns what it holds. Raises StoreError."""
    held = back_up(own_file(resolve_url(store, directory)), file)
    text = f"{file}: {_words(held)}"
    if held.grants:
        text += "\nKeep [store] key apart from it: without the key no calendar's grant opens."
    return text


def restore(store: str, directory: Path, file: Path, now: datetime) -> str:
    """Put a backup in the store's place; returns what follows from it. Raises StoreError."""
    url = resolve_url(store, directory)
    own_file(url)
    with sole_writer(open_engine(url)):
        return "\n".join(_consequences(file, put_back(url, file, now)))


def _words(held: Held) -> str:
    last = f"last pass {held.last_pass}" if held.last_pass else "before its first pass"
    counts = f"{held.meetings} meetings, {held.mails} mails ({held.waiting} waiting)"
    return f"schema {held.revision}, {last}, {counts}, {held.grants} grants"


def _consequences(file: Path, restored: Restored) -> list[str]:
    lines = [f"{file} is in place: {_words(restored.held)}"]
    if restored.aside:
        lines.append(f"The store that was there is kept as {restored.aside}.")
    if restored.carried:
        lines.append("Its mails and meetings were taken over, so nobody is told anything twice.")
    else:
        lines.append(
            "What went out since the backup is not known. "
            f"{restored.doubted} mails that waited, and those that the next pass finds due, "
            "are looked up; where that can't be done, the coordinator is told and none is sent."
        )
    if restored.held.revision != newest_revision():
        lines.append(
            "The next start brings its schema to this version; "
            "to go back, install the earlier version before that."
        )
    return lines
