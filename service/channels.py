"""The programme's own inbox and calendar: since when one does not answer, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.engine import Connection

from integrations.ports import ProviderError
from service.work import Work, reading
from store import facts

log = structlog.get_logger()

INBOX, ORGANISER = "inbox", "calendar"
CHANNELS = (INBOX, ORGANISER)


@dataclass(frozen=True)
class Silent:
    """A channel that does not answer. `permanent`: waiting will not mend it."""

    since: datetime
    reason: str
    mend: str
    permanent: bool


def answered(work: Work, channel: str) -> None:
    """It works, or the programme has none: forget that it did not."""
    if _kept(work, channel):
        with work.engine.begin() as connection:
            facts.forget(connection, facts.channel(channel))
        log.info("channel_answers_again", channel=channel)


def failed(work: Work, channel: str, error: ProviderError) -> None:
    """Count the failure, log it, and keep since when it lasts."""
    work.counts.add("failed")
    log.error("channel_silent", channel=channel, reason=error.message, mend=error.mend)
    kept = _kept(work, channel)
    since = kept.since if kept else work.now
    silent = Silent(since, error.message, error.mend, error.permanent)
    if silent == kept:
        return
    with work.engine.begin() as connection:
        facts.keep(connection, facts.channel(channel), silent, Silent)


def silent(connection: Connection) -> Mapping[str, Silent]:
    """The channels that do not answer now."""
    found = {channel: _read(connection, channel) for channel in CHANNELS}
    return {channel: kept for channel, kept in found.items() if kept}


def _kept(work: Work, channel: str) -> Silent | None:
    with reading(work.engine) as connection:
        return _read(connection, channel)


def _read(connection: Connection, channel: str) -> Silent | None:
    return facts.kept(connection, facts.channel(channel), Silent)
