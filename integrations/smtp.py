"""Mail out by SMTP (RFC 5321): `smtp://user@host` with STARTTLS, `smtps://` with TLS at once."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from integrations import secrets, tls
from integrations.ports import Access, Letter, LetterRefused, OutcomeUnknown, ProviderError

if TYPE_CHECKING:
    from integrations.imap import ImapInbox

_CONNECT_SECONDS = 20
_ACCEPT_SECONDS = 60
_SENDER = "mail from "
_COPY = "a copy to the archive "
_COPIED_WITHIN = timedelta(minutes=30)
"""After a quarter of an hour a mail server tries again what it could not pass on at once."""
_LATER = "it is tried again by itself"
_LOGIN_WANTED = frozenset({530, 534, 535, 538})  # RFC 4954: the account's fault, not the letter's


@dataclass(frozen=True)
class SmtpMailer:
    """One connection a letter, one letter a recipient; an archive gets a copy."""

    url: str
    access: Access

    @property
    def lag(self) -> timedelta:
        return _COPIED_WITHIN if self._archive else timedelta(0)

    def deliver(self, letter: Letter, point_of_no_return: Callable[[], None]) -> None:
        with _connected(self.url, self.access) as connection:
            _say(connection, f"{_SENDER}{letter.sender}", lambda c: c.mail(letter.sender))
            _say(connection, letter.recipient, lambda c: c.rcpt(letter.recipient))
            if copy := self._setting("archive_address"):
                _say(connection, f"{_COPY}{copy}", lambda c: c.rcpt(copy))
            _say(connection, letter.recipient, lambda c: c.docmd("DATA"), expected=354)
            point_of_no_return()
            code, answer = _hand_over(connection, letter)
            if code != 250:
                raise _refused(letter.recipient, code, answer)

    def delivered(self, message_id: str) -> bool | None:
        archive = self._archive
        return archive.holds(message_id) if archive else None  # SMTP itself has no way to ask

    def check(self) -> None:
        with _connected(self.url, self.access) as connection:
            _say(connection, "NOOP", lambda c: c.noop())
        if archive := self._archive:
            archive.check()

    @property
    def _archive(self) -> ImapInbox | None:
        """Made anew each time: letters are sent, and looked up, on several threads."""
        if not (url := self._setting("archive")):
            return None
        from integrations import imap  # only who has an archive needs an IMAP client

        return imap.archive(url, self.access)

    def _setting(self, name: str) -> str:
        return str(self.access.options.get(name) or "")


def mailer(url: str, access: Access) -> SmtpMailer:
    return SmtpMailer(url, access)


@contextmanager
def _connected(url: str, access: Access) -> Iterator[smtplib.SMTP]:
    """A connection: encrypted unless it stays on this machine, logged in where a user is named."""
    server = urlsplit(url).hostname or ""
    try:
        connection = _open(url, access)
        try:
            _secure(connection, url, access)
            _log_in(connection, url, access)
            yield connection
            with suppress(OSError):
                connection.putcmd("QUIT")
        finally:
            connection.close()
    except ssl.SSLError as error:
        raise ProviderError(
            f"the mail server {server} has no valid certificate ({error.reason})",
            mend="correct its certificate, or name your own CA in [tls] ca",
        ) from error
    except smtplib.SMTPResponseException as error:
        words = _words(error.smtp_code, error.smtp_error)
        raise ProviderError(f"the mail server {server} answers {words}", mend=_LATER) from error
    except (OSError, UnicodeError) as error:
        raise ProviderError(
            f"the mail server {server} can't be used ({type(error).__name__})", mend=_LATER
        ) from error


def _open(url: str, access: Access) -> smtplib.SMTP:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "smtps":
        return smtplib.SMTP_SSL(
            host, parts.port or 465, timeout=_CONNECT_SECONDS, context=tls.context(access)
        )
    return smtplib.SMTP(host, parts.port or 587, timeout=_CONNECT_SECONDS)


def _secure(connection: smtplib.SMTP, url: str, access: Access) -> None:
    connection.ehlo_or_helo_if_needed()
    if urlsplit(url).scheme == "smtps":
        return
    if connection.has_extn("starttls"):
        connection.starttls(context=tls.context(access))
        connection.ehlo()
    elif not tls.is_loopback(url):
        raise ProviderError(
            f"the mail server {urlsplit(url).hostname} offers no encryption (STARTTLS)",
            mend="switch STARTTLS on there, or use smtps://",
        )


def _log_in(connection: smtplib.SMTP, url: str, access: Access) -> None:
    user = unquote(urlsplit(url).username or "")
    if not user:
        return
    reference = access.options.get("password")
    if not isinstance(reference, str):
        raise ProviderError(
            f"the mail account {user} has no password", mend="set [mail] password", permanent=True
        )
    try:
        connection.login(user, secrets.resolve(reference, access.directory))
    except smtplib.SMTPAuthenticationError as error:
        raise ProviderError(
            f"the mail server refuses the account {user} ({error.smtp_code})",
            mend="check [mail] url and password",
            permanent=False,  # the letters wait until the coordinator has mended it
        ) from error
    except smtplib.SMTPNotSupportedError as error:
        raise ProviderError(
            "the mail server offers no login", mend="leave the user out of [mail] url"
        ) from error
    except UnicodeEncodeError as error:
        raise ProviderError(
            f"the password of the mail account {user} holds letters beyond ASCII",
            mend="choose another one",
        ) from error


def _say(
    connection: smtplib.SMTP,
    about: str,
    verb: Callable[[smtplib.SMTP], tuple[int, bytes]],
    expected: int = 250,
) -> None:
    code, answer = verb(connection)
    if code != expected and not (expected == 250 and code == 251):
        raise _refused(about, code, answer)


def _hand_over(connection: smtplib.SMTP, letter: Letter) -> tuple[int, bytes]:
    """The content and the final dot; from here on silence means that nobody knows."""
    content = re.sub(rb"(?m)^\.", b"..", letter.raw)
    try:
        if connection.sock:
            connection.sock.settimeout(_ACCEPT_SECONDS)
        connection.send(content if content.endswith(b"\r\n") else content + b"\r\n")
        connection.send(b".\r\n")
        return connection.getreply()
    except (OSError, smtplib.SMTPServerDisconnected) as error:
        raise OutcomeUnknown(
            f"the mail server gave no answer after taking the mail to {letter.recipient}",
            mend="look it up in the mail server's log",
        ) from error


def _refused(about: str, code: int, answer: bytes | str) -> ProviderError:
    message = f"{about}: the mail server answers {_words(code, answer)}"
    if code in _LOGIN_WANTED:
        return ProviderError(message, mend="name the user in [mail] url, and set password")
    if not 500 <= code < 600:
        return ProviderError(message, mend=_LATER)
    if about.startswith(_COPY):  # without its copy nobody could look the letter up
        return ProviderError(message, mend="check [mail] archive_address")
    if about.startswith(_SENDER):  # the sender's fault, not the letter's
        return ProviderError(message, mend="check that the account may send as that address")
    return LetterRefused(message, mend="check the address")


def _words(code: int, answer: bytes | str) -> str:
    """The server's own words, as far as a log can bear them."""
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    first = "".join(c for c in text.splitlines()[0] if c.isprintable())[:200] if text else ""
    return f"{code} {first}".rstrip()
