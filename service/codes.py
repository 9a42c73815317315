"""Codes by which a mail answers a mail: "AGREE 0123456789abcdef" in its subject."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from service.work import Work
from store import codes
from store.codes import Code

LENGTH = 16


def issue(work: Work, connection: Connection, purpose: str, person: str, *about: str) -> str:
    """The code of one person in one matter: always the same, and not to be guessed."""
    code = work.token(f"code {purpose}", person, *about, length=LENGTH)
    codes.keep(connection, code, Code(purpose, person, about), work.now)
    return code
