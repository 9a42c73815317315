"""Forgetting by itself: each kind of record has its time, docs/privacy.md lists them.

A legal hold stops all of it.
"""

from __future__ import annotations

from datetime import timedelta

import structlog

from mentoring.agenda import KEPT
from mentoring.sign_in import SESSION_LASTS, SIGN_IN, WINDOW
from service.forget import REMEMBERED, enrolled, expire, forget_again
from service.work import Work, reading
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
_AT_ONCE = (SIGN_IN,)
"""Kinds of mail whose words let somebody in: they go with the next look."""
_LOOKED = "purged"


def purge(work: Work) -> None:
    """Once a day, since it goes over all letters; and at once when a hold is lifted."""
    hold = work.roster.settings.hold
    today = f"{work.today} held" if hold else str(work.today)
    with reading(work.engine) as connection:
        if facts.read(connection, _LOOKED) == today:
            return
    with work.engine.begin() as connection:
        facts.write(connection, _LOOKED, today)
        if hold:
            log.warning("legal_hold", hold=hold, kept="everything")
            return
        count = agenda.purge(connection, work.now - KEPT)
        outbox.blank(connection, work.now - LETTERS_KEPT, _AT_ONCE)
        outbox.forget_received(connection, work.now - RECEIVED_KEPT)
        codes.forget(connection, work.now - CODES_KEPT)
        decisions.forget(connection, work.now - BUSY_KEPT)
        calendars.prune(connection, work.now - BUSY_KEPT)
        busy_bits.prune(connection, work.now - BUSY_KEPT, work.now)
        sign_ins.forget(connection, work.now - WINDOW - SESSION_LASTS)
        forgetting.prune(connection, work.now - REMEMBERED)
        calendars.keep_only(connection, enrolled(work.roster))
    if count:
        log.info("agendas_purged", rows=count)
    forget_again(work)
    expire(work)
    if dropped := scrub.drop_backups(work.engine, work.now - scrub.BACKUPS_KEPT):
        log.info("backups_dropped", files=dropped)
