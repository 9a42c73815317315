"""Forgetting: what partners wrote for a meeting is gone thirty days after it, sign-ins in a day."""

from __future__ import annotations

import structlog

from mentoring.agenda import KEPT
from mentoring.sign_in import SESSION_LASTS, SIGN_IN, WINDOW
from service.work import Work
from store import agenda, outbox, sign_ins

log = structlog.get_logger()

_WITH_THEIR_WORDS = ("prepare", "remind")
"""Kinds of mail that hold what partners wrote."""


def purge(work: Work) -> None:
    over = work.now - KEPT
    with work.engine.begin() as connection:
        count = agenda.purge(connection, over)
        outbox.blank(connection, over, _WITH_THEIR_WORDS)
        sign_ins.forget(connection, work.now - WINDOW - SESSION_LASTS, SIGN_IN)
    if count:
        log.info("agendas_purged", rows=count)
