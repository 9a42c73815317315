"""A notice becomes a letter: templates rendered, parts in the order mail programs take."""

from __future__ import annotations

import base64
import email
import email.policy
import hmac
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.utils import format_datetime
from functools import lru_cache
from itertools import count
from typing import Any
from urllib.parse import quote

import css_inline

from mentoring import wording
from mentoring.cohort import DigestNotice
from mentoring.itip import plain
from mentoring.letter import NOTICE, Letter
from mentoring.mail_headers import Headers, known
from mentoring.notices import MeetingFacts, MeetingNotice, Notice
from mentoring.roster import Mailbox, Programme
from service.pictures import Picture, pictures_of
from service.templates import Edition, Templates, shipped

_FILES = ("subject.txt", "body.txt", "body.html")
SUBJECT_LENGTH = 60


_WIRE = email.policy.SMTP.clone(max_line_length=998, cte_type="7bit", header_factory=Headers())
_BODY = _WIRE.clone(max_line_length=76)
"""Encoded lines end here (RFC 2045 section 6.7 and 6.8); headers must not be folded that early."""


@dataclass(frozen=True)
class Calendar:
    """An iTIP object to go with a mail; `method` equals the METHOD inside it."""

    method: str
    ics: bytes


def compose(
    notice: Notice,
    programme: Programme,
    *,
    calendar: Calendar | None,
    at: datetime,
    secret: bytes,
    templates: Templates | None = None,
) -> Letter:
    """The letter of a notice. The same inputs give the same bytes."""
    parts = render(notice, programme, templates)
    message = EmailMessage(policy=_BODY)
    _address(message, "From", programme.organiser)
    _address(message, "To", Mailbox(notice.reader.name, notice.reader.email))
    message["Subject"] = parts.subject
    message["Date"] = format_datetime(at)
    domain = programme.organiser.email.partition("@")[2]
    own = message_id(secret, notice.key, domain)
    for header in ("Message-ID", NOTICE):
        message[header] = known(header, own)
    message["Auto-Submitted"] = "auto-generated"
    message["MIME-Version"] = "1.0"
    if meeting := _meeting(notice):
        _thread(message, notice, meeting, secret, domain)
    if isinstance(notice, DigestNotice):
        _unsubscribe(message, notice, programme)
    seed = hmac.new(secret, notice.key.encode(), "sha256").hexdigest()
    _fill(message, parts, calendar, _boundaries(seed))
    return Letter(
        message_id=str(message["Message-ID"]),
        sender=programme.organiser.email,
        recipient=notice.reader.email,
        raw=message.as_bytes(policy=_WIRE),
    )


def _unsubscribe(message: EmailMessage, notice: DigestNotice, programme: Programme) -> None:
    """The mail program's own button (RFC 2369, and RFC 8058 where there are pages)."""
    by_mail = f"<{MailTo(programme.organiser.email)('LEAVE', notice.code)}>"
    if not notice.leave:
        message["List-Unsubscribe"] = by_mail
        return
    message["List-Unsubscribe"] = f"<{notice.leave}>, {by_mail}"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def message_id(secret: bytes, key: str, domain: str) -> str:
    """The Message-ID of a notice: always the same for its key, and not to be guessed."""
    return f"<{hmac.new(secret, key.encode(), 'sha256').hexdigest()[:32]}@{domain}>"


def _thread(
    message: EmailMessage, notice: Notice, meeting: MeetingFacts, secret: bytes, domain: str
) -> None:
    """Every later mail on a meeting answers the reader's first one (RFC 5322 section 3.6.4)."""
    first_key = f"invite:{meeting.uid}:0:{notice.reader.email}"
    if notice.key == first_key:
        return
    first = message_id(secret, first_key, domain)
    for header in ("In-Reply-To", "References"):
        message[header] = known(header, first)


def _address(message: EmailMessage, header: str, mailbox: Mailbox) -> None:
    message[header] = str(Address(_for_header(mailbox.name), addr_spec=mailbox.email))


def _for_header(text: str) -> str:
    """The text as a header's value: the library would undo an encoded word in it (RFC 2047), and
    write out whatever that hides, line breaks and all."""
    return plain(text).replace("=?", "= ?")


def _fill(
    message: EmailMessage, parts: Rendered, calendar: Calendar | None, boundaries: Iterator[str]
) -> None:
    """mixed(alternative(plain, html, calendar), invite.ics): what Outlook and Gmail both take.

    An HTML part with pictures is related(html, pictures).
    """
    outer = next(boundaries)
    if calendar is None:
        _hold(message, "alternative", outer, _words(parts, boundaries))
        return
    inner = next(boundaries)
    method = {"method": calendar.method}
    shown = _part(calendar.ics.decode(), subtype="calendar", params=method, cte="base64")
    both = MIMEPart(policy=_BODY)
    _hold(both, "alternative", inner, [*_words(parts, boundaries), shown])
    file = _part(calendar.ics, maintype="application", subtype="ics", filename="invite.ics")
    _hold(message, "mixed", outer, [both, file])


def _words(parts: Rendered, boundaries: Iterator[str]) -> list[MIMEPart]:
    text, html = _part(parts.text), _part(parts.html, subtype="html")
    if not parts.pictures:
        return [text, html]
    pictures = [
        _part(
            picture.png,
            maintype="image",
            subtype="png",
            cid=f"<{picture.cid}>",
            filename=f"{picture.cid.partition('.')[0]}.png",
            disposition="inline",
        )
        for picture in parts.pictures
    ]
    related = MIMEPart(policy=_BODY)
    kind = 'related; type="text/html"'  # RFC 2387 section 3.1
    _hold(related, kind, next(boundaries), [html, *pictures])
    return [text, related]


def _part(content: str | bytes, **how: Any) -> MIMEPart:
    part = MIMEPart(policy=_BODY)
    part.set_content(content, **how)
    return part


def _hold(message: MIMEPart, kind: str, boundary: str, parts: Sequence[MIMEPart]) -> None:
    """Put parts into a message; the library's own way reads its headers again and again."""
    what = f'multipart/{kind}; boundary="{boundary}"'
    message["Content-Type"] = known("Content-Type", what)
    message.set_payload(list(parts))


def _boundaries(seed: str) -> Iterator[str]:
    """Boundaries that follow from the notice, since the library's are random."""
    return (f"=_{seed[:40]}_{number}" for number in count())


@dataclass(frozen=True)
class Rendered:
    """A notice in words, with the pictures that its HTML shows by `cid:`."""

    subject: str
    text: str
    html: str
    pictures: tuple[Picture, ...] = ()

    @property
    def alone(self) -> str:
        """The HTML as a page of its own, its pictures inside."""
        page = self.html
        for picture in self.pictures:
            data = base64.b64encode(picture.png).decode()
            page = page.replace(f"cid:{picture.cid}", f"data:image/png;base64,{data}")
        return page


def render(notice: Notice, programme: Programme, templates: Templates | None = None) -> Rendered:
    """Subject, text and HTML from `mail/<kind>/`, all in one language."""
    return (templates or shipped()).render(
        files_of(notice.kind),
        notice.reader.language,
        lambda edition: words(notice, programme, edition),
    )


def files_of(kind: str) -> list[str]:
    return [f"mail/{kind}/{name}" for name in _FILES]


def words(notice: Notice, programme: Programme, edition: Edition) -> Rendered:
    """A notice in the words of one edition. Raises whatever a broken template raises."""
    given = context(notice, programme, edition.language)
    subject, text, html = (edition.render(name, given) for name in files_of(notice.kind))
    shown: tuple[Picture, ...] = given["pictures"]
    return Rendered(shortened(_for_header(subject)), _lines(text), _inlined(html), shown)


def context(notice: Notice, programme: Programme, language: str) -> dict[str, Any]:
    """What a notice's templates get; its reader reads the language that is really used."""
    reader = replace(notice.reader, language=language)
    read: Notice = replace(notice, reader=reader)  # type: ignore[type-var]
    return {
        "n": read,
        "programme": programme,
        "pictures": pictures_of(read),
        **_times(read),
        **_links(read, programme),
    }


def event_text(notice: Notice, programme: Programme, templates: Templates | None = None) -> str:
    """What a notice adds to the event in its reader's own calendar."""
    name = f"mail/{notice.kind}/event.txt"

    def line(edition: Edition) -> str:
        return _lines(edition.render(name, context(notice, programme, edition.language))).strip()

    return (templates or shipped()).render([name], notice.reader.language, line)


def shortened(subject: str) -> str:
    if len(subject) <= SUBJECT_LENGTH:
        return subject
    return subject[: SUBJECT_LENGTH - 1].rstrip(" ,:") + "…"


def _lines(text: str) -> str:
    """One final line end, no line of spaces alone, and one empty line at a time."""
    lines = "\n".join(line.rstrip() for line in text.strip().split("\n"))
    return re.sub("\n{3,}", "\n\n", lines) + "\n"


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)


def _inlined(html: str) -> str:
    return _inliner().inline(html)


def _meeting(notice: Notice) -> MeetingFacts | None:
    """The meeting that a notice is about, if it is about one."""
    meeting = getattr(notice, "meeting", None)
    return meeting if isinstance(meeting, MeetingFacts) else None


def _times(notice: Notice) -> dict[str, Any]:
    """The meeting's time on the reader's wall clock, and on the other's."""
    reader, meeting = notice.reader, _meeting(notice)
    if meeting is None:
        return {}
    other = meeting.other_than(reader.email)
    return {
        "other": other,
        "here": wording.spoken(meeting.slot, reader.zone, reader.language),
        "there": wording.spoken(meeting.slot, other.zone, reader.language),
    }


@dataclass(frozen=True)
class MailTo:
    """What templates call for an answer by mail: `mailto("AGREE", code)`."""

    address: str

    def __call__(self, word: str, code: str, rest: str = "") -> str:
        subject = quote(f"{word} {code} {rest}".strip())
        return f"mailto:{self.address}?subject={subject}"


def _links(notice: Notice, programme: Programme) -> dict[str, Any]:
    """Ways to answer by mail: `mailto("AGREE", code)`, and what a kind always needs of them."""

    mailto = MailTo(programme.organiser.email)
    links: dict[str, Any] = {"mailto": mailto, "choices": getattr(notice, "choices", None)}
    if isinstance(notice, MeetingNotice):
        links |= {name: mailto(name.upper(), notice.code) for name in ("accept", "decline")}
    return links
