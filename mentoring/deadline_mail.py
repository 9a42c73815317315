"""A mail that begins with DEADLINE, in its subject or in its writer's own first lines."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage

_LINES = 3
"""So far down its writer's own words may stand: after a greeting, and never in what they quote."""
_LARGEST_BODY = 256 * 1024
_LONGEST_LINE = 300
_WORD = re.compile(r"[\s*_\"'“]*(DEADLINE)\b[\s*_:]*(.*?)[\s*_\"'”]*", re.IGNORECASE | re.DOTALL)
_ANSWERED = re.compile(r"\s*(?:[A-Za-z]{1,4}\s*:\s*){1,5}")
_QUOTE = re.compile(
    r"\s*(>|-{2,}|_{5,}|\*?(from|de|von|sent|enviado)\*?\s*:"
    r"|.*\b(wrote|escribió|escribio|schrieb|a écrit)\s*:\s*$)",
    re.IGNORECASE,
)
_BREAKS = frozenset({"br", "div", "p", "tr", "li", "h1", "h2", "table"})
_QUOTES = frozenset({"blockquote", "hr"})
_UNSEEN = frozenset({"style", "script", "title"})
_TAG = re.compile(r"(<[^<>]*>)")
_NAME = re.compile(r"</?([A-Za-z][A-Za-z0-9]*)")


@dataclass(frozen=True)
class DeadlineAsked:
    """What stood after DEADLINE, untrusted.

    `plainly` is False where the words may be our own subject, come back in an answer: then they
    count only if they are a deadline. `headers` are the mail's raw fields from the top. `sender` is
    empty where From names none or several.
    """

    text: str
    sender: str
    headers: tuple[tuple[str, str], ...]
    plainly: bool = True
    message_id: str = ""


def asked_in(message: EmailMessage, sender: str, message_id: str) -> DeadlineAsked | None:
    """The deadline that a mail asks for; None for a mail that asks for none."""
    headers = tuple((name, str(value)) for name, value in message.raw_items())
    written = message.get_all("From", [])
    if len(written) != 1 or written[0].defects:  # a server may have read another address there
        sender = ""
    if lines := _own_deadlines(message):
        # Two at once would need two answers: it is read as none, and said so.
        return DeadlineAsked(" ; ".join(lines), sender, headers, True, message_id)
    subject = str(message.get("Subject", ""))[:_LONGEST_LINE]
    answered = _ANSWERED.match(subject)
    found = _WORD.fullmatch(subject[answered.end() :] if answered else subject)
    if found is None:
        return None
    plainly = not answered or found[1].isupper()
    return DeadlineAsked(found[2], sender, headers, plainly, message_id)


def _own_deadlines(message: EmailMessage) -> list[str]:
    lines = [line for _, line in zip(range(_LINES), _own_lines(message), strict=False)]
    return [found[2] for line in lines if (found := _WORD.fullmatch(line))]


def _own_lines(message: EmailMessage) -> Iterator[str]:
    """What the writer wrote above the mail that they quote, line by line."""
    for line in _text(message).splitlines():
        if _QUOTE.match(line[:_LONGEST_LINE]):
            return
        if line.strip():
            yield line[:_LONGEST_LINE]


def _text(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    if part is None:
        return ""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        text = payload[:_LARGEST_BODY].decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        text = payload[:_LARGEST_BODY].decode("utf-8", "replace")
    return _words(text) if part.get_content_subtype() == "html" else text


def _words(page: str) -> str:
    """The words of an HTML mail, down to the first quotation."""
    text, hidden = "", ""
    for piece in _TAG.split(page):
        tag = _NAME.match(piece)
        if tag is None:
            text += "" if hidden else " ".join(html.unescape(piece).split("\n"))
        elif hidden:
            hidden = "" if tag[0].lower() == f"</{hidden}" else hidden
        elif (name := tag[1].lower()) in _QUOTES:
            break
        elif name in _UNSEEN and not tag[0].startswith("</"):
            hidden = name
        elif name in _BREAKS:
            text += "\n"
    return text
