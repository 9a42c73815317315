"""Good inputs of each parser, which mutations start from."""

from __future__ import annotations

import json
from collections.abc import Mapping

from service.links import sign
from service.templates import SHIPPED
from tests.hostile.conversations import kept
from tests.hostile.parsers import NOW, SECRET
from tests.integrations.golden import CASES
from tests.world import PAIRS, PEOPLE, SETTINGS

INVITE = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//T//T//EN
METHOD:{method}
BEGIN:VEVENT
UID:one@overlap
DTSTAMP:20270101T000000Z
SEQUENCE:0
DTSTART:20270112T100000Z
DTEND:20270112T110000Z
ORGANIZER:mailto:mentoring@example.org
ATTENDEE;PARTSTAT={partstat};CN=Dana Lee:mailto:dana@example.org
END:VEVENT
END:VCALENDAR
"""
_HEAD = (
    "From: Dana Lee <dana@example.org>\nTo: mentoring@example.org\nMessage-ID: <1@example.org>\n"
)


def reply(method: str = "REPLY", partstat: str = "ACCEPTED") -> bytes:
    body = INVITE.format(method=method, partstat=partstat)
    text = (
        f"{_HEAD}Subject: Accepted\nMIME-Version: 1.0\n"
        f'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\nYes.\n'
        f"--b\nContent-Type: text/calendar; method={method}; charset=UTF-8\n\n{body}\n--b--\n"
    )
    return text.encode()


def worded(subject: str, body: str = "", head: str = "") -> bytes:
    return f"{_HEAD}{head}Subject: {subject}\nContent-Type: text/plain\n\n{body}\n".encode()


BOUNCE = (
    _HEAD + 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
    "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n"
    "Final-Recipient: rfc822; dana@example.org\nAction: failed\nStatus: 5.1.1\n\n"
    "--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <a@example.org>\n\n--b--\n"
).encode()

_EVENT = {
    "id": "a",
    "iCalUID": "a@google.com",
    "status": "confirmed",
    "start": {"dateTime": "2027-01-12T10:00:00Z"},
    "end": {"dateTime": "2027-01-12T11:00:00Z"},
    "attendees": [{"self": True, "responseStatus": "accepted"}],
}
GOOGLE = json.dumps({"timeZone": "America/New_York", "items": [_EVENT]}).encode()
_SPAN = {"start": "2027-01-12T10:00:00Z", "end": "2027-01-12T11:00:00Z"}
GOOGLE_SPANS = json.dumps({"calendars": {"dana@example.org": {"busy": [_SPAN]}}}).encode()
_AT = {
    "start": {"dateTime": "2027-01-12T10:00:00.0000000", "timeZone": "UTC"},
    "end": {"dateTime": "2027-01-12T11:00:00.0000000", "timeZone": "UTC"},
}
_GRAPH_EVENT = {
    "id": "a",
    "iCalUId": "a",
    "seriesMasterId": None,
    "isAllDay": False,
    "isCancelled": False,
    "showAs": "busy",
    "responseStatus": {"response": "accepted"},
    **_AT,
}
GRAPH = json.dumps({"value": [_GRAPH_EVENT]}).encode()
GRAPH_SPANS = json.dumps({"value": [{"scheduleItems": [{"status": "busy", **_AT}]}]}).encode()

SEEDS: Mapping[str, tuple[bytes, ...]] = {
    "calendar": tuple(case.text().encode() for case in CASES),
    "mail": (
        reply(), reply("COUNTER", "TENTATIVE"), reply("REPLY", "DECLINED"), BOUNCE,
        worded("ACCEPT abcdefghij"), worded("Re: AGREE 0123456789abcdef yes"),
        worded("DEADLINE 7 Dec to 11 Dec"), worded("Re: x", "Hello,\nDEADLINE 7 Dec to 11 Dec"),
        worded("AWAY 0123456789abcdef 2027-02-01 2027-02-14"),
        worded("x", "", "Auto-Submitted: auto-replied\n"),
    ),
    "people": (PEOPLE.encode(), PEOPLE.encode("utf-16"), PEOPLE.replace(",", ";").encode()),
    "pairs": (
        PAIRS.encode(),
        b"mentor,mentee,start,end,every,minutes,channel,goal\nlee@example.org,dana@example.org,"
        b"2027-01-12,2027-06-01,2 weeks,45,virtual,12\n",
    ),
    "exceptions": (
        b"person,from,to,kind,value\ndana@example.org,2027-02-01,2027-02-05,deadline,Budget\n"
        b"lee@example.org,2027-03-01,2027-03-31,timezone,Europe/London\n"
        b"lee@example.org,2027-04-01,2027-04-02,hours,Mon-Fri 10:00-14:00\n",
    ),
    "events": (
        b"title,kind,start,end,timezone,place,link\nForum,forum,2027-02-01 10:00,"
        b"2027-02-01 12:00,America/New_York,Hall,https://example.org/f\n",
    ),
    "places": (b"site,name,kind,address,link\nDenver,Cafe,coffee,1 Main St,https://e.org\n",),
    "settings": (
        SETTINGS.format(agreement='[agreement]\nevery = "2 weeks"\nminutes = 60\n').encode(),
        SETTINGS.format(agreement="").encode() + b'[calendars]\nallow = ["10.0.0.0/8", "c.i.e"]\n',
        SETTINGS.format(agreement="").encode()
        + b'[caldav]\npasswords = {"a@b" = "env:X"}\n[web]\nlisten = "127.0.0.1:8470"\n',
    ),
    "hours": (b"Mon-Thu 08:00-16:30; Fri 08:00-12:00", b"Mon 08:00-12:00, 13:00-17:00",
              b"Sun-Sat 22:00-06:00"),
    "email": (b"dana@example.org", b"d.o'x+y@sub.example.co.uk"),
    "mailbox": (b"Dana Lee <dana@example.org>", b'"Lee, Dana" <d@example.org>', b"d@example.org"),
    "zone": (b"America/New_York", b"Europe/Berlin", b"UTC"),
    "duration": (b"2 weeks", b"month", b"90 minutes"),
    "day": (b"2027-01-31",),
    "url": (b"https://calendar.example.org/x.ics", b"caldavs://dana@host.example.org:8443/cal/",
            b"google:dana@example.org", b"file:x.ics", b"caldav://127.0.0.1/"),
    "links": (b"https://example.org/a; http://example.org/b?c=d",),
    "language": (b"en", b"es-MX", b"zh-Hant"),
    "region": (b"US", b"US-CA", b"DE-BY", b"none"),
    "deadline": (b"7 Dec to 11 Dec", b"Dec 7-11 for Dana Lee", b"2027-02-01 to 2027-02-05",
                 b"del 7 de dic a 11 dic para dana@example.org"),
    "choice": (b"2027-02-01 2027-02-14", b"Mon-Thu 09:00-15:00"),
    "google": (GOOGLE,),
    "google spans": (GOOGLE_SPANS,),
    "graph": (GRAPH,),
    "graph spans": (GRAPH_SPANS,),
    "link": tuple(
        sign(SECRET, purpose, NOW, "dana@example.org", "uid@overlap").encode()
        for purpose in ("met", "pick", "coordinator/enter")
    ),
    "form": (b"form=0123&do=pause&until=2027-01-31", b"a=%C3%A9&a=2&a=3"),
    "results": (
        b"mx.me; dmarc=fail header.from=example.org",
        b"other.me; dmarc=pass header.from=example.org",
        b"mx.me (x); spf=softfail smtp.mailfrom=example.org; dkim=none",
    ),
    "template": tuple(
        f"{name}\n".encode() + (SHIPPED / name).read_bytes()
        for name in ("mail/invite/body.txt", "mail/invite/body.html", "mail/invite/subject.txt")
    ),
    "caldav key": tuple(case.text().encode() for case in CASES[:5]),
    **{
        name: tuple(
            b"%d %s" % (number, answer.body)
            for number, answer in enumerate(answers)
            if answer.body[:1] in (b"{", b"<")
        )
        for name, answers in kept().items()
    },
}  # fmt: skip
