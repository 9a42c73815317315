"""What `backup` and `restore` do, and what they say of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from store.backup import Held, back_up
from store.database import held, newest_revision, own_file, resolve_url
from store.restore import Restored
from store.restore import restore as put_back


def backup(store: str, directory: Path, file: Path) -> str:
    """Copy the store into a new file; returns what it holds. Raises StoreError."""
    kept = back_up(own_file(resolve_url(store, directory)), file)
    text = f"{file}: {_words(kept)}"
    if kept.grants:
        text += "\nKeep [store] key apart from it: without the key no calendar's grant opens."
    return text


def restore(store: str, directory: Path, file: Path, now: datetime) -> str:
    """Put a backup in the store's place; returns what follows from it. Raises StoreError."""
    url = resolve_url(store, directory)
    with held(own_file(url)):
        return "\n".join(_consequences(file, put_back(url, file, now)))


def _words(kept: Held) -> str:
    last = f"last pass {kept.last_pass}" if kept.last_pass else "before its first pass"
    counts = f"{kept.meetings} meetings, {kept.mails} mails ({kept.waiting} waiting)"
    return f"schema {kept.revision}, {last}, {counts}, {kept.grants} grants"


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
