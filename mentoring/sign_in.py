"""Signing in to the coordinator's page: how long links and sessions are good, and how many."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from mentoring.notices import Reader

SIGN_IN = "signin"
LINK_LASTS = timedelta(minutes=15)
SESSION_LASTS = timedelta(hours=12)
IDLE_LASTS = timedelta(hours=1)
"""A session that nobody used for so long is over."""
PER_ADDRESS = 5
"""So many links an hour for one address."""
IN_ALL = 60
"""So many requests an hour, whoever asks."""
WINDOW = timedelta(hours=1)


@dataclass(frozen=True)
class SignInNotice:
    """`kind` signin: to a coordinator who asked for it; the link is good once, for `minutes`."""

    key: str
    reader: Reader
    link: str
    minutes: int = int(LINK_LASTS.total_seconds()) // 60
    kind: str = SIGN_IN
