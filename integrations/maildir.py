"""Maildir folders, as mailer and as inbox: `maildir:PATH`, relative to the roster."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from integrations.ports import Access, Batch, Letter, LetterWithdrawn, ProviderError, Received

log = structlog.get_logger()

LARGEST = 10 * 1024 * 1024
_BATCH = 100
_LOOK_EVERY = 0.5


def _folder(url: str, access: Access) -> Path:
    return access.directory / url.partition(":")[2]


@dataclass(frozen=True)
class MaildirMailer:
    """Delivers each Message-ID once: the file's name follows from it."""

    folder: Path

    @property
    def lag(self) -> timedelta:
        return timedelta(0)

    def deliver(self, letter: Letter, point_of_no_return: Callable[[], None]) -> None:
        try:
            self._create()
            if self.delivered(letter.message_id):
                return
            name = _file_name(letter.message_id)
            draft = self.folder / "tmp" / f"{name}.{os.getpid()}.{threading.get_ident()}"
            _write_synced(draft, letter.raw)
            try:
                point_of_no_return()
            except LetterWithdrawn:
                draft.unlink()
                raise
            draft.rename(self.folder / "new" / name)
            _sync_folder(self.folder / "new")
        except OSError as error:
            raise ProviderError(
                f"the mail folder {self.folder} can't be written ({error.strerror})",
                mend="give the service's user the folder, and room on its disk",
            ) from error

    def delivered(self, message_id: str) -> bool | None:
        """Exact: a reader may have moved the file to cur and flagged it, but not renamed it."""
        name = _file_name(message_id)
        if any((self.folder / part / name).exists() for part in ("new", "cur")):
            return True
        return any((self.folder / "cur").glob(f"{name}:*"))

    def check(self) -> None:
        try:
            self._create()
            for part in ("tmp", "new"):
                if not os.access(self.folder / part, os.W_OK | os.X_OK):
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except OSError as error:
            raise ProviderError(
                f"the mail folder {self.folder} can't be written ({error.strerror})",
                mend="give the service's user the folder",
                permanent=True,
            ) from error

    def _create(self) -> None:
        for part in ("tmp", "new", "cur"):
            (self.folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)


def mailer(url: str, access: Access) -> MaildirMailer:
    return MaildirMailer(_folder(url, access))


def _file_name(message_id: str) -> str:
    return f"{hashlib.sha256(message_id.encode()).hexdigest()[:40]}.overlap"


def _write_synced(path: Path, raw: bytes) -> None:
    with path.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class MaildirInbox:
    """Hands each file out once, in order of arrival. The cursor is the set of names seen."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stop = threading.Event()
        self._known: tuple[int, ...] | None = None

    def fetch(self, cursor: str | None) -> Batch:
        seen = set(json.loads(cursor)) if cursor else set()
        if seen and not self._is_there():
            raise self._unreadable("it is gone")
        self._known = self._stamp()
        files = self._files()
        fresh = [(name, path) for name, path in files if name not in seen][:_BATCH]
        messages = [message for name, path in fresh if (message := self._read(name, path))]
        # Names of files that are gone need no remembering.
        kept = sorted({name for name, _ in files} & seen | {name for name, _ in fresh})
        return Batch(tuple(messages), json.dumps(kept))

    def wait(self, seconds: float) -> bool:
        before, until = self._known or self._stamp(), time.monotonic() + seconds
        while not self._stop.is_set():
            self._known = self._stamp()
            if self._known != before:
                return True
            left = until - time.monotonic()
            if left <= 0:
                return False
            self._stop.wait(min(_LOOK_EVERY, left))
        return False

    def stop(self) -> None:
        """Make `wait` return at once, from any thread."""
        self._stop.set()

    def check(self) -> None:
        if self._is_there() and not any(self._stamp()):
            raise self._unreadable("there is no Maildir")
        self._files()

    def _unreadable(self, why: str | None) -> ProviderError:
        return ProviderError(
            f"the inbox {self._folder} can't be read ({why})",
            mend="create it as a Maildir, readable by the service's user",
        )

    def _is_there(self) -> bool:
        try:
            return self._folder.exists()
        except OSError as error:
            raise self._unreadable(error.strerror) from error

    def _files(self) -> list[tuple[str, Path]]:
        """Every message by its name without flags, in order of arrival."""
        try:
            found = [
                (path.stat().st_mtime_ns, path.name.partition(":")[0], path)
                for part in ("new", "cur")
                for path in self._part(part)
            ]
        except OSError as error:
            raise self._unreadable(error.strerror) from error
        return [(name, path) for _, name, path in sorted(found)]

    def _part(self, part: str) -> list[Path]:
        folder = self._folder / part
        if not folder.is_dir():
            return []
        return [p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")]

    def _read(self, name: str, path: Path) -> Received | None:
        try:
            if path.stat().st_size > LARGEST:
                log.warning("mail_too_large", file=name)
                return None
            return Received(name, path.read_bytes())
        except OSError as error:
            raise ProviderError(
                f"the mail {name} can't be read ({error.strerror})", mend="check its permissions"
            ) from error

    def _stamp(self) -> tuple[int, ...]:
        """When each part last changed; 0 for one that is not there."""
        parts = [self._folder / part for part in ("new", "cur")]
        try:
            return tuple(part.stat().st_mtime_ns if part.is_dir() else 0 for part in parts)
        except OSError as error:
            raise self._unreadable(error.strerror) from error


def inbox(url: str, access: Access) -> MaildirInbox:
    return MaildirInbox(_folder(url, access))
