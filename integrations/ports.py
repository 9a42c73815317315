"""What a provider can be: a source of busy times, an organiser's calendar, a mailer, an inbox.

Each adapter module makes its port from a URL and the coordinator's settings, opens no connection
until it is used, and speaks of every fault as a `ProviderError`.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Protocol, TypeVar

from mentoring.interval import Interval
from mentoring.letter import Letter as Letter

T = TypeVar("T")

GARBLED = (
    *(ValueError, TypeError, LookupError, AttributeError),
    *(ArithmeticError, AssertionError, RecursionError),
)
"""What an answer of another shape than expected comes to, in libraries and in whoever reads it."""
OPAQUE = "freebusy"
"""The item key of busy stretches that come without a UID (VFREEBUSY and its like)."""


def item_key(uid: str) -> str:
    """The key under which a calendar item's busy stretches are kept: never the UID itself."""
    return hashlib.sha256(uid.encode()).hexdigest()[:24]


class ProviderError(Exception):
    """A provider could not do what was asked.

    `message` says what is wrong and `mend` what to do, both fit for a coordinator's eye: they hold
    no secret and nothing of a calendar's content. `permanent` means that trying again the same way
    can't help. `retry_after` is in seconds.
    """

    def __init__(
        self, message: str, *, mend: str, permanent: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{message}; {mend}")
        self.message = message
        self.mend = mend
        self.permanent = permanent
        self.retry_after = retry_after


class ConsentNeeded(ProviderError):  # noqa: N818 - it names what is wanted
    """The owner never let us read this calendar, or no longer does. Only they can mend it."""

    def __init__(self, message: str, *, mend: str) -> None:
        super().__init__(message, mend=mend, permanent=True)


class LetterRefused(ProviderError):  # noqa: N818 - it names what happened
    """This letter will never be taken. Any other fault is the channel's: the letter waits."""

    def __init__(self, message: str, *, mend: str) -> None:
        super().__init__(message, mend=mend, permanent=True)


class OutcomeUnknown(Exception):  # noqa: N818 - it names an outcome, not a fault
    """A letter went out, and no answer said whether it was taken. Only evidence can settle it."""

    def __init__(self, message: str, *, mend: str) -> None:
        super().__init__(f"{message}; {mend}")
        self.message = message
        self.mend = mend


class LetterWithdrawn(Exception):  # noqa: N818 - nothing failed
    """Raised by `point_of_no_return`: the letter was taken back, or another process sends it."""


class Grants(Protocol):
    """What partners consented to, kept encrypted. `account` is a calendar's URL, `google:a@b.c`."""

    def load(self, account: str) -> str | None:
        """The refresh token; None where the owner gave no consent."""
        ...

    def save(self, account: str, token: str) -> None:
        """Keep the newest refresh token."""
        ...


class Sessions:
    """What one provider's ports share while a roster lasts: clients, and the tokens they hold."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # one session may be made of another
        self._made: dict[object, object] = {}

    def get(self, key: object, make: Callable[[], T]) -> T:
        """The session under `key`, made at its first use."""
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]  # type: ignore[return-value]


@dataclass(frozen=True)
class Access:
    """Where the files are and what `overlap.toml` says of a provider.

    `options` is the provider's own section ([mail], [caldav], [google], …); secrets in it are
    references. `ca` is the coordinator's own CA bundle ([tls] ca), trusted besides the system's.
    `grants` is None where no partner can have consented. `allow` are the networks and hosts inside
    that calendars' links may lead to ([calendars] allow).
    """

    directory: Path
    options: Mapping[str, object] = field(default_factory=dict)
    ca: Path | None = None
    grants: Grants | None = None
    sessions: Sessions = field(default_factory=Sessions)
    allow: tuple[str, ...] = ()


@dataclass(frozen=True)
class Owner:
    """Whose calendar it is: `email` tells their answers apart, `timezone` places floating times."""

    email: str
    timezone: str


@dataclass(frozen=True)
class Reading:
    """What one read of a calendar says.

    `items` maps an item's key (see `item_key`) to its busy stretches inside the window; no stretch
    means that the item is gone or free. `complete` says that whatever is not in `items` is gone
    too. `cursor` is the adapter's own text for the next read. `warnings` name items that were
    taken as busy for longer than they may be, without their content.
    """

    items: Mapping[str, tuple[Interval, ...]]
    complete: bool
    cursor: str
    warnings: tuple[str, ...] = ()


class BusySource(Protocol):
    def read(self, window: Interval, cursor: str | None) -> Reading:
        """Busy times inside `window`; with a `cursor` from the same window, only what changed.

        Raises ProviderError where the calendar can't be read whole: never a shorter answer.
        """
        ...


@dataclass(frozen=True)
class Attendee:
    """`partstat` as in RFC 5545 section 3.2.12; `email` is lower case."""

    email: str
    name: str
    partstat: str


@dataclass(frozen=True)
class Entry:
    """A meeting as the organiser's calendar is to show it.

    `zone` is the IANA zone whose wall time was agreed. `online` asks for a join link where the
    provider makes one. `ics` is the same as an iTIP REQUEST.
    """

    uid: str
    sequence: int
    slot: Interval
    zone: str
    summary: str
    description: str
    location: str
    attendees: tuple[Attendee, ...]
    online: bool
    ics: bytes


@dataclass(frozen=True)
class Shown:
    """What the organiser's calendar shows of one of our meetings.

    `answers` maps an attendee's lower-case address to their PARTSTAT; a calendar that keeps none
    shows none.
    """

    uid: str
    slot: Interval
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Showing:
    """All of our meetings that reach into a window; None where nothing changed since the cursor."""

    entries: tuple[Shown, ...] | None
    cursor: str


class Organiser(Protocol):
    """The organiser's own calendar. It never mails anybody: invites are ours, in readers' hours."""

    @property
    def makes(self) -> frozenset[str]:
        """What people call the rooms that it makes, lower case; empty where it makes none."""
        ...

    def publish(self, entry: Entry) -> str:
        """Put the meeting into the calendar, or change it to this; twice is as once.

        Returns the link to join by, empty where there is none. A link that exists stays.
        """
        ...

    def withdraw(self, uid: str) -> None:
        """Take the meeting out; one that is not there is fine."""
        ...

    def find(self, uid: str) -> Shown | None:
        """The meeting as it is shown now; None where it is gone for certain."""
        ...

    def showing(self, window: Interval, cursor: str | None) -> Showing:
        """Our meetings inside the window, when anything in the calendar has changed."""
        ...


class Mailer(Protocol):
    @property
    def lag(self) -> timedelta:
        """How long after a letter was taken `delivered` may still say that it was not."""
        ...

    def deliver(self, letter: Letter, point_of_no_return: Callable[[], None]) -> None:
        """Hand the letter over. Calls `point_of_no_return` once, just before it can't be undone.

        Raises ProviderError: before that call nothing was sent; after it, only where the other
        side has said that it did not take the letter. Raises LetterRefused where it never will, and
        OutcomeUnknown where it said nothing.
        """
        ...

    def delivered(self, message_id: str) -> bool | None:
        """Whether a letter was taken before; None where this channel can never tell.

        Raises ProviderError where it can't tell now.
        """
        ...


@dataclass(frozen=True)
class Received:
    """A message out of an inbox. `key` names it in that inbox for the log."""

    key: str
    raw: bytes


@dataclass(frozen=True)
class Batch:
    """Messages in the order of arrival, and the cursor that comes after them."""

    messages: tuple[Received, ...]
    cursor: str


class Inbox(Protocol):
    def fetch(self, cursor: str | None) -> Batch:
        """Up to 100 messages that came after `cursor`. Reading changes nothing in the inbox."""
        ...

    def wait(self, seconds: float) -> bool:
        """Block until something new may be there (True) or the time is over (False)."""
        ...


@dataclass(frozen=True)
class Granted:
    """A consent as the provider confirmed it: whose it is, and the refresh token."""

    address: str
    token: str


class Consent(Protocol):
    """A provider's consent page, and what it gives back (RFC 6749 section 4.1, RFC 7636)."""

    def page(self, redirect: str, state: str, verifier: str) -> str:
        """The address to send the person to."""
        ...

    def redeem(self, redirect: str, code: str, verifier: str) -> Granted:
        """What the code stands for. Raises ProviderError in words for the person."""
        ...

    def revoke(self, token: str) -> bool:
        """Give a grant back; False where only its owner can withdraw it. Raises ProviderError."""
        ...


class SupportsCheck(Protocol):
    def check(self) -> None:
        """Try the connection and the login without changing anything. Raises ProviderError."""
        ...
