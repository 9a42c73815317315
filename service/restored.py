"""The first pass after a backup was restored whose store's last days nobody knows."""

from __future__ import annotations

import structlog

from service.deliver import AT_ONCE
from service.work import Work, reading
from store import facts, outbox
from store.instants import instant

log = structlog.get_logger()

_NEW_BY_SEQUENCE = ("invite", "moved", "cancelled", "event_moved", "event_off")
"""Mails whose SEQUENCE is past the floor: no store before can have sent them."""


def doubt(work: Work) -> None:
    """What this pass queued may have gone out before: evidence settles it, or the coordinator.

    All that was due before the restore is due by now, so one pass is enough.
    """
    with reading(work.engine) as connection:
        since = facts.read(connection, facts.DOUBTS)
    if since is None:
        return
    with work.engine.begin() as connection:
        doubted = outbox.doubt(
            connection,
            instant(int(since)),
            work.now,
            sure_kinds=(*_NEW_BY_SEQUENCE, *AT_ONCE),
            sure_readers=work.roster.coordinators,
        )
        facts.forget(connection, facts.DOUBTS)
    log.warning("restored_in_doubt", mails=doubted, mend="look at what the coordinator is told")
