"""How pages that are served by a process of their own wake the service: a file beside the store."""

from __future__ import annotations

from pathlib import Path

import structlog
from sqlalchemy import Engine

from store.database import file_of

log = structlog.get_logger()


class Bell:
    """Rings by the file's time. Without it nothing is lost: a pass comes every minute anyway."""

    def __init__(self, engine: Engine) -> None:
        store = file_of(engine.url)
        self._file = store and store.with_name(f"{store.name}.bell")
        self._heard = self._rung_at()

    def ring(self) -> None:
        try:
            if self._file:
                self._file.touch(mode=0o600)
        except OSError as error:
            log.warning("bell_not_rung", reason=error.strerror)

    def rung(self) -> bool:
        """Whether it was rung since this was last asked."""
        before, self._heard = self._heard, self._rung_at()
        return self._heard != before

    def _rung_at(self) -> int:
        return _changed(self._file) if self._file else 0


def _changed(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
