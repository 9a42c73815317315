"""The links of a mail or page, as a mail scanner finds them."""

from __future__ import annotations

import html
import re
from email.message import EmailMessage
from urllib.parse import urldefrag, urljoin

_LINK = re.compile(r"""https?://[^\s<>"']+""")
_TARGET = re.compile(r"""\b(?:href|src|action)\s*=\s*["']([^"']*)""")
_TAIL = ".,;:!?)]"


def links_in(text: str) -> set[str]:
    """Every web address in HTML or plain text."""
    return {html.unescape(link).rstrip(_TAIL) for link in _LINK.findall(text)}


def targets(page: str, url: str) -> set[str]:
    """Where the links of a page at `url` lead, without jumps inside it."""
    found = {urljoin(url, html.unescape(target)) for target in _TARGET.findall(page)}
    return {urldefrag(target).url for target in found}


def links_of(message: EmailMessage) -> set[str]:
    """Every web address in any part of a mail, calendars too."""
    found = set()
    for part in message.walk():
        if part.get_content_maintype() == "text":
            found |= links_in(_unfolded(part.get_content()))
    return found


def _unfolded(text: str) -> str:
    """iCalendar breaks long lines (RFC 5545 section 3.1)."""
    return text.replace("\r\n ", "").replace("\n ", "")
