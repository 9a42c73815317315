"""Forgetting by itself: each kind of record has its time, docs/privacy.md lists them.

A legal hold stops all of it.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy.engine import Connection

from mentoring.agenda import KEPT
from mentoring.sign_in import SESSION_LASTS, SIGN_IN, WINDOW
from service.forget import REMEMBERED, enrolled, expire, forget_again
from service.work import Work
from store import (
    agenda,
    busy_bits,
    calendars,
    codes,
    decisions,
    facts,
    forgetting,
    outbox,
    scrub,
    sign_ins,
)

log = structlog.get_logger()

BUSY_KEPT = timedelta(days=14)
"""How long busy times are kept after they are past, and the inputs of decisions that hold them."""
LETTERS_KEPT = timedelta(days=30)
"""How long the words of letters that are out are kept."""
RECEIVED_KEPT = timedelta(days=400)
"""How long digests of mails that were dealt with are kept, so that none counts twice."""
CODES_KEPT = timedelta(days=400)
"""How long a code for answers by mail is good after it was last handed out."""
_WITH_THEIR_WORDS = ("prepare", "remind")
"""Kinds of mail that hold what partners wrote."""
_DAILY, _HOURLY = "purged", "purged hour"


def purge(work: Work) -> None:
    with work.engine.begin() as connection:
        first = _is_first(connection, _DAILY, work.today.isoformat())
    if work.roster.settings.hold:
        if first:
            log.warning("legal_hold", hold=work.roster.settings.hold, kept="everything")
        return
    over = work.now - KEPT
    with work.engine.begin() as connection:
        if not _is_first(connection, _HOURLY, f"{work.now:%Y-%m-%dT%H}") and not first:
            return  # each look goes over all letters
        count = agenda.purge(connection, over)
        outbox.blank(connection, over, _WITH_THEIR_WORDS)
        outbox.blank_old(connection, work.now - LETTERS_KEPT)
        outbox.forget_received(connection, work.now - RECEIVED_KEPT)
        codes.forget(connection, work.now - CODES_KEPT)
        decisions.forget(connection, work.now - BUSY_KEPT)
        calendars.prune(connection, work.now - BUSY_KEPT)
        busy_bits.prune(connection, work.now - BUSY_KEPT, work.now)
        sign_ins.forget(connection, work.now - WINDOW - SESSION_LASTS, SIGN_IN)
        forgetting.prune(connection, work.now - REMEMBERED)
        if first:
            calendars.keep_only(connection, enrolled(work.roster))
    if count:
        log.info("agendas_purged", rows=count)
    if first:
        forget_again(work)
        expire(work)
        if dropped := scrub.drop_backups(work.engine, work.now - scrub.BACKUPS_KEPT):
            log.info("backups_dropped", files=dropped)


def _is_first(connection: Connection, name: str, period: str) -> bool:
    """Whether this is the first look of its day or hour."""
    if facts.read(connection, name) == period:
        return False
    facts.write(connection, name, period)
    return True
