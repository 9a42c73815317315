"""What a word and a code in a mail's subject do, besides ACCEPT and DECLINE."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog
from sqlalchemy.engine import Connection

from mentoring.programme_events import Rsvp
from mentoring.replies import Command
from service import (
    agenda,
    agreeing,
    briefing,
    choices,
    deadlines,
    events,
    met,
    polls,
    stretch,
    welcome,
)
from service.post import CHOICES
from service.work import Work
from store import codes
from store.codes import Code

log = structlog.get_logger()

Handler = Callable[[Work, Connection, Code, str], None]
"""Does what a code's owner asks for; the text is what stood after the code, untrusted."""

WORDS: Mapping[tuple[str, str], Handler] = {
    (stretch.PURPOSE, "YES"): stretch.obey_yes,
    (stretch.PURPOSE, "NO"): stretch.obey_no,
    (agreeing.PURPOSE, "AGREE"): agreeing.obey_agree,
    (agenda.AGENDA, "AGENDA"): agenda.noted_by_mail,
    (events.RSVP, "COMING"): events.obey_rsvp(Rsvp.IN_PERSON),
    (events.RSVP, "ONLINE"): events.obey_rsvp(Rsvp.ONLINE),
    (events.RSVP, "ABSENT"): events.obey_rsvp(Rsvp.ABSENT),
    (events.ATTENDED, "YES"): events.obey_attended(True),
    (events.ATTENDED, "NO"): events.obey_attended(False),
    (briefing.PURPOSE, "BOOK"): briefing.obey_book,
    (welcome.PREFERENCES, "JOIN"): welcome.obey_join,
    (welcome.PREFERENCES, "LEAVE"): welcome.obey_leave,
    (welcome.APPROVE, "APPROVE"): welcome.obey_approve,
    (met.MET, "MET"): met.met_by_mail,
    (met.MET, "MISSED"): met.missed_by_mail,
    (CHOICES, "AWAY"): choices.away_by_mail,
    (CHOICES, "HOURS"): choices.hours_by_mail,
    (CHOICES, "BACK"): choices.back_by_mail,
    (CHOICES, "END"): choices.end_by_mail,
    (choices.END, "CONFIRM"): choices.confirm_by_mail,
    (choices.UNDO, "UNDO"): choices.undo_by_mail,
    (deadlines.CONFIRM, "CONFIRM"): deadlines.confirm_by_mail,
    (deadlines.UNDO, "UNDO"): deadlines.undo_by_mail,
    (polls.PICK, "PICK"): polls.pick_by_mail,
}
"""By the code's purpose and the word, in capitals."""


def obey(work: Work, connection: Connection, command: Command) -> None:
    """Do what a mail asks for, if its code is one of ours and takes this word."""
    meaning = codes.find(connection, command.code)
    handler = WORDS.get((meaning.purpose, command.word)) if meaning else None
    if meaning is None or handler is None:
        log.info("command_unknown", word=command.word, message=command.message_id)
        return
    handler(work, connection, meaning, command.rest)
    work.counts.add("answers")
    log.info("command_obeyed", word=command.word, person=meaning.person)
