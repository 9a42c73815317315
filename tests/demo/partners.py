"""Partners who read their mail, keep their calendars, and answer as their mood is."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.message import EmailMessage

from icalendar import Calendar, Component, Event

from tests.demo.desks import Desk
from tests.demo.programme import ORGANISER, Partner, busy_event
from tests.servers.imapd import Imapd
from tests.servers.smtpd import Taken


def calendar_in(raw: bytes) -> Calendar | None:
    """The iTIP object in a mail."""
    return calendar_of(email.message_from_bytes(raw, policy=email.policy.default))


def calendar_of(message: EmailMessage) -> Calendar | None:
    for part in message.walk():
        if part.get_content_type() == "text/calendar":
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                return Calendar.from_ical(payload)
    return None


def answer_mail(
    sender: str, event: Component, method: str, partstat: str, at: datetime, **changed: datetime
) -> bytes:
    """A REPLY or COUNTER as a mail program makes it from an invitation."""
    reply = Calendar()
    reply.add("prodid", "-//Example//Partner//EN")
    reply.add("version", "2.0")
    reply.add("method", method)
    answer = Event()
    for name in ("uid", "sequence", "organizer", "summary"):
        answer[name] = event[name]
    answer.add("dtstamp", at)
    for name in ("dtstart", "dtend"):
        answer.add(name, changed.get(name, event.decoded(name)))
    answer.add("attendee", f"mailto:{sender}", parameters={"PARTSTAT": partstat})
    reply.add_component(answer)
    subject = Header(f"{partstat.title()}: {event['summary']}").encode()
    number = f"{sender}.{event['sequence']}.{method}.{at.timestamp():.0f}"
    mail = _ANSWER.format(
        sender=sender, to=ORGANISER, subject=subject, number=number, method=method
    )
    return mail.replace("\n", "\r\n").encode().replace(b"<ics>", reply.to_ical())


_ANSWER = """\
From: {sender}
To: {to}
Subject: {subject}
Message-ID: <{number}@demo>
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="=_answer"

--=_answer
Content-Type: text/plain; charset="utf-8"

Sent from a calendar.

--=_answer
Content-Type: text/calendar; charset="utf-8"; method="{method}"
Content-Transfer-Encoding: 8bit

<ics>
--=_answer--
"""


@dataclass
class Household:
    """One partner at their desk. `mails` come in from the SMTP server's thread."""

    partner: Partner
    inbox: Imapd
    desk: Desk | None
    feed: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    done: set[str] = field(default_factory=set)

    def receive(self, letter: Taken) -> None:
        self.mails.append(letter.raw)

    def live(self, now: datetime) -> None:
        """Deal with what has arrived since."""
        waiting, self.mails = self.mails, []
        for raw in waiting:
            calendar = calendar_in(raw)
            if calendar is None:
                if b"Your reply is missing" in raw or b"reply_is_missing" in raw:
                    self.done.add("nudged")
                continue
            event = calendar.walk("VEVENT")[0]
            if calendar["method"] == "REQUEST":
                self._invited(event, now)
            elif calendar["method"] == "CANCEL":
                self._forget(event)

    def _invited(self, event: Component, now: datetime) -> None:
        mood = self.partner.mood
        if mood == "declines" and self._once("declined"):
            self._answer(event, "REPLY", "DECLINED", now)
        elif mood == "counters" and self._once("countered"):
            later = timedelta(hours=1)
            start, end = event.decoded("dtstart") + later, event.decoded("dtend") + later
            self._answer(event, "COUNTER", "TENTATIVE", now, dtstart=start, dtend=end)
        elif mood == "silent" and self._once("silent"):
            return
        else:
            self._answer(event, "REPLY", "ACCEPTED", now)
            self._keep(event)
            if mood == "conflict" and self._once("conflict"):
                self._something_comes_up(event)

    def _once(self, what: str) -> bool:
        first = what not in self.done
        self.done.add(what)
        return first

    def _answer(
        self, event: Component, method: str, partstat: str, now: datetime, **changed: datetime
    ) -> None:
        self.inbox.append(answer_mail(self.partner.email, event, method, partstat, now, **changed))

    def _keep(self, event: Component) -> None:
        """The partner's own calendar shows the meeting, under the invite's UID."""
        if self.desk:
            uid, start, end = str(event["uid"]), event.decoded("dtstart"), event.decoded("dtend")
            self.desk.keep(self.partner.user, uid, busy_event(uid, start, end))

    def _forget(self, event: Component) -> None:
        if self.desk:
            self.desk.drop(self.partner.user, str(event["uid"]))

    def _something_comes_up(self, event: Component) -> None:
        start, end = (event.decoded(name).astimezone(UTC) for name in ("dtstart", "dtend"))
        ics = busy_event("urgent@example.org", start, end)
        if self.desk:
            self.desk.keep(self.partner.user, "urgent@example.org", ics)
        else:
            self.feed.append(ics)
