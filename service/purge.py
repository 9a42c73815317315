"""Forgetting: partners' words thirty days after a meeting, what its time followed from fourteen,
sign-ins in a day."""

from __future__ import annotations

from datetime import timedelta

import structlog

from mentoring.agenda import KEPT
from mentoring.sign_in import SESSION_LASTS, SIGN_IN, WINDOW
from service.work import Work
from store import agenda, busy_bits, calendars, decisions, outbox, sign_ins

log = structlog.get_logger()

BUSY_KEPT = timedelta(days=14)
"""How long busy times are kept after they are past, and the inputs of decisions that hold them."""
_WITH_THEIR_WORDS = ("prepare", "remind")
"""Kinds of mail that hold what partners wrote."""


def purge(work: Work) -> None:
    over = work.now - KEPT
    with work.engine.begin() as connection:
        count = agenda.purge(connection, over)
        outbox.blank(connection, over, _WITH_THEIR_WORDS)
        decisions.forget(connection, work.now - BUSY_KEPT)
        calendars.prune(connection, work.now - BUSY_KEPT)
        busy_bits.prune(connection, work.now - BUSY_KEPT, work.now)
        sign_ins.forget(connection, work.now - WINDOW - SESSION_LASTS, SIGN_IN)
    if count:
        log.info("agendas_purged", rows=count)
