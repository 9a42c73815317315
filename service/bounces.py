"""Letters that came back: the letter counts as lost, and its address gets no more until lifted.

A report is believed only of a letter that we sent to the very address it names, by a Message-ID
that nobody can guess: anybody can send a report, and so could stop somebody's mail.
"""

from __future__ import annotations

import structlog
from sqlalchemy.engine import Connection

from mentoring.bounces import Bounce, Failed
from service.work import Work
from store import bounces, outbox
from store.bounces import Gone
from store.outbox import FAILED

log = structlog.get_logger()


def take_bounce(work: Work, connection: Connection, bounce: Bounce) -> None:
    """Note what a delivery report says of our letters."""
    letters = bounces.left(connection, bounce.about)
    if not letters:
        log.info("bounce_of_no_letter_of_ours")
    for letter in letters:
        for failed in bounce.failed:
            if failed.address == letter.recipient:
                _came_back(work, connection, letter, failed)
                break
        else:
            log.info("bounce_of_another_address", key=letter.key)


def _came_back(work: Work, connection: Connection, letter: Gone, failed: Failed) -> None:
    if not failed.lasting:
        log.info("bounce_soft", key=letter.key, to=letter.recipient, status=failed.status)
        return
    lifted = bounces.lifted_at(connection, letter.recipient)
    if lifted and (letter.sent_at is None or letter.sent_at <= lifted):
        log.info("bounce_out_of_date", key=letter.key, to=letter.recipient)
        return
    outbox.mark(connection, letter.id, FAILED, error=failed.words)
    log.warning("mail_came_back", key=letter.key, to=letter.recipient, status=failed.status)
    if letter.recipient in work.roster.coordinators:
        return  # who must hear of all this is never cut off
    if bounces.pause(connection, letter.recipient, failed.words, work.now):
        log.warning("address_paused", address=letter.recipient, status=failed.status)
