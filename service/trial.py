"""A letter to ourselves: out by the programme's own way, and looked for in its inbox."""

from __future__ import annotations

import secrets
import time
from datetime import datetime, timedelta
from email.parser import BytesHeaderParser

from integrations.ports import Inbox, Mailer, OutcomeUnknown, ProviderError
from integrations.registry import Ports
from mentoring.authentication import noted
from mentoring.bounces import Bounce
from mentoring.letter import NOTICE, Letter
from mentoring.notices import Reader
from mentoring.replies import read_answer
from mentoring.roster import Roster
from mentoring.trial import TRIAL, TrialNotice, judged
from service.compose import compose
from service.templates import templates_of

PATIENCE = timedelta(minutes=2)
_LOOK_EVERY = 10.0
_UNNOTED = (
    "it arrived. Its server noted nothing of SPF, DKIM and DMARC. "
    "That is usual within one organisation, and says nothing of other receivers."
)


def write_to_self(
    roster: Roster, ports: Ports, cursor: str | None, now: datetime, patience: timedelta
) -> str:
    """Send it, wait for it, and say what the receiving server made of it.

    `cursor` is how far the inbox was read before. Raises ProviderError where the letter does not
    go out, does not arrive in time, or arrives as one that others may refuse.
    """
    letter, inbox = _letter(roster, now), ports.inbox()
    if inbox is None:
        _send(ports.mailer(), letter)
        return f"it was taken. No [mail] inbox is set: look for it at {letter.recipient}."
    cursor = _end_of(inbox, cursor)
    _send(ports.mailer(), letter)
    fields = _awaited(inbox, letter, cursor, patience)
    server, results = noted(fields)
    if not results:
        return _UNNOTED
    found = judged(results)
    said = f"it arrived. {server or 'Its server'} says {found.words}."
    mends = ", ".join(found.mends())
    if found.is_refused:
        raise ProviderError(said.rstrip("."), mend=mends)
    return f"{said} To do: {mends}." if mends else said


def _letter(roster: Roster, now: datetime) -> Letter:
    """Under a key of its own: nobody guesses its Message-ID, and no two are alike."""
    programme = roster.programme
    organiser = programme.organiser
    reader = Reader(organiser.name, organiser.email, programme.timezone)
    return compose(
        TrialNotice(TRIAL, reader),
        programme,
        calendar=None,
        at=now,
        secret=secrets.token_bytes(32),
        templates=templates_of(roster),
    )


def _send(mailer: Mailer, letter: Letter) -> None:
    try:
        mailer.deliver(letter, lambda: None)
    except OutcomeUnknown as error:
        raise ProviderError(error.message, mend=error.mend) from error


def _end_of(inbox: Inbox, cursor: str | None) -> str | None:
    """Past all that is in the inbox already, however long reading that takes."""
    while True:
        batch = inbox.fetch(cursor)
        cursor = batch.cursor
        if not batch.messages:
            return cursor


def _awaited(
    inbox: Inbox, letter: Letter, cursor: str | None, patience: timedelta
) -> list[tuple[str, str]]:
    """The letter's fields as they arrived, from the top."""
    until = time.monotonic() + patience.total_seconds()
    while True:
        batch = inbox.fetch(cursor)
        for message in batch.messages:
            if (fields := _fields_of(message.raw, letter)) is not None:
                return fields
        cursor, left = batch.cursor, until - time.monotonic()
        if left <= 0:
            minutes = patience // timedelta(minutes=1)
            raise ProviderError(
                f"it was taken, and did not arrive within {minutes} minutes",
                mend=f"look among the spam of {letter.recipient} and into the mail server's log",
            )
        if not batch.messages:
            inbox.wait(min(left, _LOOK_EVERY))


def _fields_of(raw: bytes, letter: Letter) -> list[tuple[str, str]] | None:
    """The fields, where it is the letter; None where it is another one's."""
    answer = read_answer(raw)
    if isinstance(answer, Bounce) and letter.message_id in answer.about:
        for failed in answer.failed[:1]:
            raise ProviderError(failed.words, mend=f"check the mailbox {letter.recipient}")
    fields = [(name, str(value)) for name, value in BytesHeaderParser().parsebytes(raw).items()]
    named = {value.strip() for name, value in fields if name.lower() in _NAMED}
    return fields if letter.message_id in named else None


_NAMED = ("message-id", NOTICE.lower())
"""Providers may give a mail a Message-ID of their own; the other field keeps ours."""
